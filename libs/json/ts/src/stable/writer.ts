/** Writes values as `JSON.stringify` does, with the keys of objects sorted. */

import { types } from 'node:util';

import { JSON_CODES } from '../codes';
import { kind } from '../input';
import { shapeOf } from './shapes';

/** Levels that are written by recursion; what is deeper is written with a stack of its own. */
const RECURSIVE_LEVELS = 400;

/** What must be escaped, or may have to be. */
// eslint-disable-next-line no-control-regex
const SPECIAL = /["\\\u0000-\u001f\ud800-\udfff]/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Above this length V8's own writer of strings is faster than looking first. */
const LONG = 5000;

interface Raw {
  readonly rawJSON: string;
}

const { isRawJSON } = JSON as { isRawJSON?: (value: unknown) => value is Raw };

/**
 * The stable text of a value; undefined where it has none.
 *
 * @param strict whether what RFC 8785 has no form for is an error
 * @throws FishplateError `VALUE_HAS_NO_JSON` for a BigInt, `VALUE_CYCLIC`; where strict `NUMBER_NOT_FINITE`, `LONE_SURROGATE`.
 */
export function writeStable(value: unknown, strict: boolean): string | undefined {
  return write(value, '', 0, strict);
}

/** A value at a key of its object, or at an index of its array. */
function write(value: unknown, key: string | number, depth: number, strict: boolean): string | undefined {
  switch (typeof value) {
    case 'string':
      return quote(value, strict);
    case 'number':
      return number(value, strict);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      return value === null ? 'null' : writeObject(value, key, depth, strict);
    case 'bigint':
      return bigint(value, key, depth, strict);
    case 'function':
      // A function has JSON where it says which.
      if (typeof (value as { toJSON?: unknown }).toJSON !== 'function') return undefined;
      return writeObject(value, key, depth, strict);
    default:
      return undefined;
  }
}

function writeObject(
  given: object,
  key: string | number,
  depth: number,
  strict: boolean,
): string | undefined {
  const value = plain(given, key);
  if (typeof value === 'function') return undefined;
  if (typeof value !== 'object' || value === null) return write(value, key, depth, strict);
  if (isRawJSON?.(value)) return value.rawJSON;
  if (depth === RECURSIVE_LEVELS) return writeDeep(value, strict);
  if (Array.isArray(value)) {
    const length = value.length;
    if (length === 0) return '[]';
    let text = `[${write(value[0], 0, depth + 1, strict) ?? 'null'}`;
    for (let index = 1; index < length; index++) {
      text += `,${write(value[index], index, depth + 1, strict) ?? 'null'}`;
    }
    return `${text}]`;
  }
  const { keys, prefixes } = shapeOf(Object.keys(value));
  let text = '';
  for (let index = 0; index < keys.length; index++) {
    const name = keys[index]!;
    const part = (value as Record<string, unknown>)[name];
    // Strings are most of what there is.
    const member = typeof part === 'string' ? quote(part, strict) : write(part, name, depth + 1, strict);
    if (member === undefined) continue;
    if (strict) refuseLone(name);
    text += prefixes === undefined ? `,${quote(name, false)}:${member}` : prefixes[index]! + member;
  }
  return text === '' ? '{}' : `{${text.slice(1)}}`;
}

/** What stands for an object: what `toJSON` returns, and the value in a box. */
function plain(value: object, key: string | number): unknown {
  const { toJSON } = value as { toJSON?: unknown };
  const stand: unknown = typeof toJSON === 'function' ? toJSON.call(value, String(key)) : value;
  if (typeof stand !== 'object' || stand === null)
    return typeof stand === 'bigint' ? refuseBigint(stand) : stand;
  // Most objects are no boxes, and asking takes longer than looking at the prototype.
  const prototype: unknown = Object.getPrototypeOf(stand);
  if (prototype === Object.prototype || prototype === Array.prototype || !types.isBoxedPrimitive(stand))
    return stand;
  if (types.isNumberObject(stand)) return Number(stand);
  if (types.isStringObject(stand)) return String(stand);
  if (types.isBooleanObject(stand)) return Boolean.prototype.valueOf.call(stand);
  if (types.isBigIntObject(stand)) return refuseBigint(BigInt.prototype.valueOf.call(stand));
  return stand;
}

/** A BigInt has JSON only where someone gave its prototype a `toJSON`. */
function bigint(value: bigint, key: string | number, depth: number, strict: boolean): string | undefined {
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON !== 'function') return refuseBigint(value);
  const stand: unknown = toJSON.call(value, String(key));
  return typeof stand === 'bigint' ? refuseBigint(stand) : write(stand, key, depth, strict);
}

function refuseBigint(value: bigint): never {
  throw JSON_CODES.error('VALUE_HAS_NO_JSON', `a BigInt (${value}) has no JSON`);
}

function number(value: number, strict: boolean): string {
  if (Number.isFinite(value)) return `${value}`;
  if (strict) throw JSON_CODES.error('NUMBER_NOT_FINITE', `${value} has no canonical form`);
  return 'null';
}

function quote(text: string, strict: boolean): string {
  if (text.length < LONG && !SPECIAL.test(text)) return `"${text}"`;
  if (strict) refuseLone(text);
  return JSON.stringify(text);
}

function refuseLone(text: string): void {
  if (!LONE_SURROGATE.test(text)) return;
  const shown = JSON.stringify(text.slice(0, 40));
  throw JSON_CODES.error('LONE_SURROGATE', `the string ${shown} holds half of a surrogate pair`);
}

interface Frame {
  readonly container: object;
  /** Undefined for an array. */
  readonly keys: readonly string[] | undefined;
  readonly prefixes: readonly string[] | undefined;
  readonly length: number;
  index: number;
  isEmpty: boolean;
}

/** As {@link writeObject}, with a stack on the heap; a cycle, which gets here always, is found. */
function writeDeep(root: object, strict: boolean): string {
  const parts: string[] = [];
  const open = new Set<object>();
  const frames: Frame[] = [];
  const enter = (container: object): void => {
    if (open.has(container)) throw JSON_CODES.error('VALUE_CYCLIC', `${kind(container)} holds itself`);
    open.add(container);
    const isArray = Array.isArray(container);
    const { keys, prefixes } = isArray
      ? { keys: undefined, prefixes: undefined }
      : shapeOf(Object.keys(container));
    const length = isArray ? container.length : keys!.length;
    frames.push({ container, keys, prefixes, length, index: 0, isEmpty: true });
    parts.push(isArray ? '[' : '{');
  };
  enter(root);
  while (frames.length > 0) {
    const frame = frames[frames.length - 1]!;
    const { container, keys, prefixes } = frame;
    if (frame.index === frame.length) {
      parts.push(keys === undefined ? ']' : '}');
      open.delete(container);
      frames.pop();
      continue;
    }
    const index = frame.index++;
    const name = keys === undefined ? index : keys[index]!;
    let value = (container as Record<string | number, unknown>)[name];
    if (typeof value === 'object' && value !== null) value = plain(value, name);
    const isContainer = typeof value === 'object' && value !== null && !isRawJSON?.(value);
    // One level above the limit, so that what is no container is written by it.
    const text = isContainer ? '' : write(value, name, RECURSIVE_LEVELS - 1, strict);
    if (text === undefined && keys !== undefined) continue;
    if (strict && keys !== undefined) refuseLone(keys[index]!);
    const prefix = keys === undefined ? ',' : (prefixes?.[index] ?? `,${quote(keys[index]!, false)}:`);
    parts.push(frame.isEmpty ? prefix.slice(1) : prefix);
    frame.isEmpty = false;
    if (isContainer) enter(value as object);
    else parts.push(text ?? 'null');
  }
  return parts.join('');
}
