/** A walk in TypeScript, with npm `ignore`. */

import type { Dirent, Stats } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { GITIGNORE_CODES } from '../codes';
import type { CheckedOptions } from '../options';
import type { FileEntry } from '../walk';
import { Globs } from './globs';
import { checkTree, isInRepository, repositoryAt } from './repository';
import { admitted, isIgnored, readRules, type Rules } from './rules';

/** Files of a batch, at most. */
const BATCH = 1000;

/** A directory still to be read. */
interface Pending {
  /** From the root: empty, or with a slash at its end. */
  readonly path: string;
  readonly rules: readonly Rules[];
  readonly depth: number;
  /** Whether a glob took the whole of it. */
  readonly isSelected: boolean;
}

/** Yields the files in batches. */
export async function* walkInScript(root: string, options: CheckedOptions): AsyncGenerator<FileEntry[]> {
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  checkTree(root, options.repository);
  if (options.requireGit && !isInRepository(root)) {
    throw GITIGNORE_CODES.error('REPOSITORY_MISSING', `${root} lies in no git repository`);
  }
  const walk = new Walk(root, options);
  let batch: FileEntry[] = [];
  let found = 0;
  for (let next = walk.next(); next !== undefined; next = walk.next()) {
    signal?.throwIfAborted();
    for (const file of await walk.read(next)) {
      batch.push(file);
      if (batch.length < BATCH) continue;
      yield batch;
      batch = [];
      signal?.throwIfAborted();
    }
    found += walk.counted();
    onProgress?.(found);
  }
  if (batch.length > 0) yield batch;
  signal?.throwIfAborted();
}

class Walk {
  private readonly globs: Globs;
  private readonly types: Globs;
  private readonly pending: Pending[];
  /** Links to directories, which wait for all directories that are no links. */
  private links: Pending[] = [];
  /** Real paths of directories that were entered, where links are followed: each is entered once. */
  private readonly entered = new Set<string>();
  private files = 0;

  constructor(
    private readonly root: string,
    private readonly options: CheckedOptions,
  ) {
    this.globs = new Globs(options.globs);
    this.types = new Globs(options.types);
    const exclude = options.repository ? readRules(root, '.git/info/exclude', '') : null;
    const rules = exclude === null ? [] : [exclude];
    this.pending = [{ path: '', rules, depth: 0, isSelected: false }];
  }

  next(): Pending | undefined {
    if (this.pending.length === 0 && this.links.length > 0) {
      // One after the other, in order, so that the same tree gives the same paths each time.
      this.links.sort((one, other) => (one.path < other.path ? -1 : 1));
      this.pending.push(this.links.shift()!);
    }
    return this.pending.pop();
  }

  /** Files since the last time. */
  counted(): number {
    const { files } = this;
    this.files = 0;
    return files;
  }

  async read(directory: Pending): Promise<FileEntry[]> {
    const { root, options } = this;
    const { path: at } = directory;
    if (options.followSymlinks) {
      const real = await realpath(join(root, at)).catch(() => null);
      if (real === null || this.entered.has(real)) return [];
      this.entered.add(real);
    }
    const entries = await this.entriesOf(at);
    const names = new Set(entries.map(({ name }) => name));
    const found: FileEntry[] = [];
    if (at !== '' && names.has('.git')) {
      const repository = this.repository(at, directory.isSelected);
      if (repository !== null) return this.counting(repository);
    }
    const own = ['.gitignore', ...options.extraIgnoreFiles]
      .filter((name) => names.has(name))
      .map((name) => readRules(root, at + name, at))
      .filter((rules) => rules !== null);
    const rules = own.length === 0 ? directory.rules : [...directory.rules, ...own];
    for (const entry of entries) {
      const { name } = entry;
      if (name === '.git' || (!options.hidden && name.startsWith('.'))) continue;
      const kind = await kindOf(entry, join(root, at + name), options);
      if (kind === 'directory') found.push(...this.enter(directory, rules, entry));
      else if (kind !== null && !isIgnored(at + name, rules)) {
        found.push(...(await this.file(at + name, kind, directory.isSelected)));
      }
    }
    return this.counting(found);
  }

  private counting(found: FileEntry[]): FileEntry[] {
    this.files += found.length;
    return found;
  }

  /** Leaves a directory to be read; what is to be listed of it at once. */
  private enter(directory: Pending, rules: readonly Rules[], entry: Dirent): FileEntry[] {
    const path = `${directory.path}${entry.name}/`;
    if (isIgnored(path, rules)) return [];
    const wanted = this.globs.ofDirectory(path);
    if (wanted === false) return [];
    const isSelected = wanted ?? directory.isSelected;
    const depth = directory.depth + 1;
    if (this.options.maxDepth !== undefined && depth >= this.options.maxDepth) {
      // A repository is not entered anyway, and its own path is short enough.
      return this.repository(path, isSelected) ?? [];
    }
    const inside = { path, rules: admitted(rules, path), depth, isSelected };
    (entry.isSymbolicLink() ? this.links : this.pending).push(inside);
    return [];
  }

  /** What is listed of a directory that is a repository of its own; null where it is none. */
  private repository(path: string, isSelected: boolean): FileEntry[] | null {
    const kind = repositoryAt(join(this.root, path));
    if (kind === null) return null;
    if (!this.types.isEmpty || !this.globs.wants(path, isSelected)) return [];
    return [{ path: kind === 'submodule' ? path.slice(0, -1) : path, kind: 'repository' }];
  }

  private async file(path: string, kind: 'file' | 'link', isSelected: boolean): Promise<FileEntry[]> {
    if (!this.globs.wants(path, isSelected) || !this.types.wants(path, false)) return [];
    const { maxFileSize, followSymlinks } = this.options;
    if (!this.options.stat && maxFileSize === undefined) return [{ path, kind }];
    const absolute = join(this.root, path);
    const followed = followSymlinks ? await stat(absolute).catch(() => null) : null;
    const stats: Stats | null = followed ?? (await lstat(absolute).catch(() => null));
    if (stats === null || (maxFileSize !== undefined && stats.size > maxFileSize)) return [];
    const { size, mtimeMs, mode } = stats;
    return [this.options.stat ? { path, kind, size, mtimeMs, mode } : { path, kind }];
  }

  private async entriesOf(path: string): Promise<Dirent[]> {
    let failure: NodeJS.ErrnoException;
    try {
      return await readdir(join(this.root, path), { withFileTypes: true });
    } catch (error) {
      failure = error as NodeJS.ErrnoException;
    }
    const { code = 'EUNKNOWN', message } = failure;
    if (path === '') {
      const what = `${this.root} cannot be read as a directory: ${message}`;
      throw GITIGNORE_CODES.error('ROOT_INVALID', what, { cause: failure });
    }
    // What is gone by now was not there.
    if (code !== 'ENOENT' && code !== 'ENOTDIR') {
      this.options.onProblem?.({ path: path.replace(/\/$/, ''), code, message });
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
