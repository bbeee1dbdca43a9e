/** How well a name matches a query: the tiers, but for typos. */

import type { MatchTier } from '../types';
import { align } from './align';
import { fold, type Folded, HUMP, type Mask, maskOf, UPPER } from './fold';
import {
  ALL_INITIALS,
  AS_TYPED,
  CASE,
  EXACT,
  INITIALS,
  INNER,
  INNER_LETTER,
  INNER_LETTERS,
  LEFT_LETTER,
  LEFT_WORD,
  NO_WORD,
  OTHER_BEGINNING,
  PREFIX,
  ROOM,
  SAME_BUT_CASE,
  SAME_TEXT,
  SKIPPED_LETTER,
  SKIPPED_WORD,
  WORD,
  WORD_END,
} from './weights';

/** A name that is looked for. */
export interface Needle {
  readonly text: string;
  readonly folded: Folded;
  readonly units: readonly number[];
  readonly mask: Mask;
  /** Whether it has capitals. */
  readonly cased: boolean;
  /** Whether it begins with a separator, or with a capital among small letters. */
  readonly marked: boolean;
  /** The text with ASCII letters in lower case. */
  readonly lower: string;
}

export function needleOf(text: string): Needle {
  const folded = fold(text);
  const capitals = folded.flags.map((flags) => (flags & UPPER) !== 0);
  const capital = capitals[0] === true && !capitals.every(Boolean);
  return {
    text,
    folded,
    units: folded.units,
    mask: maskOf(folded.units),
    cased: capitals.includes(true),
    marked: capital || /^[-_$]/.test(text),
    lower: lowerAscii(text),
  };
}

function lowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase());
}

function sameness(name: string, needle: Needle): number {
  if (name === needle.text) return SAME_TEXT;
  return lowerAscii(name) === needle.lower ? SAME_BUT_CASE : 0;
}

/** A match of a name. */
export interface Match {
  readonly tier: MatchTier;
  readonly base: number;
  /** All but the base. */
  readonly fit: number;
}

export function total({ base, fit }: Match): number {
  return base + fit;
}

/** What the case of a letter adds, less what a word that does not begin there takes away. */
export function caseOf({ folded, units, cased }: Needle, letter: number, flags: number): number {
  const own = folded.flags[letter] ?? 0;
  const same = !cased || (own & UPPER) === (flags & UPPER) ? Math.trunc(CASE / Math.max(units.length, 1)) : 0;
  return letter > 0 && own & HUMP && !(flags & HUMP) ? same - NO_WORD : same;
}

/** Matches a folded name; null where its letters are too far apart, or not there. */
export function matchName(needle: Needle, name: string, folded: Folded, fuzzy: boolean): Match | null {
  if (needle.units.length > folded.units.length) return null;
  const start = matchStart(needle, name, folded);
  if (start !== null) return start;
  const piece = matchPiece(needle, name, folded);
  if (!fuzzy || needle.units.length < 2) return piece?.match ?? null;
  const letters = align(needle, folded);
  if (letters === null) return piece?.match ?? null;
  return piece !== null && total(piece.match) > total(letters) ? piece.match : letters;
}

/** The tiers that concern the beginning of a name: exact, prefix, initials. */
export function matchStart(needle: Needle, name: string, folded: Folded): Match | null {
  const { length } = needle.units;
  if (isAt(needle.units, folded.units, 0)) {
    const own = caseOfPiece(needle, folded, 0);
    if (folded.units.length === length) {
      return { tier: 'exact', base: EXACT, fit: sameness(name, needle) + own };
    }
    const typed = lowerAscii(name).startsWith(needle.lower) ? AS_TYPED : 0;
    const other = needle.marked && !name.startsWith(needle.text) ? OTHER_BEGINNING : 0;
    const fit =
      Math.max(ROOM - leftBehind(folded, length), 0) + wordEnd(folded, length) + typed - other + own;
    return { tier: 'prefix', base: PREFIX, fit };
  }
  return length < 2 ? null : matchInitials(needle, folded);
}

function matchInitials(needle: Needle, folded: Folded): Match | null {
  const { length } = needle.units;
  let matched = 0;
  let words = 0;
  let last = 0;
  let own = 0;
  for (let at = 0; at < folded.units.length; at++) {
    if (!(folded.flags[at]! & HUMP)) continue;
    if (matched < length) {
      if (needle.units[matched] !== folded.units[at]) return null;
      own += caseOf(needle, matched, folded.flags[at]!);
      matched++;
      last = at;
    }
    words++;
  }
  if (matched < length) return null;
  const between = last + 1 - length;
  const fit = Math.max(ROOM - between * SKIPPED_LETTER - leftBehind(folded, last + 1), 0);
  return { tier: 'initials', base: INITIALS, fit: fit + (words === length ? ALL_INITIALS : 0) + own };
}

/** The best place at which the name has the query in one piece. */
export function matchPiece(
  needle: Needle,
  name: string,
  folded: Folded,
): { match: Match; start: number } | null {
  let best: { match: Match; start: number } | null = null;
  const inner = INNER + INNER_LETTER * Math.min(Math.max(needle.units.length - 4, 0), INNER_LETTERS);
  // Looked for where there is a piece at all.
  let typed: number | undefined;
  for (let at = 1; at + needle.units.length <= folded.units.length; at++) {
    if (!isAt(needle.units, folded.units, at)) continue;
    const end = at + needle.units.length;
    const room = Math.max(ROOM - skipped(folded, at) - leftBehind(folded, end), 0);
    typed ??= lowerAscii(name).includes(needle.lower) ? AS_TYPED : 0;
    const fit = room + wordEnd(folded, end) + typed + caseOfPiece(needle, folded, at);
    const match: Match = { tier: 'substring', base: folded.flags[at]! & HUMP ? WORD : inner, fit };
    if (best === null || total(match) > total(best.match)) best = { match, start: at };
  }
  return best;
}

export function isAt(part: readonly number[], whole: readonly number[], start: number): boolean {
  if (start + part.length > whole.length) return false;
  for (let at = 0; at < part.length; at++) if (part[at] !== whole[start + at]) return false;
  return true;
}

function caseOfPiece(needle: Needle, folded: Folded, start: number): number {
  let sum = 0;
  for (let at = 0; at < needle.units.length; at++) sum += caseOf(needle, at, folded.flags[start + at]!);
  return sum;
}

/** Cost of the units before `end`. */
export function skipped({ flags }: Folded, end: number): number {
  let sum = 0;
  for (let at = 0; at < end; at++) sum += flags[at]! & HUMP ? SKIPPED_WORD : SKIPPED_LETTER;
  return sum;
}

/** Cost of the units from `start` on. */
export function leftBehind({ flags }: Folded, start: number): number {
  let sum = 0;
  for (let at = start; at < flags.length; at++) sum += flags[at]! & HUMP ? LEFT_WORD : LEFT_LETTER;
  return sum;
}

function wordEnd({ flags }: Folded, end: number): number {
  return end < flags.length && !(flags[end]! & HUMP) ? 0 : WORD_END;
}
