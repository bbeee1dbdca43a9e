/** Content hashes for cache keys. */

import { createHash } from 'node:crypto';

import { engineFor, type EngineOptions, resultOf } from './engine';
import { checkOptions, checkText, checkWord } from './input';
import { stable } from './stringify';

/** Options of functions that read whole texts. */
export interface TextOptions extends EngineOptions {
  /** What an object that has a key twice means: the last one counts, as with `JSON.parse`, or it is an error. */
  readonly duplicateKeys?: 'last' | 'error' | undefined;
}

/**
 * SHA-256 of the stable text of a value, as 64 hexadecimal digits. Equal to {@link hashJsonText} of any text of the same document.
 *
 * @throws FishplateError `VALUE_HAS_NO_JSON`, `VALUE_CYCLIC`, `TOO_LARGE`.
 */
export function hashJson(value: unknown): string {
  return createHash('sha256').update(stable(value, false)).digest('hex');
}

/**
 * SHA-256 of the stable text of a document, from its own text, without objects. White space, the order of keys and the spelling of
 * numbers and strings make no difference.
 *
 * @throws FishplateError `INPUT_INVALID`, `JSON_INVALID`, `TEXT_NOT_UTF8`, `KEY_DUPLICATE`, `NUMBER_NOT_FINITE`, `TOO_LARGE`.
 */
export function hashJsonText(text: string | Uint8Array, wanted?: TextOptions): string {
  const options = checkOptions(wanted);
  const given = checkText(text);
  return resultOf(engineFor(options.engine).canonicalHash(given, allowsDuplicates(options)), given);
}

/**
 * The canonical form (RFC 8785) of a document, from its own text, without objects.
 *
 * @throws FishplateError as hashJsonText; `LONE_SURROGATE`.
 */
export function canonicalizeText(text: string | Uint8Array, wanted?: TextOptions): string {
  const options = checkOptions(wanted);
  const given = checkText(text);
  return resultOf(engineFor(options.engine).canonicalText(given, allowsDuplicates(options), false), given);
}

function allowsDuplicates({ duplicateKeys }: TextOptions): boolean {
  return checkWord(duplicateKeys, 'duplicateKeys', ['last', 'error'], 'last') === 'last';
}
