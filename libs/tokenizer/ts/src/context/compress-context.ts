/** Histories made to fit a budget. */

import { ANSWER_TOKENS, type ChatMessage, messageTokens, messageTokensAsync, sum } from '../chat';
import { TOKENIZER_CODES } from '../codes';
import type { AsyncOptions, EngineOptions } from '../count';
import { type Encoding, encodingNumber, type Model } from '../encodings';
import { checkCount, checkOptions, checkWord } from '../input';
import { pause } from '../patience';
import { Choice, type ChoiceRules, type CutMessage } from './choice';
import { type Broken, STRIDE, type Unit, unitsOf } from './units';

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
  const rules = checkRules(options);
  const steps = fit(messages, messageTokens(messages, rules.model, rules), rules);
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
  const rules = checkRules(options);
  const { signal } = options;
  const patience = pause(signal);
  const copy = Array.isArray(messages) ? (messages.slice() as ChatMessage[]) : messages;
  const tokens = await messageTokensAsync(copy, rules.model, { ...rules, ...(signal && { signal }) });
  const steps = fit(copy, tokens, rules);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    await patience();
  }
}

function checkRules(given: CompressContextOptions): ChoiceRules & { preserveLast: number } {
  const options = checkOptions(given);
  const maxTokens = checkCount(options.maxTokens, 'maxTokens');
  encodingNumber(options.model);
  return {
    maxTokens,
    preserveLast: checkCount(options.preserveLast ?? 1, 'preserveLast'),
    strategy: checkWord(options.strategy, 'strategy', ['cut', 'drop'], 'cut'),
    ...(options.model !== undefined && { model: options.model }),
    ...(options.engine !== undefined && { engine: options.engine }),
  };
}

/** Stops now and then, so that a caller may let others work. */
function* fit(
  messages: readonly ChatMessage[],
  tokens: Uint32Array,
  rules: ChoiceRules & { preserveLast: number },
): Generator<undefined, CompressedContext> {
  const units = yield* unitsOf(messages);
  const choice = new Choice(messages, tokens, rules);
  const firstPreserved = messages.length - rules.preserveLast;
  const [preserved, history]: [Unit[], Unit[]] = [[], []];
  for (let index = 0; index < units.length; index++) {
    if (index % STRIDE === STRIDE - 1) yield;
    const unit = units[index]!;
    if (unit.isSystem) choice.keep(unit);
    else if (unit.broken === undefined) {
      (unit.indices.at(-1)! >= firstPreserved ? preserved : history).push(unit);
    }
  }
  if (!(yield* choice.keepTogether(preserved))) {
    const needed = choice.used + (yield* choice.tokensOfAll(preserved));
    const message = `what must stay has ${needed} tokens, and maxTokens is ${rules.maxTokens}`;
    throw TOKENIZER_CODES.error('BUDGET_TOO_SMALL', message, { details: { needed } });
  }
  for (let from = history.length - 1; from >= 0; from--) {
    if (from % STRIDE === 0) yield;
    const unit = history[from]!;
    if (!choice.keepWhole(unit) && !(yield* choice.keepTogether([unit]))) break;
  }
  return yield* outcome(messages, units, choice);
}

function* outcome(
  messages: readonly ChatMessage[],
  units: readonly Unit[],
  { kept, tokens, used, cut }: Choice,
): Generator<undefined, CompressedContext> {
  const reasons: (Broken | undefined)[] = new Array<Broken | undefined>(messages.length).fill(undefined);
  for (let place = 0; place < units.length; place++) {
    if (place % STRIDE === STRIDE - 1) yield;
    const { indices, broken } = units[place]!;
    if (broken !== undefined) for (const index of indices) reasons[index] = broken;
  }
  const [selected, selectedIndices]: [ChatMessage[], number[]] = [[], []];
  const dropped: DroppedMessage[] = [];
  for (let index = 0; index < messages.length; index++) {
    if (index % STRIDE === STRIDE - 1) yield;
    const message = kept[index];
    if (message === undefined) {
      dropped.push({ index, tokens: tokens[index]!, reason: reasons[index] ?? 'budget' });
      continue;
    }
    selected.push(message);
    selectedIndices.push(index);
  }
  const originalTokens = sum(tokens) + ANSWER_TOKENS;
  return {
    messages: selected,
    totalTokens: used,
    originalTokens,
    removedCount: messages.length - selected.length,
    compressionRatio: used / originalTokens,
    selectedIndices,
    dropped,
    cut: cut.sort((one, other) => one.index - other.index),
  };
}
