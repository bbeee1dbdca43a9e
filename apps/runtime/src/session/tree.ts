/**
 * The covered part of a workspace at one moment: files, links and directories, files by content.
 *
 * A file whose size, times and inode are what they were is not read again.
 */

import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync } from 'node:fs';

import { hashOf } from './contents.js';
import { type Entry, lstatOrNone, stampText } from './entry.js';
import { Pace } from './pace.js';
import { type PathOptions, pathsOf } from './tree-paths.js';

/** What stands at a path, and what tells whether it has been touched since. */
export interface TrackedEntry {
  readonly entry: Exclude<Entry, null>;
  /**
   * Inode, then for files size and times; where those tell nothing, since it was touched as it was read, the inode alone.
   */
  readonly stamp: string;
}

/** Entries by path. */
export type Tree = ReadonlyMap<string, TrackedEntry>;

/** How to look. */
export interface TreeOptions extends PathOptions {
  /** Paths that the policy hides from commands: nothing of them may get into a place that is not hidden. */
  readonly hidden: readonly string[];
  /** Files over this are not read. */
  readonly maxFileBytes: number;
  /** Given a content that was read; the answer says whether it is kept. */
  readonly keep: (hash: string, bytes: Buffer) => boolean;
  /** Whether a content is still kept. */
  readonly has: (hash: string) => boolean;
}

/** What a look at the workspace came to. */
export interface Look {
  readonly tree: Tree;
  /** Paths whose content is not kept, each with the reason. */
  readonly notCovered: readonly string[];
}

/** A change made within this of a look might not show in the times of the next one. */
const COARSEST_CLOCK_MS = 100;

/** Looks at the workspace; `previous` is the tree of an earlier look. */
export async function lookAt(root: string, previous: Tree, options: TreeOptions): Promise<Look> {
  const pace = new Pace(options.signal);
  const tree = new Map<string, TrackedEntry>();
  const notCovered: string[] = [];
  for (const path of await pathsOf(root, options, pace, notCovered)) {
    if (pace.isDue) await pace.breathe();
    if (options.hidden.some((hidden) => path === hidden || path.startsWith(`${hidden}/`))) {
      notCovered.push(`${path} (the policy hides it)`);
      continue;
    }
    const found = inspectCovered(root, path, previous.get(path), options);
    if (found === null) continue;
    if (found === 'too long') {
      notCovered.push(`${path} (its path is too long)`);
      continue;
    }
    if (found.entry.kind === 'file' && found.entry.hash === null) {
      notCovered.push(`${path} (${found.entry.bytes > options.maxFileBytes ? 'too large' : 'no room'})`);
    }
    tree.set(path, found);
  }
  return { tree, notCovered };
}

/** True where two looks saw the same; of a file whose content is not kept, size and times have to do. */
export function isSameTracked(left: TrackedEntry | undefined, right: TrackedEntry | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  const [before, after] = [left.entry, right.entry];
  if (before.kind !== after.kind) return false;
  if (before.kind === 'link') return before.target === (after as typeof before).target;
  if (before.mode !== (after as typeof before).mode) return false;
  if (before.kind === 'directory') return true;
  const now = after as typeof before;
  if (before.hash === null || now.hash === null)
    return before.stamp !== undefined && before.stamp === now.stamp;
  return before.hash === now.hash;
}

/** Whether two trees are the same to the last stamp. Of what was not touched, both mostly hold the same entry. */
export function isSameTree(left: Tree, right: Tree): boolean {
  if (left.size !== right.size) return false;
  for (const [path, before] of left) {
    const now = right.get(path);
    if (now !== before && (now?.stamp !== before.stamp || !isSameTracked(before, now))) return false;
  }
  return true;
}

/** A tree can be deeper than a path can be long; a command made it, and only a command can remove it. */
function inspectCovered(...asked: Parameters<typeof inspect>): TrackedEntry | 'too long' | null {
  try {
    return inspect(...asked);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENAMETOOLONG') return 'too long';
    throw error;
  }
}

/** What stands at one path; null for nothing that could be covered. */
export function inspect(
  root: string,
  path: string,
  before: TrackedEntry | undefined,
  options: TreeOptions,
): TrackedEntry | null {
  // Both are normal already.
  const absolute = `${root}/${path}`;
  const stats = lstatOrNone(absolute);
  if (stats === undefined) return null;
  if (stats.isSymbolicLink()) {
    try {
      return { entry: { kind: 'link', target: readlinkSync(absolute) }, stamp: `${stats.ino}` };
    } catch {
      return null;
    }
  }
  const mode = Number(stats.mode) & 0o7777;
  if (stats.isDirectory()) {
    return isPlaceholder(path, mode) ? null : { entry: { kind: 'directory', mode }, stamp: `${stats.ino}` };
  }
  // Sockets, pipes and devices have no content.
  if (!stats.isFile()) return null;
  const stamp = stampText(stats);
  if (before?.entry.kind === 'file' && before.stamp === stamp) {
    const { hash } = before.entry;
    if (hash !== null && options.has(hash)) return before;
  }
  const bytes = stats.size > BigInt(options.maxFileBytes) ? null : readStable(absolute);
  const size = Number(stats.size);
  if (bytes === null) return { entry: { kind: 'file', hash: null, bytes: size, mode, stamp }, stamp };
  const hash = hashOf(bytes.content);
  const length = bytes.content.length;
  const entry =
    options.has(hash) || options.keep(hash, bytes.content)
      ? ({ kind: 'file', hash, bytes: length, mode } as const)
      : ({ kind: 'file', hash: null, bytes: length, mode, stamp } as const);
  return { entry, stamp: bytes.stamp };
}

/** A file's content, with a stamp of the inode alone where it may have been touched meanwhile; null where it cannot be read. */
function readStable(absolute: string): { content: Buffer; stamp: string } | null {
  let file: number;
  try {
    file = openSync(absolute, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch {
    return null;
  }
  try {
    const before = fstatSync(file, { bigint: true });
    if (!before.isFile()) return null;
    const content = Buffer.allocUnsafe(Number(before.size));
    let filled = 0;
    while (filled < content.length) {
      const length = readSync(file, content, filled, content.length - filled, filled);
      if (length === 0) break;
      filled += length;
    }
    const after = fstatSync(file, { bigint: true });
    const touched = Math.max(Number(after.mtimeNs / 1_000_000n), Number(after.ctimeNs / 1_000_000n));
    const isStable = stampText(before) === stampText(after) && touched + COARSEST_CLOCK_MS < Date.now();
    return { content: content.subarray(0, filled), stamp: isStable ? stampText(after) : `${after.ino}` };
  } catch {
    return null;
  } finally {
    closeSync(file);
  }
}

/** What a running sandbox lays where a protected directory is missing: it goes with the command. */
function isPlaceholder(path: string, mode: number): boolean {
  return mode === 0o1755 && path.startsWith('.');
}
