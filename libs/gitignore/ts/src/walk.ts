/** Which files there are: all at once and sorted, or in batches while the walk goes on. */

import type { NativeBatch, NativeProblem, NativeRequest } from '@fishplate/gitignore-native';

import { walkInScript } from './fallback/walk';
import { coded, type GitignoreNative, selectNative, withCodes } from './native';
import { type CheckedOptions, checkOptions, type ListOptions } from './options';
import { comparePaths } from './order';
import { checkRoot } from './paths';

/** A file that was found. */
export interface FileEntry {
  /** Relative to the root, `/` between components; that of a repository that is not tracked ends with one. */
  readonly path: string;
  /** `repository`: a submodule, or another repository below; what is in it is not listed. */
  readonly kind: 'file' | 'link' | 'repository';
  /** Bytes; with `stat`. */
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

/** Files of a batch, at least. */
const BATCH = 1000;

/**
 * Lists the files below `root`: by default exactly those of `git ls-files -co --exclude-standard` there, sorted by the
 * bytes of their paths. That includes tracked files that are gone from the disk.
 *
 * The walk runs on threads. Names that are not UTF-8 have U+FFFD in them; {@link listFileNames} gives their bytes.
 *
 * @throws FishplateError `ROOT_INVALID`, `REPOSITORY_MISSING`, `INDEX_UNREADABLE`, `INPUT_INVALID`, `OPTION_INVALID`; the
 * signal's reason.
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
  const control = new native.WalkControl();
  const cancel = cancelledBy(control, given.signal);
  const walk = withCodes(() => new native.NativeWalk(directory, requestOf(given), BATCH, control));
  try {
    for (;;) {
      const batch = await walk.next().catch((error: unknown) => {
        given.signal?.throwIfAborted();
        throw coded(error);
      });
      given.signal?.throwIfAborted();
      if (batch === null) return;
      tellProblems(batch.problems, given);
      given.onProgress?.(control.found);
      const entries = entriesOf(batch);
      if (entries.length > 0) yield entries;
    }
  } finally {
    cancel.release();
    walk.close();
  }
}

type Control = InstanceType<GitignoreNative['WalkControl']>;

/** Walks that run. */
const running = new Set<Control>();

/** Ends a walk when its signal aborts, and when the process exits: Node waits for the threads of its pool. */
function cancelledBy(control: Control, signal: AbortSignal | undefined): { release: () => void } {
  const cancel = (): void => control.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  if (running.size === 0) process.on('exit', cancelAll);
  running.add(control);
  return {
    release(): void {
      signal?.removeEventListener('abort', cancel);
      running.delete(control);
      if (running.size === 0) process.removeListener('exit', cancelAll);
    },
  };
}

function cancelAll(): void {
  for (const control of running) control.cancel();
}

async function listByThreads(
  native: GitignoreNative,
  root: string,
  options: CheckedOptions,
): Promise<Buffer> {
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  const control = new native.WalkControl();
  const cancel = cancelledBy(control, signal);
  const timer = onProgress && setInterval(() => onProgress(control.found), PROGRESS_MS);
  try {
    const { paths, count, problems } = await native.listFiles(root, requestOf(options), control);
    signal?.throwIfAborted();
    tellProblems(problems, options);
    onProgress?.(count);
    return paths;
  } catch (error) {
    signal?.throwIfAborted();
    throw coded(error);
  } finally {
    clearInterval(timer);
    cancel.release();
  }
}

async function listInScript(root: string, options: CheckedOptions): Promise<string[]> {
  const paths: string[] = [];
  for await (const batch of walkInScript(root, options)) for (const { path } of batch) paths.push(path);
  return paths.sort(comparePaths);
}

function requestOf(options: CheckedOptions): NativeRequest {
  const { hidden, tracked, followSymlinks, stat, requireGit, repository, maxDepth, maxFileSize, threads } =
    options;
  return {
    ...{ hidden, tracked, stat },
    ...{ followLinks: followSymlinks, requireRepository: requireGit, noRepository: !repository },
    extraFiles: Buffer.from(options.extraIgnoreFiles.join('\0')),
    globs: Buffer.from(options.globs.join('\0')),
    ...(maxDepth === undefined ? {} : { maxDepth }),
    ...(maxFileSize === undefined ? {} : { maxFileSize }),
    ...(threads === undefined ? {} : { threads }),
  };
}

function tellProblems(problems: readonly NativeProblem[], { onProblem }: CheckedOptions): void {
  for (const { path, message } of problems)
    onProblem?.({ path: path.toString().replace(/\/$/, ''), message });
}

const KINDS = ['file', 'link', 'repository'] as const;

function entriesOf({ paths, kinds, stats }: NativeBatch): FileEntry[] {
  if (paths.length === 0) return [];
  return paths
    .toString('utf8', 0, paths.length - 1)
    .split('\0')
    .map((path, index) => {
      const kind = KINDS[kinds[index]!]!;
      if (stats.length === 0) return { path, kind };
      const at = 3 * index;
      return { path, kind, size: stats[at]!, mtimeMs: stats[at + 1]!, mode: stats[at + 2]! };
    });
}
