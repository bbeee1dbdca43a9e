/** Histories made to fit a budget. */

import {
  ANSWER_TOKENS,
  type ChatMessage,
  countChatTokens,
  messageTokens,
  messageTokensAsync,
  sum,
} from '../chat';
import { TOKENIZER_CODES } from '../codes';
import type { AsyncOptions, EngineOptions } from '../count';
import { type Encoding, encodingNumber, type Model } from '../encodings';
import { checkCount, checkWord } from '../input';
import { pause } from '../patience';
import { shorten } from './shorten';
import { type Broken, isResult, STRIDE, type Unit, unitsOf } from './units';

/** `cut`: long tool outputs are cut in the middle before anything is dropped for them; `drop`: nothing is cut. */
export type ContextStrategy = 'cut' | 'drop';

/** Options of {@link compressContext}. */
export interface CompressContextOptions extends EngineOptions {
  /** Tokens of the result, at most, as {@link countChatTokens} counts them. */
  readonly maxTokens: number;
  /** So many of the last messages stay, and what belongs to them; 1 unless given. */
  readonly preserveLast?: number;
  /** A model or an encoding; `o200k_base` unless given. */
  readonly model?: Encoding | Model;
  /** `cut` unless given. */
  readonly strategy?: ContextStrategy;
}

/** A message that is not in the result. */
export interface DroppedMessage {
  /** Its place in the history. */
  readonly index: number;
  readonly tokens: number;
  readonly reason: 'budget' | Broken;
}

/** A message whose tool output was cut. */
export interface CutMessage {
  readonly index: number;
  readonly tokensBefore: number;
  readonly tokensAfter: number;
}

/** A history that fits. */
export interface CompressedContext {
  readonly messages: ChatMessage[];
  /** Tokens of the result, as {@link countChatTokens} counts them. */
  readonly totalTokens: number;
  /** Tokens of the history. */
  readonly originalTokens: number;
  /** How many messages were dropped. */
  readonly removedCount: number;
  /** `totalTokens` of `originalTokens`: 1 where nothing was done. */
  readonly compressionRatio: number;
  /** Places in the history of the messages of the result. */
  readonly selectedIndices: number[];
  /** In the order of the history. */
  readonly dropped: DroppedMessage[];
  readonly cut: CutMessage[];
}

/** A tool output is not cut to less than this. */
const LEAST_OUTPUT = 64;

/**
 * The end of a history that fits a budget, with all system messages. Calls of tools and all their results are kept together or
 * dropped together; results without a call, and calls without results in the middle, are always dropped. From the newest on,
 * messages are kept while they fit; where one does not, its tool outputs are cut, to half of the room that is left if that is
 * enough, and where cutting does not help, it and all before it are dropped.
 *
 * @throws FishplateError `BUDGET_TOO_SMALL` where system messages and the preserved ones do not fit; `INPUT_INVALID`,
 * `OPTION_INVALID`, `ENCODING_UNKNOWN`.
 */
export function compressContext(
  messages: readonly ChatMessage[],
  options: CompressContextOptions,
): CompressedContext {
  const checked = checkOptions(options);
  const steps = fit(messages, messageTokens(messages, options.model, options), checked);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/**
 * {@link compressContext} in parts of some milliseconds, between which the event loop runs.
 *
 * @throws FishplateError as compressContext; the signal's reason.
 */
export async function compressContextAsync(
  messages: readonly ChatMessage[],
  options: CompressContextOptions & AsyncOptions,
): Promise<CompressedContext> {
  const checked = checkOptions(options);
  const copy = Array.isArray(messages) ? (messages.slice() as ChatMessage[]) : messages;
  const steps = fit(copy, await messageTokensAsync(copy, options.model, options), checked);
  const patience = pause(options.signal);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    await patience();
  }
}

type CheckedOptions = CompressContextOptions & { preserveLast: number; strategy: ContextStrategy };

function checkOptions(options: CompressContextOptions): CheckedOptions {
  checkCount(options?.maxTokens, 'maxTokens');
  encodingNumber(options.model);
  const preserveLast = checkCount(options.preserveLast ?? 1, 'preserveLast');
  return {
    ...options,
    preserveLast,
    strategy: checkWord(options.strategy, 'strategy', ['cut', 'drop'], 'cut'),
  };
}

/** What is chosen so far. */
interface Choice {
  readonly tokens: Uint32Array;
  readonly kept: Map<number, ChatMessage>;
  readonly cut: CutMessage[];
  used: number;
}

/** Stops now and then, so that a caller may let others work. */
function* fit(
  messages: readonly ChatMessage[],
  tokens: Uint32Array,
  options: CheckedOptions,
): Generator<undefined, CompressedContext> {
  const units = yield* unitsOf(messages);
  const choice: Choice = { tokens, kept: new Map(), cut: [], used: ANSWER_TOKENS };
  const history: Unit[] = [];
  for (const unit of units) {
    if (unit.isSystem) keep(choice, messages, unit);
    else if (unit.broken === undefined) history.push(unit);
  }
  const firstPreserved = messages.length - options.preserveLast;
  let from = history.length;
  while (from > 0 && history[from - 1]!.indices.some((index) => index >= firstPreserved)) from--;
  const preserved = history.slice(from);
  if (!keepTogether(choice, messages, preserved, options)) {
    const needed = choice.used + tokensOf(tokens, preserved);
    const message = `what must stay has ${needed} tokens, and maxTokens is ${options.maxTokens}`;
    throw TOKENIZER_CODES.error('BUDGET_TOO_SMALL', message, { details: { needed } });
  }
  yield;
  while (from > 0 && keepTogether(choice, messages, [history[from - 1]!], options)) {
    from--;
    if (from % (STRIDE >> 4) === 0) yield;
  }
  return yield* outcome(messages, units, choice);
}

function keep(choice: Choice, messages: readonly ChatMessage[], { indices }: Unit): void {
  for (const index of indices) {
    choice.kept.set(index, messages[index]!);
    choice.used += choice.tokens[index]!;
  }
}

/** Keeps units whole where they fit, else with their tool outputs cut; false where they do not fit at all. */
function keepTogether(
  choice: Choice,
  messages: readonly ChatMessage[],
  units: readonly Unit[],
  options: CheckedOptions,
): boolean {
  const room = options.maxTokens - choice.used;
  const whole = tokensOf(choice.tokens, units);
  if (whole <= room) {
    for (const unit of units) keep(choice, messages, unit);
    return room >= 0;
  }
  if (options.strategy === 'drop') return false;
  const indices = units.flatMap((unit) => unit.indices);
  const results = indices.filter((index) => isResult(messages[index]!));
  const rest = whole - sum(results.map((index) => choice.tokens[index]!));
  // Half of the room is left to what is older, where that is enough.
  const half = outputLimit(choice.tokens, results, (room - rest) >> 1);
  const most = half >= LEAST_OUTPUT ? half : outputLimit(choice.tokens, results, room - rest);
  for (let limit = most; limit >= LEAST_OUTPUT; limit -= 8) {
    const short = new Map(
      results
        .filter((index) => choice.tokens[index]! > limit)
        .map((index) => [index, shorten(messages[index]!, Math.max(0, limit - 8), options.model, options)]),
    );
    const count = (message: ChatMessage): number =>
      countChatTokens([message], options.model, options) - ANSWER_TOKENS;
    const after = new Map([...short].map(([index, message]) => [index, count(message)]));
    const used = sum(indices.map((index) => after.get(index) ?? choice.tokens[index]!));
    if (used > room) continue;
    for (const index of indices) choice.kept.set(index, short.get(index) ?? messages[index]!);
    for (const [index, tokensAfter] of after) {
      choice.cut.push({ index, tokensBefore: choice.tokens[index]!, tokensAfter });
    }
    choice.used += used;
    return true;
  }
  return false;
}

/** The largest limit with which the outputs fit together. */
function outputLimit(tokens: Uint32Array, results: readonly number[], room: number): number {
  let [low, high] = [0, Math.max(0, room)];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (sum(results.map((index) => Math.min(tokens[index]!, middle))) <= room) low = middle;
    else high = middle - 1;
  }
  return low;
}

function tokensOf(tokens: Uint32Array, units: readonly Unit[]): number {
  return sum(units.flatMap(({ indices }) => indices.map((index) => tokens[index]!)));
}

function* outcome(
  messages: readonly ChatMessage[],
  units: readonly Unit[],
  choice: Choice,
): Generator<undefined, CompressedContext> {
  const reasons = new Map<number, Broken>();
  for (const { indices, broken } of units) {
    if (broken !== undefined) for (const index of indices) reasons.set(index, broken);
  }
  const selectedIndices: number[] = [];
  const dropped: DroppedMessage[] = [];
  for (let index = 0; index < messages.length; index++) {
    if (index % STRIDE === 0) yield;
    if (choice.kept.has(index)) selectedIndices.push(index);
    else dropped.push({ index, tokens: choice.tokens[index]!, reason: reasons.get(index) ?? 'budget' });
  }
  const originalTokens = sum(choice.tokens) + ANSWER_TOKENS;
  return {
    messages: selectedIndices.map((index) => choice.kept.get(index)!),
    totalTokens: choice.used,
    originalTokens,
    removedCount: messages.length - selectedIndices.length,
    compressionRatio: choice.used / originalTokens,
    selectedIndices,
    dropped,
    cut: choice.cut.sort((one, other) => one.index - other.index),
  };
}
