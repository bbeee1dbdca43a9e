/** `unifiedDiff` without the binding: npm diff up to a budget, past it one replaced block. */

import type { NativeDiff, NativeDiffOptions } from '@fishplate/diff-native';
import { formatPatch, OMIT_HEADERS, type StructuredPatchHunk, structuredPatch } from 'diff';

import type { TextInput } from '../input';
import { latin1 } from './bytes';

/** Edits that npm diff may look for: some 0.3 s and, where `exact` was asked for, some 20 s at the most. */
const EDIT_BUDGET = { auto: 2_000, exact: 20_000 } as const;

/** The hunks of a diff as text, made by npm diff; bytes are read and written as Latin-1, which keeps each one. */
export function unifiedHunks(oldText: TextInput, newText: TextInput, options: NativeDiffOptions): NativeDiff {
  if (typeof oldText !== 'string' || typeof newText !== 'string') {
    const diff = unifiedHunks(latin1(oldText), latin1(newText), options);
    return { ...diff, body: Buffer.from(diff.body as string, 'latin1') };
  }
  const { context, algorithm, timeoutMs } = options;
  const budget = algorithm === 'exact' ? EDIT_BUDGET.exact : EDIT_BUDGET.auto;
  const exact = structuredPatch('', '', oldText, newText, '', '', {
    context,
    maxEditLength: budget,
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
  });
  const hunks = exact?.hunks ?? coarseHunks(oldText, newText, context);
  return {
    body: hunks.length === 0 ? '' : hunkText(hunks),
    algorithm: exact === undefined ? 'coarse' : 'exact',
    hunks: hunks.length,
    ...countChanges(hunks),
  };
}

/** Hunks as text, without file headers. */
export function hunkText(hunks: StructuredPatchHunk[]): string {
  const headless = {
    oldFileName: undefined,
    newFileName: undefined,
    oldHeader: undefined,
    newHeader: undefined,
  };
  return formatPatch({ ...headless, hunks }, OMIT_HEADERS);
}

function countChanges(hunks: readonly StructuredPatchHunk[]): { added: number; removed: number } {
  let added = 0;
  let removed = 0;
  for (const { lines } of hunks) {
    for (const line of lines) {
      if (line.startsWith('+')) added++;
      else if (line.startsWith('-')) removed++;
    }
  }
  return { added, removed };
}

/** All between the common head and tail as one replaced block: linear in time, correct, and no more. */
function coarseHunks(oldText: string, newText: string, context: number): StructuredPatchHunk[] {
  const before = linesOf(oldText);
  const after = linesOf(newText);
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < shorter - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  const start = Math.max(0, head - context);
  const trailing = Math.min(tail, context);
  const oldEnd = before.length - tail;
  const newEnd = after.length - tail;
  const lines = [
    ...marked(' ', before, start, head),
    ...marked('-', before, head, oldEnd),
    ...marked('+', after, head, newEnd),
    ...marked(' ', after, newEnd, newEnd + trailing),
  ];
  const oldLines = oldEnd + trailing - start;
  const newLines = newEnd + trailing - start;
  return [{ oldStart: start + 1, oldLines, newStart: start + 1, newLines, lines }];
}

function linesOf(text: string): string[] {
  const lines = text.split('\n').map((line) => `${line}\n`);
  const last = lines.pop()!.slice(0, -1);
  return last === '' ? lines : [...lines, last];
}

function* marked(marker: string, lines: readonly string[], start: number, end: number): Generator<string> {
  for (let index = start; index < end; index++) {
    const line = lines[index]!;
    yield marker + (line.endsWith('\n') ? line.slice(0, -1) : line);
    if (!line.endsWith('\n')) yield '\\ No newline at end of file';
  }
}
