/** Which files there are: all at once and sorted, or in batches while the walk goes on. */

import { getSystemErrorName } from 'node:util';

import type { NativeBatch, NativeProblem, NativeRequest } from '@fishplate/gitignore-native';

import { walkInScript } from './fallback/walk';
import { type GitignoreNative, selectNative } from './native';
import { type CheckedOptions, checkOptions, type ListOptions } from './options';
import { sortPaths } from './order';
import { checkRoot } from './paths';
import { Running } from './running';

/** A file that was found. */
export interface FileEntry {
  /** Relative to the root, `/` between components; that of a repository that is not tracked ends with one. */
  readonly path: string;
  /**
   * What it is on the disk; of a tracked file that is gone, or lies in a directory that is ignored, what the index has, unless
   * `deleted: false` or `stat` has it looked at. `repository`: a submodule, or another repository below; what is in it is
   * not listed.
   */
  readonly kind: 'file' | 'link' | 'repository';
  /** Bytes; with `stat`, of what is there. */
  readonly size?: number;
  /** Last change of the content, in milliseconds since 1970; with `stat`. */
  readonly mtimeMs?: number;
  /** Type and permission bits; with `stat`. */
  readonly mode?: number;
}

/** How often progress is told, in milliseconds. */
const PROGRESS_MS = 50;

/** Bytes of paths that are cut apart before the event loop has its turn: some milliseconds. */
const SLICE = 1 << 20;

/** Files of a batch, at most. */
const BATCH = 1000;

/**
 * Lists the files below `root`: by default exactly those of `git ls-files -co --exclude-standard` there, sorted by the
 * bytes of their paths. That includes tracked files that are gone from the disk; `deleted: false` leaves them out.
 *
 * The walk runs on threads. Names that are not UTF-8 have U+FFFD in them; {@link listFileNames} gives their bytes.
 *
 * @throws FishplateError `ROOT_INVALID`, `REPOSITORY_MISSING`, `INDEX_UNREADABLE`, `CONFIG_UNREADABLE`, `INPUT_INVALID`,
 * `OPTION_INVALID`; the signal's reason; what `onProgress` or `onProblem` throws.
 */
export async function listFiles(root: string, options: ListOptions = {}): Promise<string[]> {
  const [directory, given] = [checkRoot(root), checkOptions(options)];
  const native = selectNative(given.engine);
  if (native === null) return listInScript(directory, given);
  const paths = await listByThreads(native, directory, given);
  const all: string[] = [];
  for (let start = 0; start < paths.length; ) {
    const end = paths.indexOf(0, Math.min(start + SLICE, paths.length - 1)) + 1;
    // Appending one by one would leave half of the array's room empty.
    const part = paths.toString('utf8', start, end - 1).split('\0');
    if (start === 0 && end === paths.length) return part;
    for (const path of part) all.push(path);
    start = end;
    await new Promise(setImmediate);
    given.signal?.throwIfAborted();
  }
  return all;
}

/**
 * The same as one Buffer: the bytes of each path with a NUL behind it, as `git ls-files -z` prints them. For names that are
 * not UTF-8, and for listings of millions.
 *
 * The fallback reads names as UTF-8.
 */
export async function listFileNames(root: string, options: ListOptions = {}): Promise<Buffer> {
  const [directory, given] = [checkRoot(root), checkOptions(options)];
  const native = selectNative(given.engine);
  if (native !== null) return listByThreads(native, directory, given);
  const files = await listInScript(directory, given);
  return Buffer.from(files.map((path) => `${path}\0`).join(''));
}

/**
 * Yields the files below `root` while the walk goes on, in batches and in no order. Leaving the loop ends the walk.
 *
 * @throws FishplateError as {@link listFiles}.
 */
export async function* walkFiles(
  root: string,
  options: ListOptions = {},
): AsyncGenerator<FileEntry[], void, void> {
  const [directory, given] = [checkRoot(root), checkOptions(options)];
  const native = selectNative(given.engine);
  if (native === null) {
    yield* walkInScript(directory, given);
    return;
  }
  given.signal?.throwIfAborted();
  const running = new Running(new native.WalkControl(), given.signal);
  let walk: InstanceType<GitignoreNative['NativeWalk']> | undefined;
  try {
    walk = await running.ask(
      () => new native.NativeWalk(directory, requestOf(given), BATCH, running.control),
    );
    for (;;) {
      const batch = await running.ask(() => walk!.next());
      if (batch === null) return;
      tellProblems(batch.problems, given);
      given.onProgress?.(running.control.found);
      const entries = entriesOf(batch);
      if (entries.length > 0) yield entries;
    }
  } finally {
    running.release();
    walk?.close();
  }
}

async function listByThreads(
  native: GitignoreNative,
  root: string,
  options: CheckedOptions,
): Promise<Buffer> {
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  const running = new Running(new native.WalkControl(), signal);
  const tell = onProgress && ((): void => running.attempt(() => onProgress(running.control.found)));
  const timer = tell && setInterval(tell, PROGRESS_MS);
  try {
    const { paths, count, problems } = await running.ask(() =>
      native.listFiles(root, requestOf(options), running.control),
    );
    tellProblems(problems, options);
    onProgress?.(count);
    return paths;
  } finally {
    clearInterval(timer);
    running.release();
  }
}

async function listInScript(root: string, options: CheckedOptions): Promise<string[]> {
  const paths: string[] = [];
  for await (const batch of walkInScript(root, options)) for (const { path } of batch) paths.push(path);
  return sortPaths(paths);
}

function requestOf(options: CheckedOptions): NativeRequest {
  const { hidden, tracked, deleted, stat, maxDepth, maxFileSize, threads } = options;
  return {
    ...{ hidden, tracked, deleted, stat },
    followLinks: options.followSymlinks,
    requireRepository: options.requireGit,
    noRepository: !options.repository,
    extraFiles: Buffer.from(options.extraIgnoreFiles.join('\0')),
    globs: Buffer.from(options.globs.join('\0')),
    types: Buffer.from(options.types.join('\0')),
    ...(maxDepth === undefined ? {} : { maxDepth }),
    ...(maxFileSize === undefined ? {} : { maxFileSize }),
    ...(threads === undefined ? {} : { threads }),
  };
}

function tellProblems(problems: readonly NativeProblem[], { onProblem }: CheckedOptions): void {
  if (onProblem === undefined) return;
  for (const { path, message, errno } of problems)
    onProblem({ path: path.toString().replace(/\/$/, ''), code: errorName(errno), message });
}

/** The system's name of an error. Node knows those of its own numbers, which are other ones on Windows. */
function errorName(errno: number | undefined): string {
  if (errno === undefined) return 'EUNKNOWN';
  if (process.platform === 'win32') return errno === 5 ? 'EACCES' : 'EUNKNOWN';
  return getSystemErrorName(-errno);
}

const KINDS = ['file', 'link', 'repository'] as const;

function entriesOf({ paths, kinds, stats }: NativeBatch): FileEntry[] {
  if (paths.length === 0) return [];
  return paths
    .toString('utf8', 0, paths.length - 1)
    .split('\0')
    .map((path, index) => {
      const kind = KINDS[kinds[index]!]!;
      const at = 3 * index;
      if (stats.length === 0 || Number.isNaN(stats[at])) return { path, kind };
      return { path, kind, size: stats[at]!, mtimeMs: stats[at + 1]!, mode: stats[at + 2]! };
    });
}
