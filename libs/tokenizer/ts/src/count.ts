/** How many tokens a text has. */

import type { EngineChoice } from '@fishplate/engine';

import { safeParts } from './cut';
import { type Encoding, encodingNumber, type Model } from './encodings';
import { engineFor, type TokenEngine } from './engine';
import { checkCount, checkOptions, checkText, checkTexts } from './input';
import { pause, type Patience } from './patience';
import { type SpecialTokenOptions, wantedSpecial } from './special-tokens';

/** Options of functions that take no special tokens. */
export interface EngineOptions {
  /** Which engine to use; `auto` unless given. */
  readonly engine?: EngineChoice;
}

/** Options of functions that leave the event loop free. */
export interface AsyncOptions extends EngineOptions {
  /** Ends the work; the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Longer strings are counted in parts, so that no copy of a whole one is needed. */
const LONG = 1 << 22;

/**
 * The number of tokens of a text, of a model or an encoding; `o200k_base` unless given. Equal to the length of what
 * {@link encode} returns. Bytes are UTF-8; what is not, and a lone surrogate of a string, counts as U+FFFD.
 *
 * @throws FishplateError `INPUT_INVALID`, `ENCODING_UNKNOWN`, `OPTION_INVALID`, `SPECIAL_TOKEN_FOUND`.
 */
export function countTokens(
  text: string | Uint8Array,
  encoding?: Encoding | Model,
  options?: SpecialTokenOptions,
): number {
  const number = encodingNumber(encoding);
  const engine = engineFor(options === undefined ? undefined : checkOptions(options).engine);
  const given = typeof text === 'string' ? text : checkText(text);
  if (options !== undefined) {
    const special = wantedSpecial(engine, given, number, options);
    if (special !== undefined) return engine.countSpecial(given, number, special);
  }
  return given.length > LONG ? countLong(engine, given, number) : engine.count(given, number);
}

function countLong(engine: TokenEngine, text: string | Uint8Array, encoding: number): number {
  if (typeof text !== 'string') return engine.count(text, encoding);
  let total = 0;
  for (const part of safeParts(text, LONG, encoding)) total += engine.count(part, encoding);
  return total;
}

/**
 * {@link countTokens} of many texts at once.
 *
 * @throws FishplateError `INPUT_INVALID`, `ENCODING_UNKNOWN`.
 */
export function countTokensBatch(
  texts: readonly string[],
  encoding?: Encoding | Model,
  options?: EngineOptions,
): Uint32Array {
  const number = encodingNumber(encoding);
  const given = checkTexts(texts);
  return engineFor(checkOptions(options).engine).countBatch(given, 0, given.length, number);
}

/**
 * {@link countTokens} in parts of some milliseconds, between which the event loop runs. A word of megabytes is one part.
 *
 * @throws FishplateError as countTokens; the signal's reason.
 */
export async function countTokensAsync(
  text: string | Uint8Array,
  encoding?: Encoding | Model,
  options?: AsyncOptions,
): Promise<number> {
  const number = encodingNumber(encoding);
  const { engine: choice, signal } = checkOptions(options);
  const engine = engineFor(choice);
  const patience = pause(signal);
  const given = checkText(text);
  const string =
    typeof given === 'string' ? given : new TextDecoder('utf-8', { ignoreBOM: true }).decode(given);
  return countPatiently(engine, string, number, patience);
}

/**
 * {@link countTokensBatch} in parts of some milliseconds, between which the event loop runs.
 *
 * @throws FishplateError as countTokensBatch; the signal's reason.
 */
export async function countTokensBatchAsync(
  texts: readonly string[],
  encoding?: Encoding | Model,
  options?: AsyncOptions,
): Promise<Uint32Array> {
  const number = encodingNumber(encoding);
  const { engine: choice, signal } = checkOptions(options);
  const engine = engineFor(choice);
  // A copy: the caller may change the array meanwhile.
  const given = checkTexts(texts).slice();
  const patience = pause(signal);
  const counts = new Uint32Array(given.length);
  for (let start = 0, end = 0; start < given.length; start = end) {
    await patience();
    let units = 0;
    // A call a text costs as much as some hundred units.
    while (end < given.length && units < engine.slice) units += given[end++]!.length + 200;
    const isHuge = end === start + 1 && given[start]!.length > engine.slice;
    if (isHuge) counts[start] = await countPatiently(engine, given[start]!, number, patience);
    else {
      if (given[end - 1]!.length > engine.slice) end--;
      counts.set(engine.countBatch(given, start, end, number), start);
    }
  }
  return counts;
}

async function countPatiently(
  engine: TokenEngine,
  text: string,
  encoding: number,
  patience: Patience,
): Promise<number> {
  let total = 0;
  for (const part of safeParts(text, engine.slice, encoding)) {
    await patience();
    total += engine.count(part, encoding);
  }
  return total;
}

/** UTF-8 bytes of the longest token, in any encoding. */
const LONGEST_TOKEN = 128;

/**
 * The number of tokens where it is at most `limit`, else false; stops as soon as it is more.
 *
 * @throws FishplateError `INPUT_INVALID`, `ENCODING_UNKNOWN`, `OPTION_INVALID`.
 */
export function isWithinTokenLimit(
  text: string | Uint8Array,
  limit: number,
  encoding?: Encoding | Model,
  options?: EngineOptions,
): number | false {
  const number = encodingNumber(encoding);
  const engine = engineFor(checkOptions(options).engine);
  const given = checkText(text);
  // A limit without end is none.
  const most = limit === Infinity ? 2 ** 32 - 1 : checkCount(limit, 'limit');
  // A unit has at least one byte. Bytes that are no UTF-8 become more, never fewer.
  if (given.length > most * LONGEST_TOKEN) return false;
  const count = engine.countWithin(given, number, most);
  return count < 0 ? false : count;
}
