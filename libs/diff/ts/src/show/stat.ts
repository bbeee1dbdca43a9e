/** What a patch changes, counted. */

import type { StructuredPatch } from 'diff';

import { checkCount, checkOptions } from '../input';
import { patchesOf } from '../parse';
import type { EngineOption } from '../results';

/** What a patch changes in one file. */
export interface FileStat {
  /** Path of the file it leaves, or of the one that it deletes, without `a/` and `b/`. */
  readonly path: string;
  /** Where a renamed or copied file comes from. */
  readonly from?: string;
  readonly added: number;
  readonly removed: number;
  readonly isBinary: boolean;
}

/** What a patch changes. */
export interface DiffStat {
  readonly files: readonly FileStat[];
  readonly added: number;
  readonly removed: number;
  /** The counts as `git diff --stat` shows them, without a width to fit into but `width`. */
  readonly text: string;
}

/** Columns of the graph in {@link DiffStat.text}. */
const GRAPH_WIDTH = 40;

/**
 * Counts what a patch adds and removes, file by file.
 *
 * @param patch - Unified diff text, or objects of `parsePatch` or `structuredPatch`.
 * @throws FishplateError `PATCH_MALFORMED`, `INPUT_INVALID`, `OPTION_INVALID`.
 */
export function diffStat(
  patch: string | StructuredPatch | readonly StructuredPatch[],
  options: EngineOption & { readonly graphWidth?: number } = {},
): DiffStat {
  const given = checkOptions(options);
  const { graphWidth = GRAPH_WIDTH } = given;
  checkCount(graphWidth, 'graphWidth', 1);
  const files = patchesOf(patch, given).flatMap(statOf);
  const sum = (side: 'added' | 'removed'): number => files.reduce((total, file) => total + file[side], 0);
  const [added, removed] = [sum('added'), sum('removed')];
  return { files, added, removed, text: statText(files, added, removed, graphWidth) };
}

function statOf(patch: StructuredPatch): FileStat[] {
  const { oldFileName, newFileName, hunks, isBinary = false } = patch;
  if (oldFileName === undefined && newFileName === undefined && hunks.length === 0) return [];
  const bare = (name: string | undefined, prefix: string): string | undefined =>
    name === undefined || name === '/dev/null' ? undefined : name.startsWith(prefix) ? name.slice(2) : name;
  const [from, to] = [bare(oldFileName, 'a/'), bare(newFileName, 'b/')];
  const lines = hunks.flatMap((hunk) => hunk.lines);
  const count = (marker: string): number => lines.filter((line) => line.startsWith(marker)).length;
  const path = to ?? from ?? '';
  const moved = from !== undefined && to !== undefined && from !== to ? { from } : {};
  return [{ path, ...moved, added: count('+'), removed: count('-'), isBinary }];
}

function statText(files: readonly FileStat[], added: number, removed: number, width: number): string {
  const names = files.map(({ path, from }) => (from === undefined ? path : `${from} => ${path}`));
  const nameWidth = Math.max(0, ...names.map((name) => name.length));
  const most = Math.max(0, ...files.map((file) => file.added + file.removed));
  const countWidth = Math.max(String(most).length, files.some(({ isBinary }) => isBinary) ? 3 : 0);
  const rows = files.map((file, index) => {
    const name = names[index]!.padEnd(nameWidth);
    if (file.isBinary) return ` ${name} | ${'Bin'.padStart(countWidth)}\n`;
    const total = file.added + file.removed;
    const graph = total === 0 ? '' : ` ${graphOf(file, most, width)}`;
    return ` ${name} | ${String(total).padStart(countWidth)}${graph}\n`;
  });
  const parts = [`${files.length} file${files.length === 1 ? '' : 's'} changed`];
  if (added > 0 || removed === 0) parts.push(`${added} insertion${added === 1 ? '' : 's'}(+)`);
  if (removed > 0 || added === 0) parts.push(`${removed} deletion${removed === 1 ? '' : 's'}(-)`);
  return files.length === 0 ? '' : `${rows.join('')} ${parts.join(', ')}\n`;
}

/** Signs in proportion, one at least for each side that has lines. */
function graphOf({ added, removed }: FileStat, most: number, width: number): string {
  if (most <= width) return '+'.repeat(added) + '-'.repeat(removed);
  const scaled = (count: number): number => (count === 0 ? 0 : 1 + Math.floor((count * (width - 1)) / most));
  const total = Math.max(scaled(added + removed), Number(added > 0) + Number(removed > 0));
  const less = Math.min(scaled(Math.min(added, removed)), Math.max(total - 1, 0));
  return added < removed
    ? '+'.repeat(less) + '-'.repeat(total - less)
    : '+'.repeat(total - less) + '-'.repeat(less);
}
