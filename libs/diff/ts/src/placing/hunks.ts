/** The hunks of a patch onto a text, as far as they may reach; the whole of `applyUnifiedDiff` without the binding. */

import type { StructuredPatch, StructuredPatchHunk } from 'diff';

import type { HunkOutcome, MatchStrategy } from '../results';
import { LadderText, linesOf, MAX_CANDIDATES, type Refusal, type Step, withoutNewline } from './ladder';
import { convertLineEndings } from './line-endings';
import { MAX_NEAREST, nearestPlace } from './nearest';

/** The old and new side of a hunk; lines hold their newline, where they have one. */
interface Sides {
  readonly old: readonly string[];
  readonly new: readonly string[];
  readonly steps: readonly Step[];
  /** Whether a line says that it has no newline. */
  readonly isMarked: boolean;
  /** 0-based line that the header names. */
  readonly stated: number;
}

/** Applies the hunks of a patch, all or none; none goes farther than `reach`. */
export function applyHunks(
  source: string,
  patch: StructuredPatch,
  reach: MatchStrategy,
): { readonly text: string | null; readonly hunks: HunkOutcome[] } {
  const lines = linesOf(source);
  const ladder = new LadderText(lines);
  const result: string[] = [];
  const append = (more: readonly string[]): void => {
    for (const line of more) result.push(line);
  };
  let done = 0;
  let shift = 0;
  let searches = MAX_NEAREST;
  const hunks = convertLineEndings(patch.hunks, source).map((hunk): HunkOutcome => {
    const sides = sidesOf(hunk);
    const expected = sides.stated + shift;
    const found = locate(lines, sides, expected, done, reach);
    if (typeof found === 'number') {
      append(lines.slice(done, found));
      append(sides.new);
      done = found + sides.old.length;
      shift = found - sides.stated;
      const strategy = found === expected ? 'exact' : 'offset';
      return { status: 'applied', strategy, line: found + 1, offset: shift, similarity: 1 };
    }
    const place = mayReach(found, sides) ? ladder.place(sides.steps, { expected, from: done }, reach) : null;
    if (place === null || 'code' in place) {
      const refusal = place ?? found;
      const isSearched = refusal.code === 'NO_MATCH' && searches-- > 0;
      return rejection(lines, sides, Math.max(0, expected), refusal, isSearched);
    }
    append(lines.slice(done, place.start));
    append(place.lines);
    done = place.end;
    shift = place.start - sides.stated;
    const { strategy, similarity } = place;
    return { status: 'applied', strategy, line: place.start + 1, offset: shift, similarity };
  });
  const complete = hunks.every(({ status }) => status === 'applied');
  return { text: complete ? result.concat(lines.slice(done)).join('') : null, hunks };
}

/** A hunk that says how the text ends is not reached for where it ends otherwise. */
function mayReach({ code }: Refusal, { isMarked }: Sides): boolean {
  return code === 'NO_MATCH' || (code === 'END_OF_FILE' && !isMarked);
}

function locate(
  lines: readonly string[],
  sides: Sides,
  expected: number,
  done: number,
  reach: MatchStrategy,
): number | Refusal {
  let refusal: Refusal = { code: 'NO_MATCH' };
  if (standsAt(lines, sides.old, expected, same)) {
    if (!endsWell(lines, sides, expected)) refusal = { code: 'END_OF_FILE' };
    else if (expected >= done) return expected;
    else refusal = { code: 'OVERLAP' };
  } else if (standsAt(lines, sides.old, expected, sameButForNewline)) {
    refusal = { code: 'END_OF_FILE' };
  }
  // Lines without any context could go anywhere.
  if (sides.old.length === 0 || reach === 'exact') return refusal;
  const places: number[] = [];
  for (let at = done; at + sides.old.length <= lines.length && places.length < MAX_CANDIDATES; at++) {
    if (standsAt(lines, sides.old, at, same) && endsWell(lines, sides, at)) places.push(at);
  }
  if (places.length > 1) return { code: 'AMBIGUOUS', candidates: places.map((at) => at + 1) };
  return places[0] ?? refusal;
}

function standsAt(
  lines: readonly string[],
  wanted: readonly string[],
  at: number,
  equal: (a: string, b: string) => boolean,
): boolean {
  if (at < 0 || at + wanted.length > lines.length) return false;
  return wanted.every((line, index) => equal(line, lines[at + index]!));
}

const same = (a: string, b: string): boolean => a === b;
const sameButForNewline = (a: string, b: string): boolean => withoutNewline(a) === withoutNewline(b);

/** Whether only the last line of the result would be without newline. */
function endsWell(lines: readonly string[], sides: Sides, at: number): boolean {
  const open = (line: string): boolean => !line.endsWith('\n');
  const before = lines[at - 1];
  if (sides.new.length > 0 && before !== undefined && open(before)) return false;
  if (sides.new.slice(0, -1).some(open)) return false;
  const last = sides.new[sides.new.length - 1];
  return last === undefined || !open(last) || at + sides.old.length === lines.length;
}

function sidesOf(hunk: StructuredPatchHunk): Sides {
  const steps: Step[] = [];
  let isMarked = false;
  hunk.lines.forEach((line, index) => {
    const marker = line[0] ?? ' ';
    if (marker === '\\') {
      isMarked = true;
      return;
    }
    const kind = marker === '+' ? 'added' : marker === '-' ? 'removed' : 'context';
    steps.push({ kind, line: line.slice(1) + (hunk.lines[index + 1]?.startsWith('\\') ? '' : '\n') });
  });
  const side = (other: Step['kind']): string[] =>
    steps.flatMap(({ kind, line }) => (kind === other ? [] : [line]));
  return {
    old: side('added'),
    new: side('removed'),
    steps,
    isMarked,
    stated: Math.max(0, hunk.oldStart - 1),
  };
}

function rejection(
  lines: readonly string[],
  sides: Sides,
  line: number,
  refusal: Refusal,
  isSearched: boolean,
): HunkOutcome {
  const nearest = isSearched
    ? nearestPlace(lines.map(withoutNewline), sides.old.map(withoutNewline))
    : undefined;
  return {
    status: 'rejected',
    code: refusal.code,
    line: line + 1,
    offset: line - sides.stated,
    similarity: refusal.code === 'NO_MATCH' ? (nearest?.similarity ?? 0) : 1,
    ...(refusal.candidates === undefined ? {} : { candidates: refusal.candidates }),
    ...(nearest === undefined ? {} : { nearest }),
  };
}
