/** Names that differ from the query by a letter or two, by the distance of optimal string alignment. */

import { type Folded, HUMP, type Mask, maskOf, missing, ONCE_HIGH } from './fold';
import { leftBehind, type Match, type Needle, skipped, total } from './matcher';
import type { Name } from './store';
import { TYPO, TYPO_FIRST, TYPO_LENGTH } from './weights';

/** Letters of the longest query that is looked for with typos. */
const LONGEST = 64;

/** How many typos are looked for in names, and in parts of them. */
export interface TypoLimits {
  readonly most: number;
  readonly mostInPart: number;
  /** The first two letters. */
  readonly begins: Mask;
}

/** A match, and the part of the name that has the query in it. */
export interface TypoMatch {
  readonly match: Match;
  readonly start: number;
  readonly end: number;
}

/** Null where a query is too short to be told from others by typos, or too long. */
export function typoLimits({ units }: Needle): TypoLimits | null {
  if (units.length < 4 || units.length > LONGEST) return null;
  const { low, high } = maskOf(units.slice(0, 2));
  const begins = { low, high: high & ONCE_HIGH };
  return { most: units.length < 8 ? 1 : 2, mostInPart: units.length < 6 ? 0 : 1, begins };
}

/**
 * Whether a name is looked at: by the letters that one has and the other has not, and by its length. A part of a name has
 * to begin with the first or the second letter of the query.
 */
export function mayMatch(needle: Needle, name: Name, { most, mostInPart, begins }: TypoLimits): boolean {
  // A typo takes one letter away from each at most.
  const lacking = missing(needle.mask, name.mask);
  if (lacking > most) return false;
  const { length } = needle.units;
  const width = name.folded.units.length;
  const hasBeginning = (begins.low & name.initials.low) !== 0 || (begins.high & name.initials.high) !== 0;
  if (lacking <= mostInPart && hasBeginning && width + 1 >= length) return true;
  return Math.abs(width - length) <= most && missing(name.mask, needle.mask) <= most;
}

/** The best match with typos. */
export function matchTypos(
  needle: Needle,
  folded: Folded,
  { most, mostInPart }: TypoLimits,
): TypoMatch | null {
  const width = folded.units.length;
  const { length } = needle.units;
  let best: TypoMatch | null = null;
  const offer = (place: 0 | 1 | 2, distance: number, lost: number, start: number, end: number): void => {
    const base = TYPO[distance - 1]?.[place];
    if (base === undefined) return;
    const fit = 0 - lost - (folded.units[start] === needle.units[0] ? 0 : TYPO_FIRST);
    const match: Match = { tier: 'typo', base, fit };
    if (best === null || total(match) > total(best.match)) best = { match, start, end };
  };
  const anchored = distances(needle.units, folded.units, 0, true);
  if (anchored.whole <= most) offer(0, anchored.whole, Math.abs(width - length) * TYPO_LENGTH, 0, width);
  if (mostInPart === 0) return best;
  if (anchored.smallest <= mostInPart) {
    offer(1, anchored.smallest, leftBehind(folded, anchored.end), 0, anchored.end);
  }
  if (anchored.whole <= most || anchored.smallest <= mostInPart) return best;
  if (distances(needle.units, folded.units, 0, false).smallest > mostInPart) return best;
  for (let start = 1; start < width; start++) {
    if (!(folded.flags[start]! & HUMP)) continue;
    const { smallest, end } = distances(needle.units, folded.units, start, true);
    if (smallest <= mostInPart) {
      offer(2, smallest, skipped(folded, start) + leftBehind(folded, start + end), start, start + end);
    }
  }
  return best;
}

interface Distances {
  /** To all units from the start on. */
  readonly whole: number;
  /** The smallest to a prefix of these; to any part, where it is not anchored. */
  readonly smallest: number;
  /** The first place where that ends, from the start on. */
  readonly end: number;
}

/** Columns of the table, one after the other; the last three are kept. */
function distances(
  query: readonly number[],
  units: readonly number[],
  start: number,
  anchored: boolean,
): Distances {
  const { length } = query;
  let two = new Int32Array(length + 1);
  let one = Int32Array.from({ length: length + 1 }, (_, row) => row);
  let own = new Int32Array(length + 1);
  let [smallest, end] = [length, 0];
  for (let at = start; at < units.length; at++) {
    own[0] = anchored ? at - start + 1 : 0;
    for (let row = 1; row <= length; row++) {
      const same = query[row - 1] === units[at];
      let value = Math.min(one[row - 1]! + (same ? 0 : 1), one[row]! + 1, own[row - 1]! + 1);
      if (row > 1 && at > start && query[row - 1] === units[at - 1] && query[row - 2] === units[at]) {
        value = Math.min(value, two[row - 2]! + 1);
      }
      own[row] = value;
    }
    if (own[length]! < smallest) [smallest, end] = [own[length]!, at - start + 1];
    [two, one, own] = [one, own, two];
  }
  return { whole: one[length]!, smallest, end };
}

/** Which letters of a part of a name stand in the query, by an alignment with the fewest typos: places in the name. */
export function keptLetters(needle: Needle, folded: Folded, { start, end }: TypoMatch): number[] {
  const query = needle.units;
  const units = folded.units.slice(start, end);
  const table: number[][] = [];
  for (let row = 0; row <= query.length; row++) {
    const values: number[] = [];
    for (let column = 0; column <= units.length; column++) {
      if (row === 0 || column === 0) {
        values.push(row + column);
        continue;
      }
      const same = query[row - 1] === units[column - 1];
      let value = Math.min(
        table[row - 1]![column - 1]! + (same ? 0 : 1),
        table[row - 1]![column]! + 1,
        values[column - 1]! + 1,
      );
      if (isSwap(query, units, row, column)) value = Math.min(value, table[row - 2]![column - 2]! + 1);
      values.push(value);
    }
    table.push(values);
  }
  const kept: number[] = [];
  let [row, column] = [query.length, units.length];
  while (row > 0 && column > 0) {
    const value = table[row]![column]!;
    const diagonal = table[row - 1]![column - 1]!;
    if (query[row - 1] === units[column - 1] && value === diagonal) {
      kept.push(start + column - 1);
      [row, column] = [row - 1, column - 1];
    } else if (isSwap(query, units, row, column) && value === table[row - 2]![column - 2]! + 1) {
      kept.push(start + column - 1, start + column - 2);
      [row, column] = [row - 2, column - 2];
    } else if (value === diagonal + 1) {
      [row, column] = [row - 1, column - 1];
    } else if (value === table[row - 1]![column]! + 1) {
      row--;
    } else {
      column--;
    }
  }
  return kept.reverse();
}

function isSwap(query: readonly number[], units: readonly number[], row: number, column: number): boolean {
  return (
    row > 1 && column > 1 && query[row - 1] === units[column - 2] && query[row - 2] === units[column - 1]
  );
}
