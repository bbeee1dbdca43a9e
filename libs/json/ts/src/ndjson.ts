/** Newline-delimited JSON. */

import { isUtf8 } from 'node:buffer';

import { JSON_CODES } from './codes';
import { type JsonPath, pointerOf } from './document';
import { engineFor, type EngineOptions, isFailure, type LineTest, resultOf, type Scalar } from './engine';
import { asString, checkBytes, checkOptions, kind } from './input';
import { parse } from './parse';

/** What a line must hold to be yielded. */
export interface LineCondition {
  readonly pointer: JsonPath;
  /** The value, or any of these; any value at all unless given. Numbers are compared as doubles. */
  readonly equals?: Scalar | readonly Scalar[] | undefined;
}

/** Options of {@link splitNdjson}. */
export interface NdjsonOptions extends EngineOptions {
  /** All of these must hold. */
  readonly where?: LineCondition | readonly LineCondition[] | undefined;
  /** Whether every line must be JSON; the first that is not is an error. */
  readonly strict?: boolean | undefined;
}

/** A line that is not blank. */
export interface NdjsonLine<T = unknown> {
  /** From 1; blank lines count. */
  readonly line: number;
  /** In bytes, white space around it left out. */
  readonly start: number;
  readonly end: number;
  /** The text, made when it is asked for. */
  readonly text: string;
  /** The value, made each time it is asked for. @throws FishplateError `JSON_INVALID`, `TOO_LARGE`. */
  readonly value: T;
}

/** Lines that one call to the engine looks for. */
const BATCH = 512;

/**
 * The lines of a buffer, without building objects; those that meet conditions where there are some. A line that is no JSON where
 * it is looked at meets none, and with `strict` is an error. The buffer must not change while it is read.
 *
 * @throws FishplateError `INPUT_INVALID`, `OPTION_INVALID`, `POINTER_INVALID`, `TEXT_NOT_UTF8`; while it is read, with `strict`, `JSON_INVALID`.
 */
export function splitNdjson<T = unknown>(
  buffer: Uint8Array,
  wanted?: NdjsonOptions,
): Iterable<NdjsonLine<T>> {
  const options = checkOptions(wanted);
  const bytes = checkBytes(buffer, 'buffer');
  const engine = engineFor(options.engine);
  // One call for what is wrong and where.
  if (!isUtf8(bytes)) resultOf(engine.check(bytes, Infinity, Infinity, true, true));
  const { where = [] } = options;
  const conditions = (Array.isArray(where) ? where : [where]).map(testOf);
  const reader = new engine.NativeLines(conditions, options.strict === true);
  // A pointer that is none is refused at once.
  const refused = reader.read(new Uint8Array(), 0, 0, 1);
  if (isFailure(refused)) throw JSON_CODES.error(refused.code as 'POINTER_INVALID', refused.message);
  return {
    *[Symbol.iterator]() {
      let [offset, line] = [0, 0];
      while (offset < bytes.length) {
        const batch = resultOf(reader.read(bytes, offset, line, BATCH));
        [offset, line] = [batch[0]!, batch[1]!];
        for (let at = 2; at < batch.length; at += 3) {
          yield new Line<T>(bytes, batch[at]!, batch[at + 1]!, batch[at + 2]!);
        }
      }
    },
  };
}

class Line<T> implements NdjsonLine<T> {
  readonly #bytes: Uint8Array;

  constructor(
    bytes: Uint8Array,
    readonly line: number,
    readonly start: number,
    readonly end: number,
  ) {
    this.#bytes = bytes;
  }

  get text(): string {
    const { buffer, byteOffset } = this.#bytes;
    const bytes = Buffer.from(buffer, byteOffset + this.start, this.end - this.start);
    return asString(() => bytes.toString());
  }

  get value(): T {
    return parse<T>(this.text);
  }
}

function testOf(given: unknown): LineTest {
  if (typeof given !== 'object' || given === null) {
    throw JSON_CODES.error('OPTION_INVALID', `where must be conditions, and is ${kind(given)}`);
  }
  const condition = given as LineCondition;
  const pointer = pointerOf(condition.pointer);
  const { equals } = condition;
  if (equals === undefined) return { pointer };
  const scalars = Array.isArray(equals) ? (equals as Scalar[]) : [equals as Scalar];
  for (const scalar of scalars) {
    if (scalar !== null && !['string', 'number', 'boolean'].includes(typeof scalar)) {
      throw JSON_CODES.error(
        'INPUT_INVALID',
        `equals must be strings, numbers, booleans or null, and is ${kind(scalar)}`,
      );
    }
  }
  return { pointer, equals: [...scalars] };
}
