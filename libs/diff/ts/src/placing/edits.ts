/** Search/replace edits onto a text, as far as they may reach; the whole of `applyEdits` without the binding. */

import type { SearchReplace } from '../edits';
import { diffLines } from '../compare';
import type { ChangeOutcome, MatchStrategy } from '../results';
import { Budget, LadderText, linesOf, MAX_CANDIDATES, type Step } from './ladder';
import { MAX_NEAREST, nearestPlace } from './nearest';

/** Makes the edits one after the other, all or none; none goes farther than `reach`. */
export function editText(
  text: string,
  edits: readonly SearchReplace[],
  reach: MatchStrategy,
): { readonly text: string | null; readonly edits: ChangeOutcome[] } {
  let edited = text;
  let ladder: LadderText | null = null;
  const budget = new Budget();
  let searches = MAX_NEAREST;
  const outcomes = edits.map(({ search, replace }): ChangeOutcome => {
    if (search === '') return { status: 'rejected', code: 'EMPTY_SEARCH' };
    const places = occurrences(edited, search);
    const [at] = places;
    if (at === undefined) {
      ladder ??= new LadderText(linesOf(edited), budget);
      const { lines } = ladder;
      const place = search === replace ? null : ladder.place(stepsOf(search, replace), { from: 0 }, reach);
      if (place !== null && 'code' in place) return { status: 'rejected', ...place };
      if (place !== null) {
        const { start, end, strategy, similarity } = place;
        edited = [...lines.slice(0, start), ...place.lines, ...lines.slice(end)].join('');
        ladder = null;
        return { status: 'applied', strategy, line: start + 1, similarity };
      }
      const wanted = search.replace(/\n$/, '').split('\n');
      const nearest = searches-- > 0 ? nearestPlace(edited.split('\n'), wanted) : undefined;
      return { status: 'rejected', code: 'NO_MATCH', ...(nearest === undefined ? {} : { nearest }) };
    }
    if (places.length > 1) {
      return {
        status: 'rejected',
        code: 'AMBIGUOUS',
        candidates: places.map((place) => lineOf(edited, place)),
      };
    }
    const line = lineOf(edited, at);
    if (search === replace) return { status: 'rejected', code: 'NO_CHANGE', line };
    ladder = null;
    edited = edited.slice(0, at) + replace + edited.slice(at + search.length);
    return { status: 'applied', strategy: 'exact', line };
  });
  return { text: outcomes.every(({ status }) => status === 'applied') ? edited : null, edits: outcomes };
}

/** Edits that are compared for what they leave as it is; past that all of the search counts as replaced. */
const MAX_EDIT_LENGTH = 2_000;

/** An edit by its lines: what search and replacement share is context. */
function stepsOf(search: string, replace: string): Step[] {
  const [before, after] = [wholeLines(search), wholeLines(replace)];
  const changes = diffLines(before, after, { maxEditLength: MAX_EDIT_LENGTH }) ?? [
    { value: before, removed: true, added: false },
    { value: after, removed: false, added: true },
  ];
  return changes.flatMap(({ value, removed, added }) => {
    const kind = removed ? 'removed' : added ? 'added' : 'context';
    return linesOf(value).map((line): Step => ({ kind, line }));
  });
}

function wholeLines(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

/** Where `search` starts, overlapping or not, the first places only. */
function occurrences(text: string, search: string): number[] {
  const places: number[] = [];
  let at = text.indexOf(search);
  while (at >= 0 && places.length < MAX_CANDIDATES) {
    if (!splitsPair(text, at) && !splitsPair(text, at + search.length)) places.push(at);
    at = text.indexOf(search, at + 1);
  }
  return places;
}

/** Whether a cut before `at` would go through a surrogate pair: half a character is no match. */
function splitsPair(text: string, at: number): boolean {
  const [before, after] = [text.charCodeAt(at - 1), text.charCodeAt(at)];
  return before >= 0xd800 && before < 0xdc00 && after >= 0xdc00 && after < 0xe000;
}

function lineOf(text: string, at: number): number {
  let line = 1;
  for (let next = text.indexOf('\n'); next >= 0 && next < at; next = text.indexOf('\n', next + 1)) line++;
  return line;
}
