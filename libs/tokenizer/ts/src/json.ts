/** Tokens of JSON. */

import { TOKENIZER_CODES } from './codes';
import { countTokens, type EngineOptions } from './count';
import type { Encoding, Model } from './encodings';
import { kind } from './input';

/**
 * The number of tokens of a value as compact JSON, as `JSON.stringify(value)` writes it.
 *
 * @throws FishplateError `INPUT_INVALID` for what has no JSON: undefined, a cycle, a BigInt, a depth without end.
 */
export function estimateJsonTokens(
  value: unknown,
  encoding?: Encoding | Model,
  options?: EngineOptions,
): number {
  return countTokens(jsonOf(value), encoding, options);
}

/** @throws FishplateError `INPUT_INVALID`. */
export function jsonOf(value: unknown, name = 'value'): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw TOKENIZER_CODES.error('INPUT_INVALID', `${name} cannot be written as JSON: ${message}`, { cause });
  }
  if (text !== undefined) return text;
  throw TOKENIZER_CODES.error('INPUT_INVALID', `${name} has no JSON, and is ${kind(value)}`);
}
