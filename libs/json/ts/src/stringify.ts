/** Text of values: as V8 writes it, stable, canonical. */

import { isFishplateError } from '@fishplate/engine';

import { JSON_CODES } from './codes';
import { engineFor, type EngineOptions, resultOf } from './engine';
import { checkIndent, checkOptions, kind } from './input';
import { writeStable } from './stable/writer';

/** Options of {@link stringify}. */
export interface StringifyOptions {
  /** Indentation, as the third argument of `JSON.stringify`. */
  readonly space?: number | string | undefined;
}

/**
 * What `JSON.stringify` gives, by `JSON.stringify`; its errors have codes.
 *
 * @throws FishplateError `VALUE_HAS_NO_JSON`, `VALUE_CYCLIC`, `TOO_DEEP`, `TOO_LARGE`; what a `toJSON` throws.
 */
export function stringify(value: unknown, options?: StringifyOptions): string {
  const space = options === undefined ? undefined : checkOptions(options).space;
  let text: string | undefined;
  try {
    text = space === undefined ? JSON.stringify(value) : JSON.stringify(value, null, space);
  } catch (error) {
    throw coded(error);
  }
  return text === undefined ? refuse(value) : text;
}

/** Options of {@link stableStringify}. */
export interface StableOptions extends StringifyOptions, EngineOptions {}

/**
 * What `JSON.stringify` gives, with the keys of every object sorted by UTF-16 code units: equal values have the same text.
 * Nesting has no limit.
 *
 * @throws FishplateError `VALUE_HAS_NO_JSON`, `VALUE_CYCLIC`, `TOO_LARGE`, `OPTION_INVALID`; what a `toJSON` throws.
 */
export function stableStringify(value: unknown, options?: StableOptions): string {
  if (options === undefined) return stable(value, false);
  const { space, engine } = checkOptions(options);
  const indent = space === undefined ? '' : checkIndent(space, 'space');
  const text = stable(value, false);
  return indent === '' ? text : resultOf(engineFor(engine).format(text, indent), text);
}

/**
 * The canonical form of a value (RFC 8785): {@link stableStringify}, but what the RFC has no form for is an error.
 *
 * @throws FishplateError as stableStringify; `NUMBER_NOT_FINITE`, `LONE_SURROGATE`.
 */
export function canonicalize(value: unknown): string {
  return stable(value, true);
}

export function stable(value: unknown, strict: boolean): string {
  let text: string | undefined;
  try {
    text = writeStable(value, strict);
  } catch (error) {
    throw coded(error);
  }
  return text === undefined ? refuse(value) : text;
}

function refuse(value: unknown): never {
  throw JSON_CODES.error('VALUE_HAS_NO_JSON', `the value has no JSON, and is ${kind(value)}`);
}

/** V8 tells its errors apart by their words only. */
function coded(error: unknown): unknown {
  if (isFishplateError(error) || !(error instanceof Error)) return error;
  const { name, message } = error;
  const because = { cause: error };
  if (name === 'TypeError' && message.startsWith('Converting circular')) {
    return JSON_CODES.error('VALUE_CYCLIC', 'the value holds itself', because);
  }
  if (name === 'TypeError' && message.includes('serialize a BigInt')) {
    return JSON_CODES.error('VALUE_HAS_NO_JSON', 'a BigInt has no JSON', because);
  }
  if (name === 'RangeError' && message.startsWith('Maximum call stack')) {
    return JSON_CODES.error('TOO_DEEP', 'the value is nested deeper than the stack reaches', because);
  }
  if (name === 'RangeError' && message.startsWith('Invalid string length')) {
    return JSON_CODES.error('TOO_LARGE', 'the text would be longer than a string can be', because);
  }
  return error;
}
