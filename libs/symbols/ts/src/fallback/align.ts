/** Letters of a query in their order within a name: the best way to place them. */

import { type Folded, HUMP, VOWEL } from './fold';
import { caseOf, leftBehind, type Match, type Needle } from './matcher';
import {
  AFTER_GAP,
  CHANCE,
  JUMPED_CONSONANT,
  JUMPED_VOWEL,
  JUMPED_WORD,
  LETTERS,
  SKIPPED_LETTER,
  SKIPPED_WORD,
  SUBSEQUENCE,
} from './weights';

/** No way to place a letter here; half of it is worse than any way. */
const NOWHERE = -(2 ** 29);

/** The match by letters in their order; null where there is none, or where it is chance. */
export function align(needle: Needle, folded: Folded): Match | null {
  if (!isSubsequence(needle.units, folded.units)) return null;
  const placed = place(needle, folded);
  if (placed === null || placed.worth < CHANCE) return null;
  return { tier: 'subsequence', base: SUBSEQUENCE, fit: placed.worth };
}

/** Where each letter of the query is placed in the best way. */
export function placesOf(needle: Needle, folded: Folded): number[] {
  const placed = place(needle, folded);
  if (placed === null) return [];
  const width = folded.units.length;
  const places = [placed.last];
  let at = placed.last;
  for (let letter = needle.units.length - 1; letter > 0; letter--) {
    at = placed.froms[letter * width + at]!;
    places.push(at);
  }
  return places.reverse();
}

interface Placed {
  readonly worth: number;
  /** Where the last letter is. */
  readonly last: number;
  /** Where the letter before is, for each letter and unit. */
  readonly froms: Uint16Array;
}

function place(needle: Needle, folded: Folded): Placed | null {
  const { units, flags } = folded;
  const width = units.length;
  const length = needle.units.length;
  const [skipped, jumped] = costs(flags);
  const rows = new Int32Array(width * length).fill(NOWHERE);
  const froms = new Uint16Array(width * length);
  const share = Math.trunc(LETTERS / Math.max(length, 1));
  const afterGap = Math.trunc((share * AFTER_GAP) / 10);
  for (let letter = 0; letter < length; letter++) {
    const row = letter * width;
    const before = row - width;
    let [toWord, toWordAt, within, withinAt] = [NOWHERE, 0, NOWHERE, 0];
    for (let at = 0; at < width; at++) {
      // From two units back: the one right before is a row without a gap.
      if (letter > 0 && at >= 2 && rows[before + at - 2]! > NOWHERE / 2) {
        const worth = rows[before + at - 2]!;
        if (worth + skipped[at - 1]! > toWord) [toWord, toWordAt] = [worth + skipped[at - 1]!, at - 2];
        if (worth + jumped[at - 1]! > within) [within, withinAt] = [worth + jumped[at - 1]!, at - 2];
      }
      if (units[at] !== needle.units[letter]) continue;
      const begins = (flags[at]! & HUMP) !== 0;
      let best = NOWHERE;
      let from = 0;
      if (letter === 0) {
        best = begins ? share - skipped[at]! : -jumped[at]!;
      } else {
        if (at > 0 && rows[before + at - 1]! + share > best)
          [best, from] = [rows[before + at - 1]! + share, at - 1];
        const gap = begins ? toWord - skipped[at]! + share : within - jumped[at]! + afterGap;
        if (gap > best) [best, from] = [gap, begins ? toWordAt : withinAt];
      }
      if (best > NOWHERE / 2) {
        rows[row + at] = best + caseOf(needle, letter, flags[at]!);
        froms[row + at] = from;
      }
    }
  }
  let best: Placed | null = null;
  const row = width * (length - 1);
  for (let at = 0; at < width; at++) {
    if (rows[row + at]! <= NOWHERE / 2) continue;
    const worth = rows[row + at]! - leftBehind(folded, at + 1);
    if (best === null || worth > best.worth) best = { worth, last: at, froms };
  }
  return best;
}

/** Cost of all units before each: where the match goes on at the beginning of a word, and within one. */
function costs(flags: readonly number[]): [skipped: number[], jumped: number[]] {
  const skipped: number[] = [];
  const jumped: number[] = [];
  let [skip, jump] = [0, 0];
  for (const own of flags) {
    skipped.push(skip);
    jumped.push(jump);
    skip += own & HUMP ? SKIPPED_WORD : SKIPPED_LETTER;
    jump += own & HUMP ? JUMPED_WORD : own & VOWEL ? JUMPED_VOWEL : JUMPED_CONSONANT;
  }
  return [skipped, jumped];
}

export function isSubsequence(part: readonly number[], whole: readonly number[]): boolean {
  let matched = 0;
  for (let at = 0; at < whole.length && matched < part.length; at++)
    if (whole[at] === part[matched]) matched++;
  return matched === part.length;
}
