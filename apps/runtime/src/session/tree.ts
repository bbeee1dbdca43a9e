/**
 * The covered part of a workspace at one moment: files, links and directories, files by content.
 *
 * A file whose size, times and inode are what they were is not read again. What git ignores is left out unless asked for; `.git` and
 * the state folder always are, at every depth.
 */

import { closeSync, constants, fstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { join } from 'node:path';

import type { EngineChoice } from '@fishplate/engine';
import { type Matcher, openMatcher } from '@fishplate/gitignore';

import { throwIfCancelled } from '../cancellation.js';
import { listWorkspace } from '../workspace/listing.js';
import { hashOf } from './contents.js';
import { type Entry, lstatOrNone, stampText } from './entry.js';
import { Pace } from './pace.js';
import { STATE_FOLDER } from './state-folder.js';

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
export interface TreeOptions {
  readonly engine: EngineChoice;
  /** Whether what git ignores is covered too. */
  readonly ignored: boolean;
  /** Paths that the policy hides from commands: nothing of them may get into a place that is not hidden. */
  readonly hidden: readonly string[];
  /** Files over this are not read. */
  readonly maxFileBytes: number;
  readonly signal?: AbortSignal | undefined;
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
    const found = inspect(root, path, previous.get(path), options);
    if (found === null) continue;
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

/** Every path that is covered, directories before what is in them. */
async function pathsOf(
  root: string,
  options: TreeOptions,
  pace: Pace,
  notCovered: string[],
): Promise<string[]> {
  if (options.ignored) {
    const all: string[] = [];
    await addAll(root, '', all, pace, notCovered);
    return all;
  }
  const listed: string[] = [];
  await listRepository(root, '', options, listed, notCovered);
  const parents = new Set<string>();
  for (const path of listed) {
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const parent = path.slice(0, at);
      if (parents.has(parent)) break;
      parents.add(parent);
    }
  }
  const empty: string[] = [];
  await findEmpty(root, parents, options, pace, empty);
  return [...parents, ...empty, ...listed].sort();
}

async function listRepository(
  root: string,
  prefix: string,
  options: TreeOptions,
  listed: string[],
  notCovered: string[],
): Promise<void> {
  const { engine, signal } = options;
  const listing = await listWorkspace(join(root, prefix), { engine, signal });
  for (const path of listing.files) {
    const whole = prefix + path;
    if (!isState(whole)) listed.push(whole);
  }
  notCovered.push(
    ...listing.unnameable.map((path) => `${prefix}${path} (its name is not UTF-8)`),
    ...listing.unreadable.map((path) => `${prefix}${path} (it cannot be read)`),
  );
  for (const nested of listing.nestedRepositories) {
    listed.push(`${prefix}${nested}`);
    // One that is not checked out, or damaged, has nothing that could be listed.
    await listRepository(root, `${prefix}${nested}/`, options, listed, notCovered).catch((error: unknown) => {
      throwIfCancelled(signal);
      notCovered.push(`${prefix}${nested} (${(error as Error).message})`);
    });
  }
}

/** Directories that hold no file that git would list, and are not ignored. */
async function findEmpty(
  root: string,
  parents: ReadonlySet<string>,
  { engine }: TreeOptions,
  pace: Pace,
  empty: string[],
): Promise<void> {
  const candidates: string[] = [];
  for (const parent of ['', ...parents]) {
    if (pace.isDue) await pace.breathe();
    for (const entry of entriesOf(join(root, parent))) {
      const path = parent === '' ? entry.name : `${parent}/${entry.name}`;
      if (entry.isDirectory() && !parents.has(path) && !isState(path) && !isGit(path)) candidates.push(path);
    }
  }
  if (candidates.length === 0) return;
  const matcher = openMatcher(root, { engine });
  try {
    const ignored = matcher.ignoresAll(candidates.map((path) => `${path}/`));
    for (const [index, path] of candidates.entries()) {
      if (ignored[index] === true || isRepository(join(root, path))) continue;
      empty.push(path);
      await addDirectories(root, path, empty, pace, matcher);
    }
  } finally {
    matcher.close();
  }
}

/** Adds everything below a directory. */
async function addAll(
  root: string,
  directory: string,
  found: string[],
  pace: Pace,
  notCovered: string[],
): Promise<void> {
  for (const entry of entriesOf(join(root, directory))) {
    if (pace.isDue) await pace.breathe();
    const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
    if (isState(path) || isGit(path)) continue;
    if (path.includes('\ufffd')) {
      notCovered.push(`${path} (its name is not UTF-8)`);
      continue;
    }
    found.push(path);
    if (entry.isDirectory()) await addAll(root, path, found, pace, notCovered);
  }
}

/** Adds the directories below one that holds no listed file. */
async function addDirectories(
  root: string,
  directory: string,
  found: string[],
  pace: Pace,
  matcher: Matcher,
): Promise<void> {
  if (pace.isDue) await pace.breathe();
  for (const entry of entriesOf(join(root, directory))) {
    const path = `${directory}/${entry.name}`;
    if (!entry.isDirectory() || isState(path) || isGit(path) || matcher.ignores(`${path}/`)) continue;
    found.push(path);
    await addDirectories(root, path, found, pace, matcher);
  }
}

function entriesOf(absolute: string): { name: string; isDirectory(): boolean }[] {
  try {
    return readdirSync(absolute, { withFileTypes: true });
  } catch {
    return [];
  }
}

function isRepository(absolute: string): boolean {
  return lstatOrNone(join(absolute, '.git')) !== undefined;
}

function isGit(path: string): boolean {
  return path === '.git' || path.endsWith('/.git');
}

/** The state of this workspace or of one below, and what a process that was killed while it wrote has left. */
function isState(path: string): boolean {
  return (
    path === STATE_FOLDER ||
    path.startsWith(`${STATE_FOLDER}/`) ||
    path.includes(`/${STATE_FOLDER}/`) ||
    path.endsWith(`/${STATE_FOLDER}`) ||
    /(?:^|\/)\.fishplate-[\da-f]{16,32}\.tmp$/.test(path)
  );
}
