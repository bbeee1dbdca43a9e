/** A walk in TypeScript, with npm `ignore`. */

import { existsSync, type Stats } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import type { Dirent } from 'node:fs';
import { join } from 'node:path';

import ignore from 'ignore';

import { GITIGNORE_CODES } from '../codes';
import type { CheckedOptions } from '../options';
import type { FileEntry } from '../walk';
import { admitted, isIgnored, readRules, type Rules } from './rules';

/** A directory still to be read. */
interface Pending {
  /** From the root: empty, or with a slash at its end. */
  readonly path: string;
  readonly rules: readonly Rules[];
  readonly depth: number;
  /** Real paths of the directories that it lies in, where links are followed. */
  readonly above: readonly string[];
}

/** Yields the files of one directory after the other. */
export async function* walkInScript(root: string, options: CheckedOptions): AsyncGenerator<FileEntry[]> {
  const { extraIgnoreFiles, signal, onProgress } = options;
  signal?.throwIfAborted();
  await checkDirectory(root);
  if (options.requireGit && !existsSync(join(root, '.git'))) {
    throw GITIGNORE_CODES.error('REPOSITORY_MISSING', `${root} is not the top of a git repository`);
  }
  const isWanted = wantedBy(options.globs);
  const exclude = options.repository ? readRules(root, '.git/info/exclude', '') : null;
  const above = options.followSymlinks ? [await realpath(root)] : [];
  const pending: Pending[] = [{ path: '', rules: exclude === null ? [] : [exclude], depth: 0, above }];
  let found = 0;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    signal?.throwIfAborted();
    const { path: directory, depth } = next;
    const entries = await readDirectory(root, directory, options);
    const names = new Set(entries.map(({ name }) => name));
    if (directory !== '' && names.has('.git') && isRepository(join(root, directory))) {
      yield [{ path: directory, kind: 'repository' }];
      continue;
    }
    const own = ['.gitignore', ...extraIgnoreFiles]
      .filter((name) => names.has(name))
      .map((name) => readRules(root, directory + name, directory))
      .filter((rules) => rules !== null);
    const rules = own.length === 0 ? next.rules : [...next.rules, ...own];
    const files: FileEntry[] = [];
    for (const entry of entries) {
      const { name } = entry;
      if (name === '.git' || (!options.hidden && name.startsWith('.'))) continue;
      const path = directory + name;
      const kind = await kindOf(entry, join(root, path), options);
      if (kind === 'directory') {
        const isOpen = options.maxDepth === undefined || depth + 1 < options.maxDepth;
        if (!isOpen || isIgnored(`${path}/`, rules) || isWanted(`${path}/`) === false) continue;
        const real = options.followSymlinks ? await realpath(join(root, path)).catch(() => null) : '';
        if (real === null || (real !== '' && next.above.includes(real))) continue;
        const inside = { path: `${path}/`, rules: admitted(rules, `${path}/`), depth: depth + 1 };
        pending.push({ ...inside, above: real === '' ? [] : [...next.above, real] });
      } else if (kind !== null && !isIgnored(path, rules) && isWanted(path) !== false) {
        const file = await fileEntry(root, path, kind, options);
        if (file !== null) files.push(file);
      }
    }
    found += files.length;
    onProgress?.(found);
    if (files.length > 0) yield files;
  }
}

async function checkDirectory(root: string): Promise<void> {
  try {
    if ((await stat(root)).isDirectory()) return;
  } catch (cause) {
    throw GITIGNORE_CODES.error('ROOT_INVALID', `${root} cannot be listed: ${(cause as Error).message}`, {
      cause,
    });
  }
  throw GITIGNORE_CODES.error('ROOT_INVALID', `${root} cannot be listed: it is no directory`);
}

/** As git sees one: a directory with a head, or a file that points to it. */
function isRepository(directory: string): boolean {
  return existsSync(join(directory, '.git', 'HEAD')) || isGitFile(join(directory, '.git'));
}

function isGitFile(path: string): boolean {
  return readRules(path, '', '') !== null;
}

async function readDirectory(root: string, path: string, options: CheckedOptions): Promise<Dirent[]> {
  try {
    return await readdir(join(root, path), { withFileTypes: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // What is gone by now was not there.
    if (code !== 'ENOENT' && code !== 'ENOTDIR') {
      options.onProblem?.({ path: path.replace(/\/$/, ''), message: (error as Error).message });
    }
    return [];
  }
}

async function kindOf(
  entry: Dirent,
  absolute: string,
  { followSymlinks }: CheckedOptions,
): Promise<'file' | 'link' | 'directory' | null> {
  if (entry.isDirectory()) return 'directory';
  if (entry.isFile()) return 'file';
  if (!entry.isSymbolicLink()) return null;
  const target = followSymlinks ? await stat(absolute).catch(() => null) : null;
  if (target === null) return 'link';
  return target.isDirectory() ? 'directory' : target.isFile() ? 'file' : null;
}

async function fileEntry(
  root: string,
  path: string,
  kind: 'file' | 'link',
  options: CheckedOptions,
): Promise<FileEntry | null> {
  if (!options.stat && options.maxFileSize === undefined) return { path, kind };
  let stats: Stats;
  try {
    stats = await (options.followSymlinks ? stat : lstat)(join(root, path));
  } catch {
    return null;
  }
  if (options.maxFileSize !== undefined && stats.size > options.maxFileSize) return null;
  const { size, mtimeMs, mode } = stats;
  return options.stat ? { path, kind, size, mtimeMs, mode } : { path, kind };
}

/** False for what the globs leave out; a directory only where one says so. */
function wantedBy(globs: readonly string[]): (path: string) => boolean {
  if (globs.length === 0) return () => true;
  const matcher = ignore({ allowRelativePaths: true }).add(globs);
  const wantsMatch = globs.some((glob) => !glob.startsWith('!'));
  return (path) => {
    const { ignored, unignored } = matcher.test(path);
    if (ignored) return true;
    if (unignored) return false;
    return path.endsWith('/') || !wantsMatch;
  };
}
