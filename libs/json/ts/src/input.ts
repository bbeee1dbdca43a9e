/** Checks of what callers give. */

import { isAscii, isUtf8 } from 'node:buffer';
import { types } from 'node:util';

import { JSON_CODES } from './codes';

/** A text as the engines take it. Memory that other threads may change meanwhile is copied. @throws FishplateError `INPUT_INVALID`. */
export function checkText(text: unknown, name = 'text'): string | Uint8Array {
  return typeof text === 'string' ? text : checkBytes(text, name, 'a string or a Uint8Array');
}

/** @throws FishplateError `INPUT_INVALID`. */
export function checkBytes(bytes: unknown, name: string, wanted = 'a Uint8Array'): Uint8Array {
  if (isBytes(bytes)) return types.isSharedArrayBuffer(bytes.buffer) ? new Uint8Array(bytes) : bytes;
  throw JSON_CODES.error('INPUT_INVALID', `${name} must be ${wanted}, and is ${kind(bytes)}`);
}

/** @throws FishplateError `INPUT_INVALID`. */
export function checkString(text: unknown, name: string): string {
  if (typeof text === 'string') return text;
  throw JSON_CODES.error('INPUT_INVALID', `${name} must be a string, and is ${kind(text)}`);
}

/** Options as an object; none where they are left out. @throws FishplateError `OPTION_INVALID`. */
export function checkOptions<Options extends object>(options: Options | undefined): Options {
  if (options === undefined) return {} as Options;
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return options;
  throw JSON_CODES.error('OPTION_INVALID', `options must be an object, and is ${kind(options)}`);
}

/** A limit: a whole number or Infinity. @throws FishplateError `OPTION_INVALID`. */
export function checkLimit(value: unknown, name: string, otherwise = Infinity): number {
  if (value === undefined) return otherwise;
  if (typeof value === 'number' && value >= 0 && (Number.isInteger(value) || value === Infinity))
    return value;
  const shown = typeof value === 'number' ? String(value) : kind(value);
  throw JSON_CODES.error(
    'OPTION_INVALID',
    `${name} must be a whole number from 0, or Infinity, and is ${shown}`,
  );
}

/** One of some words. @throws FishplateError `OPTION_INVALID`. */
export function checkWord<Word extends string>(
  value: unknown,
  name: string,
  words: readonly Word[],
  otherwise: Word,
): Word {
  if (value === undefined) return otherwise;
  if (words.includes(value as Word)) return value as Word;
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : kind(value);
  throw JSON_CODES.error('OPTION_INVALID', `${name} must be one of ${words.join(', ')}, and is ${shown}`);
}

/** Indentation as `JSON.stringify` takes it: up to ten spaces, or a string of which ten units count. @throws FishplateError `OPTION_INVALID`. */
export function checkIndent(space: unknown, name: string): string {
  if (typeof space === 'string') return space.slice(0, 10);
  if (typeof space === 'number') return ' '.repeat(Math.max(0, Math.min(10, Math.trunc(space) || 0)));
  throw JSON_CODES.error('OPTION_INVALID', `${name} must be a number or a string, and is ${kind(space)}`);
}

/** Text of bytes, or undefined where they are no UTF-8. A byte order mark stays. @throws FishplateError `TOO_LARGE`. */
export function decode(bytes: Uint8Array): string | undefined {
  // A detached one has no length, and no memory to look at.
  if (bytes.length === 0) return '';
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Most text is ASCII, of which V8 takes a copy.
  return asString(() => {
    if (isAscii(buffer)) return buffer.toString('latin1');
    return isUtf8(buffer) ? buffer.toString('utf8') : undefined;
  });
}

/** What `work` returns; a string that V8 cannot make is an error. @throws FishplateError `TOO_LARGE`. */
export function asString<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    const { code } = cause as { code?: unknown };
    // The second one is what Node-API says of it.
    if (code !== 'ERR_STRING_TOO_LONG' && code !== 'GenericFailure') throw cause;
    throw JSON_CODES.error('TOO_LARGE', 'the text is longer than a string can be', { cause });
  }
}

/** What something is, in a word. */
export function kind(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `of type ${typeof value}`;
}

const CLASS = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)!;

/** By what nobody can feign; also where it comes from another realm. */
function isBytes(value: unknown): value is Uint8Array {
  return CLASS.get!.call(value) === 'Uint8Array';
}
