/** Where a name is said to be: words that stand for directories, files and containers, in their order. */

import { isSubsequence } from './align';
import { fold, type Folded, HUMP, type Mask, maskOf, ONCE_HIGH } from './fold';
import { isAt } from './matcher';
import { QUALIFIED } from './weights';

/** The whole part is the word. */
const SAME = 100;

/** How well the first words fit, by their number; null where they do not. */
export type Fits = (number | null)[];

/** Words before a name. */
export class Qualifier {
  private readonly words: readonly Folded[];
  private readonly mask: Mask;

  constructor(words: readonly string[]) {
    this.words = words.map(fold);
    this.mask = maskOf(this.words.flatMap(({ units }) => units));
  }

  /** Whether letters of the words are missing from both a path and a container. */
  isExcluded(path: Mask, container: Mask | undefined): boolean {
    const low = path.low | (container?.low ?? 0);
    const high = path.high | (container?.high ?? 0);
    return (this.mask.low & ~low) !== 0 || (this.mask.high & ~high & ONCE_HIGH) !== 0;
  }

  /** How well words fit the parts of a path. */
  fitPath(path: string): Fits {
    const fits: Fits = [0, ...this.words.map(() => null)];
    for (const part of path.split(/[/\\]/)) this.fitPart(part, fits);
    return fits;
  }

  /** What all words are worth in the path and the container behind it; null where one fits nowhere. */
  worth(path: Fits, container: string): number | null {
    const fits = [...path];
    if (container !== '') for (const part of container.split(/[.:#/]/)) this.fitPart(part, fits);
    const sum = fits[this.words.length]!;
    return sum === null ? null : Math.trunc((sum * QUALIFIED) / (SAME * Math.max(this.words.length, 1)));
  }

  private fitPart(part: string, fits: Fits): void {
    const folded = fold(part);
    for (let at = this.words.length - 1; at >= 0; at--) {
      const before = fits[at]!;
      const close = before === null ? null : closeness(this.words[at]!, folded);
      if (before === null || close === null) continue;
      const fit = fits[at + 1]!;
      if (fit === null || before + close > fit) fits[at + 1] = before + close;
    }
  }
}

/** How close a word is to a part of a path or container; null where it is not in it. */
function closeness({ units: word }: Folded, { units, flags }: Folded): number | null {
  if (word.length === 0 || word.length > units.length) return null;
  if (isAt(word, units, 0)) {
    if (word.length === units.length) return SAME;
    return units[word.length] === 0x2e ? SAME - 5 : 70;
  }
  let inside: number | null = null;
  for (let at = 1; at + word.length <= units.length; at++) {
    if (!isAt(word, units, at)) continue;
    if (flags[at]! & HUMP) return 55;
    inside = 40;
  }
  if (inside !== null || word.length < 2) return inside;
  return isSubsequence(word, units) && word[0] === units[0] ? 25 : null;
}
