/** Queries: candidates by their letters, best tiers first, until nothing left can be better than what was found. */

import { KIND_NUMBERS } from '../check';
import type { CheckedQuery } from '../engine';
import type { SymbolHit } from '../types';
import { ONCE_HIGH } from './fold';
import { hitOf } from './hits';
import { type Match, matchName, matchStart, total } from './matcher';
import { type PathFilter, pathFilter } from './path-filter';
import type { Fits } from './qualifier';
import { type Reading, readingsOf } from './reading';
import type { Name, Store, StoredFile, StoredSymbol } from './store';
import { Top } from './top';
import { matchTypos, mayMatch, typoLimits } from './typo';
import {
  AS_TYPED,
  BOOST,
  CASE,
  EXPORTED,
  KINDS,
  MOST_KIND,
  MOST_POPULAR,
  POPULAR,
  QUALIFIED,
  ROOM,
  WORD,
  WORD_END,
} from './weights';

/**
 * Letters of the shortest name behind a qualifier that is found by letters in their order: all too many names have two or
 * three letters.
 */
const FUZZY_BEHIND_QUALIFIER = 4;

/** The hits of a query. */
export function search(store: Store, text: string, options: CheckedQuery): SymbolHit[] {
  const search = new Search(store, options);
  const readings = readingsOf(text);
  if (options.limit === 0) return [];
  for (const reading of readings) search.read(reading);
  return search.top.entries.map(hitOf);
}

class Search {
  readonly top: Top;
  private readonly filter: PathFilter | null;
  private readonly boosted: readonly PathFilter[];
  /** What a file adds; null where it is left out. */
  private readonly places = new Map<StoredFile, number | null>();
  /** The most that anything but the name can add. */
  private readonly most: number;

  constructor(
    private readonly store: Store,
    private readonly options: CheckedQuery,
  ) {
    this.filter = options.path === undefined ? null : pathFilter(options.path);
    this.boosted = options.boostPaths.map(pathFilter);
    this.most = MOST_POPULAR + EXPORTED + MOST_KIND + (this.boosted.length === 0 ? 0 : BOOST);
    this.top = new Top(options.limit);
  }

  read(reading: Reading): void {
    const fits = new Map<StoredFile, Fits>();
    const most = this.most + (reading.qualifier === null ? 0 : QUALIFIED);
    this.starts(reading, fits);
    if (this.top.isBeyond(WORD + ROOM + WORD_END + AS_TYPED + CASE + most)) return;
    this.insides(reading, fits);
    if (this.options.fuzzy && !this.top.hasPiece()) this.typos(reading, fits);
  }

  /** Names that begin with the query, or whose words begin with its letters. */
  private starts(reading: Reading, fits: Map<StoredFile, Fits>): void {
    const { needle } = reading;
    const { low, high } = needle.mask;
    for (const name of this.store.names.values()) {
      if (low & ~name.mask.low || high & ~name.mask.high) continue;
      const isInitial = !(low & ~name.initials.low) && !(high & ONCE_HIGH & ~name.initials.high);
      if (name.folded.units[0] !== needle.units[0] && !isInitial) continue;
      if (name.symbols.size === 0) continue;
      const found = matchStart(needle, name.text, name.folded);
      if (found !== null) this.take(reading, name, found, fits);
    }
  }

  /** Names that have the query, or its letters, elsewhere. */
  private insides(reading: Reading, fits: Map<StoredFile, Fits>): void {
    const { needle } = reading;
    const { low, high } = needle.mask;
    const fuzzy =
      this.options.fuzzy && (reading.qualifier === null || needle.units.length >= FUZZY_BEHIND_QUALIFIER);
    for (const name of this.store.names.values()) {
      if (low & ~name.mask.low || high & ~name.mask.high || name.symbols.size === 0) continue;
      const found = matchName(needle, name.text, name.folded, fuzzy);
      if (found?.tier === 'substring' || found?.tier === 'subsequence') this.take(reading, name, found, fits);
    }
  }

  /** Names with typos, where no name has the query in one piece. */
  private typos(reading: Reading, fits: Map<StoredFile, Fits>): void {
    const { needle } = reading;
    const limits = typoLimits(needle);
    if (limits === null) return;
    for (const name of this.store.names.values()) {
      if (!mayMatch(needle, name, limits) || name.symbols.size === 0) continue;
      const found = matchTypos(needle, name.folded, limits)?.match;
      if (found === undefined) continue;
      const other = matchName(needle, name.text, name.folded, true);
      if (other === null || total(other) < total(found)) this.take(reading, name, found, fits);
    }
  }

  /** Offers all symbols of a name that matches. */
  private take(reading: Reading, name: Name, found: Match, fits: Map<StoredFile, Fits>): void {
    const qualified = reading.qualifier === null ? 0 : QUALIFIED;
    const popular = Math.min((31 - Math.clz32(name.symbols.size)) * POPULAR, MOST_POPULAR);
    const base = total(found) + popular;
    if (this.top.isBeyond(base + this.most - MOST_POPULAR + qualified)) return;
    for (const stored of name.symbols) {
      const kind = KIND_NUMBERS.get(stored.symbol.kind)!;
      if (this.options.kinds !== 0 && !(this.options.kinds & (1 << kind))) continue;
      const boost = this.place(stored.file);
      if (boost === null) continue;
      const declared = KINDS[kind - 1]! + (stored.symbol.exported ? EXPORTED : 0);
      const score = base + boost + declared;
      if (this.top.isBeyond(score + qualified)) continue;
      const place = qualify(reading, stored, fits);
      if (place === null) continue;
      this.top.offer({ stored, score: score + place, reading, found, popular, declared, place, boost });
    }
  }

  private place(file: StoredFile): number | null {
    let place = this.places.get(file);
    if (place === undefined) {
      if (this.filter !== null && !this.filter(file.path)) place = null;
      else place = this.boosted.some((filter) => filter(file.path)) ? BOOST : 0;
      this.places.set(file, place);
    }
    return place;
  }
}

function qualify(
  { qualifier }: Reading,
  { file, container }: StoredSymbol,
  fits: Map<StoredFile, Fits>,
): number | null {
  if (qualifier === null) return 0;
  if (qualifier.isExcluded(file.mask, container?.mask)) return null;
  let path = fits.get(file);
  if (path === undefined) {
    path = qualifier.fitPath(file.path);
    fits.set(file, path);
  }
  return qualifier.worth(path, container?.text ?? '');
}
