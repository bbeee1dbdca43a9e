/** Metadata and filters as bytes, as docs/formats/vector.md has them. */

import { described, hasLoneSurrogate } from './check';
import { VECTOR_CODES } from './codes';
import type { Condition, Filter, Metadata, Scalar } from './types';

/** Filters within filters, at most. */
const DEEPEST = 64;

const NO_METADATA = 0xffff;
const LONGEST_NAME = 0xffff;

/** Bytes that grow. */
export class ByteWriter {
  private bytes = Buffer.allocUnsafe(1024);
  private at = 0;

  u8(value: number): void {
    this.at = this.room(1).writeUInt8(value, this.at);
  }

  u16(value: number): void {
    this.at = this.room(2).writeUInt16LE(value, this.at);
  }

  u32(value: number): void {
    this.at = this.room(4).writeUInt32LE(value, this.at);
  }

  f64(value: number): void {
    this.at = this.room(8).writeDoubleLE(value, this.at);
  }

  /** A text with its length in bytes before it, of 2 or 4 bytes. */
  text(text: string, lengthBytes: 2 | 4): void {
    const bytes = Buffer.byteLength(text);
    if (lengthBytes === 2) this.u16(bytes);
    else this.u32(bytes);
    this.at += this.room(bytes).write(text, this.at);
  }

  written(): Buffer {
    return this.bytes.subarray(0, this.at);
  }

  private room(more: number): Buffer {
    if (this.at + more > this.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.at + more));
      this.bytes.copy(larger, 0, 0, this.at);
      this.bytes = larger;
    }
    return this.bytes;
  }
}

/** Reads bytes from the beginning on. */
export class ByteReader {
  at = 0;

  constructor(private readonly bytes: Buffer) {}

  get isAtEnd(): boolean {
    return this.at === this.bytes.length;
  }

  u8(): number {
    return this.bytes.readUInt8(this.take(1));
  }

  u16(): number {
    return this.bytes.readUInt16LE(this.take(2));
  }

  u32(): number {
    return this.bytes.readUInt32LE(this.take(4));
  }

  f64(): number {
    return this.bytes.readDoubleLE(this.take(8));
  }

  text(bytes: number): string {
    const start = this.take(bytes);
    return this.bytes.toString('utf8', start, start + bytes);
  }

  scalar(): Scalar {
    const tag = this.u8();
    if (tag === 0) return null;
    if (tag <= 2) return tag === 2;
    if (tag === 3) return this.f64();
    if (tag === 4) return this.text(this.u32());
    throw new RangeError('no scalar has this tag');
  }

  metadata(): Metadata | undefined {
    const count = this.u16();
    if (count === NO_METADATA) return undefined;
    const fields: [string, Scalar][] = [];
    for (let field = 0; field < count; field++) fields.push([this.text(this.u16()), this.scalar()]);
    return Object.fromEntries(fields);
  }

  private take(count: number): number {
    const start = this.at;
    if (start + count > this.bytes.length) throw new RangeError('it ends too early');
    this.at += count;
    return start;
  }
}

/**
 * Metadata that has been looked at: a copy of its own, with -0 as 0.
 *
 * @throws FishplateError `METADATA_INVALID`.
 */
export function checkMetadata(metadata: unknown): Metadata | undefined {
  if (metadata === undefined || metadata === null) return undefined;
  if (typeof metadata !== 'object' || Array.isArray(metadata)) {
    throw metadataError(`metadata must be an object, and is ${described(metadata)}`);
  }
  const fields = Object.entries(metadata);
  if (fields.length >= NO_METADATA) {
    throw metadataError(`metadata has ${fields.length} fields, and ${NO_METADATA - 1} at most may be there`);
  }
  return Object.fromEntries(
    fields.map(([name, value]) => {
      if (hasLoneSurrogate(name) || Buffer.byteLength(name) > LONGEST_NAME) {
        throw metadataError('the name of a field is too long, or has half of a surrogate pair');
      }
      return [name, checkScalar(value, (rule) => metadataError(`field ${JSON.stringify(name)} ${rule}`))];
    }),
  );
}

/** Writes metadata that has been checked. */
export function writeMetadata(metadata: Metadata | undefined, to: ByteWriter): void {
  if (metadata === undefined) {
    to.u16(NO_METADATA);
    return;
  }
  const fields = Object.entries(metadata);
  to.u16(fields.length);
  for (const [name, value] of fields) {
    to.text(name, 2);
    writeScalar(value, to);
  }
}

/** A filter as what it comes down to. */
export type Clause =
  | { readonly kind: 'and' | 'or'; readonly clauses: readonly Clause[] }
  | { readonly kind: 'not'; readonly clause: Clause }
  | { readonly kind: 'in'; readonly field: string; readonly values: readonly Scalar[] }
  | { readonly kind: 'range'; readonly field: string; readonly bounds: Bounds }
  | { readonly kind: 'exists'; readonly field: string };

/** Bounds in the order of their bits: above, from, below, to. */
export type Bounds = readonly [
  Scalar | undefined,
  Scalar | undefined,
  Scalar | undefined,
  Scalar | undefined,
];

/**
 * Looks at a filter.
 *
 * @throws FishplateError `FILTER_INVALID`.
 */
export function checkFilter(filter: unknown, depth = DEEPEST / 4): Clause {
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter)) {
    throw filterError(`a filter must be an object, and is ${described(filter)}`);
  }
  if (depth === 0) throw filterError(`filters are nested more than ${DEEPEST / 4} deep`);
  const clauses: Clause[] = [];
  for (const [name, value] of Object.entries(filter as Filter) as [string, unknown][]) {
    if (value === undefined) continue;
    if (name === '$and' || name === '$or') {
      if (!Array.isArray(value)) throw filterError(`${name} must be an array of filters`);
      const inner = (value as unknown[]).map((one) => checkFilter(one, depth - 1));
      clauses.push({ kind: name === '$and' ? 'and' : 'or', clauses: inner });
    } else if (name === '$not') {
      clauses.push({ kind: 'not', clause: checkFilter(value, depth - 1) });
    } else if (name.startsWith('$')) {
      throw filterError(`${JSON.stringify(name.slice(0, 80))} is no operator`);
    } else {
      clauses.push(...conditionsOf(name, value));
    }
  }
  return clauses.length === 1 ? clauses[0]! : { kind: 'and', clauses };
}

/** A filter for the native engine. */
export function encodeFilter(clause: Clause): Buffer {
  const to = new ByteWriter();
  writeClause(clause, to);
  return to.written();
}

function conditionsOf(field: string, value: unknown): Clause[] {
  const problem = (rule: string): Error => filterError(`field ${JSON.stringify(field.slice(0, 80))} ${rule}`);
  if (hasLoneSurrogate(field) || Buffer.byteLength(field) > LONGEST_NAME) {
    throw filterError('the name of a field is too long, or has half of a surrogate pair');
  }
  if (typeof value !== 'object' || value === null) {
    return [{ kind: 'in', field, values: [checkScalar(value, problem)] }];
  }
  if (Array.isArray(value)) throw problem('has an array: write { $in: [...] }');
  const clauses: Clause[] = [];
  const bounds: (Scalar | undefined)[] = [undefined, undefined, undefined, undefined];
  for (const [operator, operand] of Object.entries(value as Condition) as [string, unknown][]) {
    if (operand === undefined) continue;
    const bound = ['$gt', '$gte', '$lt', '$lte'].indexOf(operator);
    if (bound >= 0) {
      bounds[bound] = checkScalar(operand, problem);
    } else if (operator === '$eq' || operator === '$ne') {
      const equal: Clause = { kind: 'in', field, values: [checkScalar(operand, problem)] };
      clauses.push(operator === '$eq' ? equal : { kind: 'not', clause: equal });
    } else if (operator === '$in' || operator === '$nin') {
      if (!Array.isArray(operand)) throw problem(`has ${operator} without an array`);
      const values = Array.from(operand as unknown[], (one) => checkScalar(one, problem));
      const within: Clause = { kind: 'in', field, values };
      clauses.push(operator === '$in' ? within : { kind: 'not', clause: within });
    } else if (operator === '$exists') {
      if (typeof operand !== 'boolean') throw problem('has $exists that is neither true nor false');
      const there: Clause = { kind: 'exists', field };
      clauses.push(operand ? there : { kind: 'not', clause: there });
    } else {
      throw problem(`has ${JSON.stringify(operator.slice(0, 80))}, which is no operator`);
    }
  }
  if (bounds.some((bound) => bound !== undefined)) {
    clauses.push({ kind: 'range', field, bounds: bounds as unknown as Bounds });
  }
  return clauses;
}

function writeClause(clause: Clause, to: ByteWriter): void {
  switch (clause.kind) {
    case 'and':
    case 'or':
      to.u8(clause.kind === 'and' ? 0 : 1);
      to.u32(clause.clauses.length);
      for (const one of clause.clauses) writeClause(one, to);
      return;
    case 'not':
      to.u8(2);
      writeClause(clause.clause, to);
      return;
    case 'in':
      to.u8(3);
      to.text(clause.field, 2);
      to.u32(clause.values.length);
      for (const value of clause.values) writeScalar(value, to);
      return;
    case 'range':
      to.u8(4);
      to.text(clause.field, 2);
      to.u8(
        clause.bounds.reduce<number>((mask, bound, bit) => mask | (bound === undefined ? 0 : 1 << bit), 0),
      );
      for (const bound of clause.bounds) if (bound !== undefined) writeScalar(bound, to);
      return;
    case 'exists':
      to.u8(5);
      to.text(clause.field, 2);
  }
}

function writeScalar(value: Scalar, to: ByteWriter): void {
  if (value === null) to.u8(0);
  else if (typeof value === 'boolean') to.u8(value ? 2 : 1);
  else if (typeof value === 'number') {
    to.u8(3);
    to.f64(value);
  } else {
    to.u8(4);
    to.text(value, 4);
  }
}

function checkScalar(value: unknown, problem: (rule: string) => Error): Scalar {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw problem(`has ${value}, which is no finite number`);
    return value === 0 ? 0 : value;
  }
  if (typeof value === 'string') {
    if (hasLoneSurrogate(value)) throw problem('has half of a surrogate pair');
    return value;
  }
  throw problem(`has a value ${described(value)}, and must have a string, number, boolean or null`);
}

function metadataError(message: string): Error {
  return VECTOR_CODES.error('METADATA_INVALID', message);
}

function filterError(message: string): Error {
  return VECTOR_CODES.error('FILTER_INVALID', message);
}
