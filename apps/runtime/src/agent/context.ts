/** What of a conversation is sent: all of it while it fits, then what matters most. */

import { type EngineChoice, isFishplateError } from '@fishplate/engine';
import { compressContextAsync, countTokens } from '@fishplate/tokenizer';
import type { ModelMessage } from 'ai';

/** Close enough for every model: the budget is a bound, not a bill. */
const ENCODING = 'o200k_base';

/** Messages at the end that stay whole. */
const LATEST = 4;

/** Counts and fits messages. */
export class Context {
  private readonly counted = new WeakMap<object, number>();

  constructor(
    private readonly maxTokens: number,
    private readonly engine: EngineChoice,
  ) {}

  /** About so many tokens. */
  count(messages: readonly ModelMessage[]): number {
    return messages.reduce((sum, message) => sum + this.one(message), 0);
  }

  /** About so many tokens. */
  countText(text: string): number {
    return countTokens(text, ENCODING, { engine: this.engine });
  }

  /** The messages to send; the task stays in any case. */
  async fit(messages: readonly ModelMessage[], task: number): Promise<ModelMessage[]> {
    if (this.count(messages) <= this.maxTokens) return [...messages];
    const kept = messages[task];
    const room = Math.max(1, this.maxTokens - (kept === undefined ? 0 : this.one(kept)));
    for (let preserveLast = LATEST; ; preserveLast -= 1) {
      try {
        const fitted = await compressContextAsync(messages as never, {
          maxTokens: room,
          model: ENCODING,
          engine: this.engine,
          preserveLast,
        });
        const sent = fitted.messages as unknown as ModelMessage[];
        if (kept === undefined || fitted.selectedIndices.includes(task)) return sent;
        const place = fitted.selectedIndices.filter((index) => index < task).length;
        return [...sent.slice(0, place), kept, ...sent.slice(place)];
      } catch (error) {
        if (!isFishplateError(error) || error.code !== 'BUDGET_TOO_SMALL' || preserveLast === 0) throw error;
      }
    }
  }

  private one(message: ModelMessage): number {
    let tokens = this.counted.get(message);
    if (tokens === undefined) {
      tokens = this.countText(JSON.stringify(message.content)) + 4;
      this.counted.set(message, tokens);
    }
    return tokens;
  }
}
