/** Checks of what callers give. */

import { TOKENIZER_CODES } from './codes';

/** A text as the engines take it. Memory that other threads may change meanwhile is copied. @throws FishplateError `INPUT_INVALID`. */
export function checkText(text: unknown, name = 'text'): string | Uint8Array {
  if (typeof text === 'string') return text;
  if (!isBytes(text)) {
    throw TOKENIZER_CODES.error(
      'INPUT_INVALID',
      `${name} must be a string or a Uint8Array, and is ${kind(text)}`,
    );
  }
  if (text.length > MOST_TEXT_BYTES) {
    throw TOKENIZER_CODES.error(
      'INPUT_INVALID',
      `${name} has ${text.length} bytes, and may have ${MOST_TEXT_BYTES}`,
    );
  }
  return isShared(text) ? new Uint8Array(text) : text;
}

/** What a string of V8 may have: UTF-8 of so many bytes always fits into one. */
export const MOST_TEXT_BYTES = 2 ** 29 - 24;

/** Also where it comes from another realm. */
export function isBytes(value: unknown): value is Uint8Array {
  return typedArrayName(value) === 'Uint8Array';
}

const TAG = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)!;

/** The name of its class, which nobody can feign; undefined for what is no typed array. */
export function typedArrayName(value: unknown): string | undefined {
  return TAG.get!.call(value) as string | undefined;
}

/** Whether other threads may write to it. */
export function isShared({ buffer }: ArrayBufferView): boolean {
  return tag(buffer) === 'SharedArrayBuffer';
}

function tag(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** @throws FishplateError `INPUT_INVALID`. */
export function checkString(text: unknown, name = 'text'): string {
  if (typeof text === 'string') return text;
  throw TOKENIZER_CODES.error('INPUT_INVALID', `${name} must be a string, and is ${kind(text)}`);
}

/** @throws FishplateError `INPUT_INVALID`. */
export function checkTexts(texts: unknown): string[] {
  if (!Array.isArray(texts)) {
    throw TOKENIZER_CODES.error('INPUT_INVALID', `texts must be an array, and is ${kind(texts)}`);
  }
  // Names are made for what is wrong only: there may be hundreds of thousands.
  const wrong = texts.findIndex((text) => typeof text !== 'string');
  if (wrong >= 0) checkString(texts[wrong], `texts[${wrong}]`);
  return texts as string[];
}

/** Options as an object; none where they are left out. @throws FishplateError `OPTION_INVALID`. */
export function checkOptions<Options extends object>(options: Options | undefined): Options {
  if (options === undefined) return {} as Options;
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return options;
  throw TOKENIZER_CODES.error('OPTION_INVALID', `options must be an object, and is ${kind(options)}`);
}

/** A whole number. @throws FishplateError `OPTION_INVALID`. */
export function checkCount(value: unknown, name: string, least = 0, most = 2 ** 32 - 1): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  const shown = typeof value === 'number' ? String(value) : kind(value);
  const rule = `${name} must be a whole number from ${least} to ${most}`;
  throw TOKENIZER_CODES.error('OPTION_INVALID', `${rule}, and is ${shown}`);
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
  throw TOKENIZER_CODES.error(
    'OPTION_INVALID',
    `${name} must be one of ${words.join(', ')}, and is ${shown}`,
  );
}

/** What something is, in a word. */
export function kind(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `of type ${typeof value}`;
}
