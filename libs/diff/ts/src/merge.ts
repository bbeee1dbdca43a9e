/** Three-way merge of texts by lines, as `git merge-file` does it. */

import type { ChangeObject } from 'diff';

import { diffLines } from './compare';
import { checkCount, checkOptions, checkString } from './input';
import { DIFF_CODES } from './codes';
import { describe } from './input';
import { withCodes } from './native';
import { parsePatch } from './parse';
import { linesOf } from './placing/ladder';
import type { EngineOption } from './results';
import { unifiedDiff } from './unified';

/** How conflicts are shown: the two sides (`merge`), the base between them (`diff3`), the same but for equal ends (`zdiff3`). */
export type ConflictStyle = 'merge' | 'diff3' | 'zdiff3';

/** Options of {@link merge3}. */
export interface MergeOptions extends EngineOption {
  /** `merge` unless given, as in git. */
  readonly style?: ConflictStyle;
  /** Names behind the conflict markers; `ours`, `base` and `theirs` unless given. */
  readonly labels?: { readonly ours?: string; readonly base?: string; readonly theirs?: string };
  /** Characters of a conflict marker; 7 unless given. */
  readonly markerSize?: number;
}

/** Lines of the merged text, from 1, that hold a conflict with its markers. */
export interface MergeConflict {
  readonly line: number;
  readonly lines: number;
}

/** A merged text. */
export interface MergedText {
  /** True where there is no conflict. */
  readonly ok: boolean;
  /** The merged text; conflicts stand in it between markers. */
  readonly text: string;
  readonly conflicts: readonly MergeConflict[];
}

const STYLES: readonly string[] = ['merge', 'diff3', 'zdiff3'] satisfies ConflictStyle[];

/** A replacement of base lines: `length` lines from `start` on become `newLength` lines of a side from `newStart` on. */
interface Change {
  readonly start: number;
  readonly length: number;
  readonly newStart: number;
  readonly newLength: number;
}

/** Lines of the three texts that belong together. */
interface Region {
  kind: 'ours' | 'theirs' | 'same' | 'conflict';
  base: [start: number, end: number];
  ours: [start: number, end: number];
  theirs: [start: number, end: number];
}

/**
 * Merges what two texts changed in a third.
 *
 * Changes of the two sides that touch are a conflict, unless they are the same. Lines on which both sides of a conflict
 * agree are taken out of it: in the style `merge` anywhere, in `zdiff3` at its ends. In `merge` conflicts with at most
 * three lines between them, or without a letter or digit there, are shown as one. This is `git merge-file` with its
 * default level; where lines repeat, git may pair them in another way.
 *
 * Costs two exact comparisons, and one for each conflict. Where more than a thousand lines differ, {@link unifiedDiff}
 * compares in their place, whose work is bounded: the merge is right, and conflicts may be wider than need be.
 *
 * @returns The merged text; a conflict is no error.
 * @throws FishplateError `INPUT_INVALID`, `OPTION_INVALID`, `DIFF_TOO_LARGE`.
 */
export function merge3(base: string, ours: string, theirs: string, options: MergeOptions = {}): MergedText {
  const given = checkOptions(options);
  for (const [name, value] of Object.entries({ base, ours, theirs })) checkString(value, name);
  const { style = 'merge', markerSize = 7, engine } = given;
  if (!STYLES.includes(style)) {
    throw DIFF_CODES.error(
      'OPTION_INVALID',
      `style must be one of ${STYLES.join(', ')}, and is ${describe(style)}`,
    );
  }
  checkCount(markerSize, 'markerSize', 1);
  const labels = { ours: 'ours', base: 'base', theirs: 'theirs', ...given.labels };
  for (const [name, value] of Object.entries(labels)) checkString(value, `labels.${name}`);
  return withCodes(() => {
    const lines = { base: linesOf(base), ours: linesOf(ours), theirs: linesOf(theirs) };
    const choice = engine === undefined ? {} : { engine };
    let regions = pairUp(changes(base, ours, choice), changes(base, theirs, choice), lines);
    if (style === 'merge') {
      regions = joined(
        regions.flatMap((region) => refined(region, lines, choice)),
        lines.ours,
      );
    } else if (style === 'zdiff3') {
      for (const region of regions) trim(region, lines);
    }
    return write(regions, lines, { style, markerSize, labels });
  });
}

interface Lines {
  readonly base: readonly string[];
  readonly ours: readonly string[];
  readonly theirs: readonly string[];
}

/** Most lines removed and added that are compared exactly. */
const EXACT_EDITS = 1000;

function changes(before: string, after: string, options: EngineOption): Change[] {
  const runs = diffLines(before, after, { ...options, maxEditLength: EXACT_EDITS });
  return runs === undefined ? boundedChanges(before, after, options) : changesIn(runs);
}

function changesIn(runs: readonly ChangeObject<string>[]): Change[] {
  const found: Change[] = [];
  let [start, newStart, length, newLength] = [0, 0, 0, 0];
  const flush = (): void => {
    if (length + newLength > 0) found.push({ start, length, newStart, newLength });
    [start, newStart, length, newLength] = [start + length, newStart + newLength, 0, 0];
  };
  for (const { count, added, removed } of runs) {
    if (removed) length += count;
    else if (added) newLength += count;
    else {
      flush();
      start += count;
      newStart += count;
    }
  }
  flush();
  return found;
}

/** Past the exact budget: the same, from an engine whose work is bounded. */
function boundedChanges(before: string, after: string, options: EngineOption): Change[] {
  const { patch } = unifiedDiff(before, after, { ...options, context: 0 });
  return parsePatch(patch, options).flatMap(({ hunks }) =>
    hunks.map(({ oldStart, oldLines, newStart, newLines }) => ({
      ...{ start: oldStart - 1, length: oldLines },
      ...{ newStart: newStart - 1, newLength: newLines },
    })),
  );
}

/** Puts the changes of both sides in order; those that touch become one conflict. */
function pairUp(ours: readonly Change[], theirs: readonly Change[], lines: Lines): Region[] {
  const regions: Region[] = [];
  let [i, j] = [0, 0];
  while (i < ours.length || j < theirs.length) {
    const [mine, other] = [ours[i], theirs[j]];
    // How far each side is ahead of the base, before the change that comes next.
    const mineShift = shiftBefore(ours, i);
    const otherShift = shiftBefore(theirs, j);
    if (mine !== undefined && (other === undefined || end(mine) < other.start)) {
      append(regions, regionOf('ours', mine, mine, shifted(mine, otherShift)));
      i++;
    } else if (other !== undefined && (mine === undefined || end(other) < mine.start)) {
      append(regions, regionOf('theirs', other, shifted(other, mineShift), other));
      j++;
    } else {
      const [a, b] = [mine!, other!];
      if (!isSame(a, b, lines)) {
        const from = Math.min(a.start, b.start);
        const to = Math.max(end(a), end(b));
        append(regions, {
          kind: 'conflict',
          base: [from, to],
          ours: [a.newStart - (a.start - from), a.newStart + a.newLength + (to - end(a))],
          theirs: [b.newStart - (b.start - from), b.newStart + b.newLength + (to - end(b))],
        });
      } else {
        append(regions, regionOf('same', a, a, b));
      }
      if (end(a) >= end(b)) j++;
      if (end(b) >= end(a)) i++;
    }
  }
  return regions;
}

const end = ({ start, length }: Change): number => start + length;

/** The lines of a side that a change of the other stands for. */
function shifted(change: Change, shift: number): Change {
  return { ...change, newStart: change.start + shift, newLength: change.length };
}

function shiftBefore(changesOfSide: readonly Change[], index: number): number {
  const before = changesOfSide[index - 1];
  return before === undefined ? 0 : before.newStart + before.newLength - end(before);
}

function regionOf(kind: Region['kind'], { start, length }: Change, ours: Change, theirs: Change): Region {
  return {
    kind,
    base: [start, start + length],
    ours: [ours.newStart, ours.newStart + ours.newLength],
    theirs: [theirs.newStart, theirs.newStart + theirs.newLength],
  };
}

function isSame(a: Change, b: Change, { ours, theirs }: Lines): boolean {
  if (a.start !== b.start || a.length !== b.length || a.newLength !== b.newLength) return false;
  for (let index = 0; index < a.newLength; index++) {
    if (ours[a.newStart + index] !== theirs[b.newStart + index]) return false;
  }
  return true;
}

/** Appends a region; one that touches the last on either side becomes part of it. */
function append(regions: Region[], region: Region): void {
  const last = regions[regions.length - 1];
  const touches =
    last !== undefined && (region.ours[0] <= last.ours[1] || region.theirs[0] <= last.theirs[1]);
  if (!touches || last.kind === 'same' || region.kind === 'same') {
    regions.push(region);
    return;
  }
  if (last.kind !== region.kind) last.kind = 'conflict';
  last.base[1] = region.base[1];
  last.ours[1] = region.ours[1];
  last.theirs[1] = region.theirs[1];
}

/** Takes lines on which both sides agree out of a conflict. */
function refined(region: Region, lines: Lines, options: EngineOption): Region[] {
  const [ours, theirs] = [lines.ours.slice(...region.ours), lines.theirs.slice(...region.theirs)];
  if (region.kind !== 'conflict' || ours.length === 0 || theirs.length === 0) return [region];
  const parts = changes(ours.join(''), theirs.join(''), options);
  if (parts.length === 0) return [{ ...region, kind: 'same' }];
  return parts.map(({ start, length, newStart, newLength }) => ({
    kind: 'conflict',
    base: region.base,
    ours: [region.ours[0] + start, region.ours[0] + start + length],
    theirs: [region.theirs[0] + newStart, region.theirs[0] + newStart + newLength],
  }));
}

/** Joins conflicts that have little between them. */
function joined(regions: readonly Region[], ours: readonly string[]): Region[] {
  const result: Region[] = [];
  for (const region of regions) {
    const last = result[result.length - 1];
    const between = last === undefined ? [] : ours.slice(last.ours[1], region.ours[0]);
    const isLittle = between.length <= 3 || !between.some((line) => /[a-z\d]/i.test(line));
    if (last?.kind === 'conflict' && region.kind === 'conflict' && isLittle) {
      last.ours[1] = region.ours[1];
      last.theirs[1] = region.theirs[1];
    } else {
      result.push(region);
    }
  }
  return result;
}

/** Takes equal lines at both ends of its sides out of a conflict. */
function trim(region: Region, lines: Lines): void {
  if (region.kind !== 'conflict') return;
  const { ours, theirs } = region;
  while (ours[0] < ours[1] && theirs[0] < theirs[1] && lines.ours[ours[0]] === lines.theirs[theirs[0]]) {
    ours[0]++;
    theirs[0]++;
  }
  while (
    ours[0] < ours[1] &&
    theirs[0] < theirs[1] &&
    lines.ours[ours[1] - 1] === lines.theirs[theirs[1] - 1]
  ) {
    ours[1]--;
    theirs[1]--;
  }
  if (ours[0] === ours[1] && theirs[0] === theirs[1]) region.kind = 'same';
}

interface Shown {
  readonly style: ConflictStyle;
  readonly markerSize: number;
  readonly labels: { readonly ours: string; readonly base: string; readonly theirs: string };
}

function write(regions: readonly Region[], lines: Lines, { style, markerSize, labels }: Shown): MergedText {
  const merged: string[] = [];
  const conflicts: MergeConflict[] = [];
  const newline = [lines.ours, lines.theirs, lines.base].some((side) => side[0]?.endsWith('\r\n'))
    ? '\r\n'
    : '\n';
  const ended = (side: readonly string[]): string[] =>
    side.map((line) => (line.endsWith('\n') ? line : line + newline));
  const marker = (character: string, label: string): string =>
    `${character.repeat(markerSize)}${label === '' ? '' : ` ${label}`}${newline}`;
  let done = 0;
  const copy = (more: readonly string[]): void => {
    for (const line of more) merged.push(line);
  };
  for (const { kind, base, ours, theirs } of regions) {
    if (kind === 'same') continue;
    copy(lines.ours.slice(done, ours[0]));
    done = ours[1];
    if (kind === 'ours') copy(lines.ours.slice(...ours));
    else if (kind === 'theirs') copy(lines.theirs.slice(...theirs));
    else {
      const first = merged.length + 1;
      copy([marker('<', labels.ours), ...ended(lines.ours.slice(...ours))]);
      if (style !== 'merge') copy([marker('|', labels.base), ...ended(lines.base.slice(...base))]);
      copy([marker('=', ''), ...ended(lines.theirs.slice(...theirs)), marker('>', labels.theirs)]);
      conflicts.push({ line: first, lines: merged.length - first + 1 });
    }
  }
  copy(lines.ours.slice(done));
  return { ok: conflicts.length === 0, text: merged.join(''), conflicts };
}
