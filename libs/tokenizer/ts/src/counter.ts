/** Counting a text while it comes. */

import type { EngineOptions } from './count';
import { lastCut } from './cut';
import { type Encoding, encodingNumber, type Model } from './encodings';
import { engineFor, type TokenEngine } from './engine';
import { checkOptions, checkString } from './input';

/** A text that comes in chunks. */
export interface TokenCounter {
  /** Adds a chunk, which may begin and end anywhere, also between the halves of a surrogate pair; answers with the total. */
  push(chunk: string): number;
  /** Tokens of all that was pushed: those of the whole text, whatever the chunks. */
  readonly total: number;
}

/**
 * Counts a text while it comes. What may still change is counted again with each chunk: the last word, as a rule.
 *
 * @throws FishplateError `ENCODING_UNKNOWN`, `OPTION_INVALID`; `push`: `INPUT_INVALID`.
 */
export function createTokenCounter(encoding?: Encoding | Model, options?: EngineOptions): TokenCounter {
  return new StreamCounter(engineFor(checkOptions(options).engine), encodingNumber(encoding));
}

class StreamCounter implements TokenCounter {
  private settled = 0;
  /** What comes behind the last place where the text could be cut. */
  private open = '';
  /** Tokens of `open`; undefined until somebody asks. */
  private openTokens: number | undefined = 0;

  constructor(
    private readonly engine: TokenEngine,
    private readonly encoding: number,
  ) {}

  push(chunk: string): number {
    checkString(chunk, 'chunk');
    // Places before this have been looked at; the last one again, as its character may have been half of a pair.
    const seen = this.open.length - 2;
    this.open += chunk;
    this.openTokens = undefined;
    const cut = lastCut(this.open, seen, this.encoding);
    if (cut > 0) {
      this.settled += this.engine.count(this.open.slice(0, cut), this.encoding);
      this.open = this.open.slice(cut);
    }
    return this.total;
  }

  get total(): number {
    return this.settled + (this.openTokens ??= this.engine.count(this.open, this.encoding));
  }
}
