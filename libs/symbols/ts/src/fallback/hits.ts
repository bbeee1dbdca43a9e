/** What a query gives: a symbol, why it was found, and which letters of it matched. */

import type { MatchTier, SymbolHit } from '../types';
import { placesOf } from './align';
import { type Folded, HUMP } from './fold';
import { caseOf, matchPiece, type Needle } from './matcher';
import type { Name } from './store';
import type { Entry } from './top';
import { keptLetters, matchTypos, typoLimits } from './typo';

/** The hit of an entry. */
export function hitOf({ stored, score, reading, found, popular, declared, place, boost }: Entry): SymbolHit {
  const { folded } = stored.name;
  const places = placesFor(reading.needle, stored.name, found.tier);
  const own =
    found.tier === 'typo'
      ? 0
      : places.reduce((sum, at, letter) => sum + caseOf(reading.needle, letter, folded.flags[at]!), 0);
  return {
    path: stored.file.path,
    ...stored.symbol,
    score,
    tier: found.tier,
    ranges: rangesOf(folded, places),
    parts: { tier: found.base, fit: found.fit - own, case: own, popular, declared, place, boost },
  };
}

/** Where the letters of the query are in the name. */
function placesFor(needle: Needle, { text, folded }: Name, tier: MatchTier): number[] {
  const { length } = needle.units;
  switch (tier) {
    case 'exact':
    case 'prefix':
      return run(0, length);
    case 'initials':
      return run(0, folded.units.length)
        .filter((at) => folded.flags[at]! & HUMP)
        .slice(0, length);
    case 'substring':
      return run(matchPiece(needle, text, folded)!.start, length);
    case 'subsequence':
      return placesOf(needle, folded);
    case 'typo':
      return keptLetters(needle, folded, matchTypos(needle, folded, typoLimits(needle)!)!);
  }
}

function run(start: number, length: number): number[] {
  return Array.from({ length }, (_, index) => start + index);
}

/** Neighbouring places together, as places of the name itself. */
function rangesOf({ origins }: Folded, places: readonly number[]): [number, number][] {
  const ranges: [number, number][] = [];
  for (const at of places) {
    const [start, length] = origins[at]!;
    const last = ranges.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], start + length);
    else ranges.push([start, start + length]);
  }
  return ranges;
}
