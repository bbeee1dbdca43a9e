/** The best symbols so far, and no more of them than asked for. */

import type { Match } from './matcher';
import { compareTexts } from './order';
import type { Reading } from './reading';
import type { StoredSymbol } from './store';

/** A symbol that was found. */
export interface Entry {
  readonly stored: StoredSymbol;
  readonly score: number;
  /** Which meaning of the query found it. */
  readonly reading: Reading;
  readonly found: Match;
  readonly popular: number;
  readonly declared: number;
  readonly place: number;
  readonly boost: number;
}

/** Entries in their order, best first. */
export class Top {
  readonly entries: Entry[] = [];

  constructor(private readonly limit: number) {}

  /** Whether nothing with this score gets in. */
  isBeyond(score: number): boolean {
    return this.entries.length === this.limit && score < this.entries.at(-1)!.score;
  }

  /** Whether a name was found that has the query in one piece, or as its initials. */
  hasPiece(): boolean {
    return this.entries.some(({ found: { tier } }) => tier !== 'subsequence' && tier !== 'typo');
  }

  /** Takes an entry in where it is good enough; of two for the same symbol the better one stays, or the first. */
  offer(entry: Entry): void {
    if (this.entries.length === this.limit && compare(entry, this.entries.at(-1)!) >= 0) return;
    const same = this.entries.findIndex(({ stored }) => stored === entry.stored);
    if (same !== -1) {
      if (this.entries[same]!.score >= entry.score) return;
      this.entries.splice(same, 1);
    }
    let [low, high] = [0, this.entries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compare(this.entries[middle]!, entry) < 0) low = middle + 1;
      else high = middle;
    }
    this.entries.splice(low, 0, entry);
    this.entries.length = Math.min(this.entries.length, this.limit);
  }
}

function compare(one: Entry, other: Entry): number {
  const [a, b] = [one.stored, other.stored];
  return (
    other.score - one.score ||
    compareTexts(a.file.path, b.file.path) ||
    a.symbol.line - b.symbol.line ||
    a.symbol.column - b.symbol.column ||
    a.ordinal - b.ordinal
  );
}
