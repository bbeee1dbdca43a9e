/** Texts as tokens, and tokens as texts. */

import { TOKENIZER_CODES } from './codes';
import type { EngineOptions } from './count';
import { type Encoding, encodingNumber, type Model } from './encodings';
import { engineFor } from './engine';
import { checkOptions, checkText, isShared, kind, typedArrayName } from './input';
import { type SpecialTokenOptions, wantedSpecial } from './special-tokens';

/**
 * The tokens of a text, of a model or an encoding; `o200k_base` unless given.
 *
 * @throws FishplateError `INPUT_INVALID`, `ENCODING_UNKNOWN`, `OPTION_INVALID`, `SPECIAL_TOKEN_FOUND`.
 */
export function encode(
  text: string | Uint8Array,
  encoding?: Encoding | Model,
  options?: SpecialTokenOptions,
): Uint32Array {
  const number = encodingNumber(encoding);
  const wanted = checkOptions(options);
  const engine = engineFor(wanted.engine);
  const given = checkText(text);
  const special = wantedSpecial(engine, given, number, wanted);
  return special === undefined ? engine.encode(given, number) : engine.encodeSpecial(given, number, special);
}

/**
 * The text of tokens, special ones among them; bytes that are no UTF-8 become U+FFFD. More bytes than a string may have are
 * `INPUT_INVALID`.
 *
 * @throws FishplateError `TOKEN_UNKNOWN`, `INPUT_INVALID`, `ENCODING_UNKNOWN`.
 */
export function decode(
  tokens: Uint32Array | readonly number[],
  encoding?: Encoding | Model,
  options?: EngineOptions,
): string {
  const number = encodingNumber(encoding);
  return engineFor(checkOptions(options).engine).decodeText(checkTokens(tokens), number);
}

/**
 * The bytes of tokens: what a token cuts from a character stays as it is. In browsers they are a plain Uint8Array.
 *
 * @throws FishplateError `TOKEN_UNKNOWN`, `INPUT_INVALID`, `ENCODING_UNKNOWN`.
 */
export function decodeBytes(
  tokens: Uint32Array | readonly number[],
  encoding?: Encoding | Model,
  options?: EngineOptions,
): Buffer {
  const number = encodingNumber(encoding);
  const bytes = engineFor(checkOptions(options).engine).decodeBytes(checkTokens(tokens), number);
  if (typeof Buffer === 'undefined') return bytes as Buffer;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function checkTokens(tokens: unknown): Uint32Array {
  if (typedArrayName(tokens) === 'Uint32Array') {
    const given = tokens as Uint32Array;
    return isShared(given) ? new Uint32Array(given) : given;
  }
  if (!Array.isArray(tokens)) {
    const rule = 'tokens must be a Uint32Array or an array of numbers';
    throw TOKENIZER_CODES.error('INPUT_INVALID', `${rule}, and is ${kind(tokens)}`);
  }
  const wrong = tokens.findIndex((token) => typeof token !== 'number' || token >>> 0 !== token);
  if (wrong >= 0) {
    throw TOKENIZER_CODES.error('INPUT_INVALID', `tokens[${wrong}] must be a whole number from 0`);
  }
  return Uint32Array.from(tokens as number[]);
}
