/** What of a history is kept: units whole where they fit, else with their tool outputs cut. */

import { ANSWER_TOKENS, type ChatMessage, countChatTokens } from '../chat';
import type { EngineOptions } from '../count';
import type { Encoding, Model } from '../encodings';
import { shorten } from './shorten';
import { isResult, STRIDE, type Unit } from './units';

/** A message whose tool output was cut. */
export interface CutMessage {
  readonly index: number;
  readonly tokensBefore: number;
  readonly tokensAfter: number;
}

/** What a choice goes by. */
export interface ChoiceRules extends EngineOptions {
  readonly maxTokens: number;
  readonly model?: Encoding | Model;
  readonly strategy: 'cut' | 'drop';
}

/** A tool output is not cut to less than this. */
const LEAST_OUTPUT = 64;
/** Tokens that are left for what stands around an output. */
const AROUND = 8;
/** Outputs that are cut between two stops. */
const CUTS = 8;

/** Messages that were cut, and what all have then. */
interface Attempt {
  readonly short: ReadonlyMap<number, { readonly message: ChatMessage; readonly tokens: number }>;
  readonly used: number;
}

/** What is chosen so far. Its generators stop now and then, so that a caller may let others work. */
export class Choice {
  /** What is kept, at its place in the history. */
  readonly kept: (ChatMessage | undefined)[];
  readonly cut: CutMessage[] = [];
  used = ANSWER_TOKENS;

  /** `tokens` are those of each message. */
  constructor(
    private readonly messages: readonly ChatMessage[],
    readonly tokens: Uint32Array,
    private readonly rules: ChoiceRules,
  ) {
    this.kept = new Array<ChatMessage | undefined>(messages.length).fill(undefined);
  }

  keep({ indices }: Unit): void {
    for (const index of indices) {
      this.kept[index] = this.messages[index]!;
      this.used += this.tokens[index]!;
    }
  }

  /** Keeps a unit that fits as it is. */
  keepWhole(unit: Unit): boolean {
    if (this.tokensOf(unit) > this.rules.maxTokens - this.used) return false;
    this.keep(unit);
    return true;
  }

  /** Keeps units whole where they fit, else with their tool outputs cut; false where they do not fit at all. */
  *keepTogether(units: readonly Unit[]): Generator<undefined, boolean> {
    const room = this.rules.maxTokens - this.used;
    const whole = yield* this.tokensOfAll(units);
    if (whole <= room) {
      for (let index = 0; index < units.length; index++) {
        if (index % STRIDE === STRIDE - 1) yield;
        this.keep(units[index]!);
      }
      return true;
    }
    if (this.rules.strategy === 'drop') return false;
    const results: number[] = [];
    let rest = whole;
    for (const index of yield* this.places(units)) {
      if (results.length % STRIDE === STRIDE - 1) yield;
      if (!isResult(this.messages[index]!)) continue;
      results.push(index);
      rest -= this.tokens[index]!;
    }
    const attempt = yield* this.attempts(results, rest, room);
    if (attempt === undefined) return false;
    for (const unit of units) this.keep(unit);
    for (const [index, { message, tokens }] of attempt.short) {
      this.kept[index] = message;
      this.cut.push({ index, tokensBefore: this.tokens[index]!, tokensAfter: tokens });
      this.used += tokens - this.tokens[index]!;
    }
    return true;
  }

  *tokensOfAll(units: readonly Unit[]): Generator<undefined, number> {
    let total = 0;
    for (let index = 0; index < units.length; index++) {
      if (index % STRIDE === STRIDE - 1) yield;
      total += this.tokensOf(units[index]!);
    }
    return total;
  }

  private tokensOf({ indices }: Unit): number {
    let total = 0;
    for (const index of indices) total += this.tokens[index]!;
    return total;
  }

  private *places(units: readonly Unit[]): Generator<undefined, number[]> {
    const places: number[] = [];
    for (let index = 0; index < units.length; index++) {
      if (index % STRIDE === STRIDE - 1) yield;
      for (const place of units[index]!.indices) places.push(place);
    }
    return places;
  }

  /** The outputs cut as little as is needed; undefined where cutting does not help. */
  private *attempts(
    results: readonly number[],
    rest: number,
    room: number,
  ): Generator<undefined, Attempt | undefined> {
    // Half of the room is left to what is older, where that is enough.
    const half = yield* this.outputLimit(results, (room - rest) >> 1);
    const most = half >= LEAST_OUTPUT ? half : yield* this.outputLimit(results, room - rest);
    if (most < LEAST_OUTPUT) return undefined;
    const first = yield* this.attempt(results, rest, most);
    if (first.used <= room) return first;
    // What is no text is not cut, however small the limit.
    const least = yield* this.attempt(results, rest, LEAST_OUTPUT);
    if (least.used > room) return undefined;
    for (let step = AROUND; most - step > LEAST_OUTPUT; step *= 2) {
      const next = yield* this.attempt(results, rest, most - step);
      if (next.used <= room) return next;
    }
    return least;
  }

  private *attempt(results: readonly number[], rest: number, limit: number): Generator<undefined, Attempt> {
    const { model } = this.rules;
    const short = new Map<number, { message: ChatMessage; tokens: number }>();
    let used = rest;
    for (const index of results) {
      const before = this.tokens[index]!;
      used += before;
      if (before <= limit) continue;
      if (short.size % CUTS === CUTS - 1) yield;
      const message = shorten(this.messages[index]!, limit - AROUND, model, this.rules);
      const tokens = countChatTokens([message], model, this.rules) - ANSWER_TOKENS;
      if (tokens >= before) continue;
      short.set(index, { message, tokens });
      used += tokens - before;
    }
    return { short, used };
  }

  /** The largest limit with which the outputs fit together. */
  private *outputLimit(results: readonly number[], room: number): Generator<undefined, number> {
    let [low, high] = [0, Math.max(0, room)];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      let total = 0;
      for (const index of results) total += Math.min(this.tokens[index]!, middle);
      if (total <= room) low = middle;
      else high = middle - 1;
      yield;
    }
    return low;
  }
}
