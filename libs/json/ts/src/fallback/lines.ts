/** Newline-delimited JSON: lines, and those that hold certain values. */

import type { Failure, LineReader, LineTest, Scalar } from '../engine';
import { decode } from '../input';
import { failureOf, notUtf8 } from './failures';
import { partsAt, valueEnd } from './members';
import { nameOf } from './names';
import { elementIndex, pointerTokens } from './pointer';
import { Refusal, scan, skipSpace } from './scan';

interface Condition {
  readonly tokens: readonly string[];
  readonly equals: readonly Scalar[] | undefined;
}

/** The lines of the engine in TypeScript. */
export class ScriptLines implements LineReader {
  private readonly conditions: Condition[] = [];
  private readonly refused: Failure | undefined;

  constructor(
    conditions: LineTest[],
    private readonly check: boolean,
  ) {
    for (const { pointer, equals } of conditions) {
      try {
        this.conditions.push({ tokens: pointerTokens(pointer), equals });
      } catch (error) {
        this.refused = failureOf(pointer, error);
        return;
      }
    }
  }

  read(bytes: Uint8Array, offset: number, line: number, most: number): Float64Array | Failure {
    if (this.refused !== undefined) return this.refused;
    const found: number[] = [];
    while (found.length < 3 * most && offset < bytes.length) {
      const newline = bytes.indexOf(0x0a, offset);
      const lineEnd = newline < 0 ? bytes.length : newline;
      let [start, end] = [offset, lineEnd];
      line++;
      offset = lineEnd + 1;
      while (start < end && isSpace(bytes[start]!)) start++;
      while (end > start && isSpace(bytes[end - 1]!)) end--;
      if (start === end) continue;
      const text = decode(bytes.subarray(start, end));
      // Callers have checked the bytes.
      if (text === undefined) return notUtf8(bytes);
      if (this.check) {
        const refusal = refusalOf(text);
        if (refusal !== undefined) {
          const before = decode(bytes.subarray(0, start))!;
          const { message, offset: within = 0 } = refusal;
          return failureOf(before + text, new Refusal(before.length + within, message));
        }
      }
      if (this.conditions.every((condition) => holds(condition, text))) found.push(line, start, end);
    }
    return Float64Array.from([Math.min(offset, bytes.length), line].concat(found));
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}

/** Why a line is no JSON. */
function refusalOf(text: string): Refusal | undefined {
  const nothing = () => undefined;
  try {
    scan(text, Infinity, { open: nothing, close: nothing, key: nothing, atom: nothing, comma: nothing });
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

/** Whether a line meets a condition; one that is no JSON where it is looked at does not. */
function holds({ tokens, equals }: Condition, line: string): boolean {
  let [start, end] = [skipSpace(line, 0), line.length];
  try {
    for (const token of tokens) {
      const read = partsAt(line, start);
      if (read === undefined) return false;
      const part = read.isObject
        ? read.parts.findLast(({ name }) => name === token)
        : read.parts[elementIndex(token)];
      if (part === undefined) return false;
      ({ start, end } = part);
    }
    if (tokens.length === 0 && valueEnd(line, start) < end) return false;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
  if (equals === undefined) return true;
  const text = line.slice(start, end);
  return equals.some((scalar) => isScalar(text, scalar));
}

function isScalar(text: string, scalar: Scalar): boolean {
  switch (typeof scalar) {
    case 'string':
      return text.startsWith('"') && nameOf(text, 0, text.length) === scalar;
    case 'number':
      return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text) && Number(text) === scalar;
    default:
      return text === String(scalar);
  }
}
