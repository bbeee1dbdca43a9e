/** Whole texts, without objects: validation and layout. */

import { engineFor, type EngineOptions, resultOf } from './engine';
import { checkIndent, checkLimit, checkOptions, checkText, checkWord } from './input';

/** What a text may hold. Nothing is limited unless it is asked for. */
export interface ParseLimits extends EngineOptions {
  /** Code units of a string, or bytes. */
  readonly maxLength?: number | undefined;
  /** Levels of objects and arrays. */
  readonly maxDepth?: number | undefined;
  /** Keys of all objects together. */
  readonly maxKeys?: number | undefined;
  /** What a key that an object has twice means; the last one counts unless given, as with `JSON.parse`. */
  readonly duplicateKeys?: 'last' | 'error' | undefined;
  /** What becomes of the key `__proto__`; it is an own property like any other unless given, as with `JSON.parse`. */
  readonly protoKeys?: 'keep' | 'remove' | 'error' | undefined;
}

/** What {@link validate} returns. */
export type Validation =
  | { readonly ok: true }
  | {
      readonly ok: false;
      /** `JSON_INVALID`, `TEXT_NOT_UTF8`, or the limit that was passed. */
      readonly code: string;
      /** Code units of a string, or bytes. */
      readonly offset: number;
      /** From 1. */
      readonly line: number;
      /** In code units, from 1. */
      readonly column: number;
      readonly message: string;
    };

/**
 * Whether a text is JSON, exactly as `JSON.parse` has it, within limits; and if not, where.
 *
 * @throws FishplateError `INPUT_INVALID`, `OPTION_INVALID`.
 */
export function validate(text: string | Uint8Array, wanted?: ParseLimits): Validation {
  const limits = checkOptions(wanted);
  const given = checkText(text);
  const maxLength = checkLimit(limits.maxLength, 'maxLength');
  if (given.length > maxLength) {
    const message = `longer than ${maxLength}`;
    return { ok: false, code: 'TOO_LARGE', offset: maxLength, line: 1, column: 1, message };
  }
  const failure = engineFor(limits.engine).check(
    given,
    checkLimit(limits.maxDepth, 'maxDepth'),
    checkLimit(limits.maxKeys, 'maxKeys'),
    checkWord(limits.duplicateKeys, 'duplicateKeys', ['last', 'error'], 'last') === 'last',
    checkWord(limits.protoKeys, 'protoKeys', ['keep', 'remove', 'error'], 'keep') !== 'error',
  );
  if (failure === null) return { ok: true };
  const { code, message, place } = failure;
  const offset = typeof given === 'string' ? place?.units : place?.bytes;
  const { line, column } = place ?? { line: 1, column: 1 };
  return { ok: false, code, offset: offset ?? 0, line, column, message };
}

/**
 * The text without white space; numbers, strings and keys stay as they are written.
 *
 * @throws FishplateError `INPUT_INVALID`, `JSON_INVALID`, `TEXT_NOT_UTF8`, `TOO_LARGE`.
 */
export function minify(text: string | Uint8Array, options?: EngineOptions): string {
  const { engine } = checkOptions(options);
  const given = checkText(text);
  return resultOf(engineFor(engine).minify(given), given);
}

/** Options of {@link format}. */
export interface FormatOptions extends EngineOptions {
  /** Up to ten spaces, or a string of which ten units count; 2 unless given. */
  readonly indent?: number | string | undefined;
}

/**
 * The text laid out as `JSON.stringify` indents; numbers, strings and keys stay as they are written.
 *
 * @throws FishplateError `INPUT_INVALID`, `OPTION_INVALID`, `JSON_INVALID`, `TEXT_NOT_UTF8`, `TOO_LARGE`.
 */
export function format(text: string | Uint8Array, wanted?: FormatOptions): string {
  const options = checkOptions(wanted);
  const given = checkText(text);
  const indent = checkIndent(options.indent ?? 2, 'indent');
  const engine = engineFor(options.engine);
  return resultOf(indent === '' ? engine.minify(given) : engine.format(given, indent), given);
}
