/**
 * What git would later run or trust, for the person outside, beyond the names that are always the same: in directories that a
 * `.git` file, a worktree or a submodule leads to, and what a configuration names.
 *
 * All of it is bounded, and what cannot be read names nothing.
 */

import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  type Stats,
  statSync,
} from 'node:fs';

import { absolute, realPath } from './absolute';
import { type GitSetting, gitSettings } from './git-config';
import { isBelow, joinName, nameOf, parentOf } from './names';
import { fromDisk, onDisk, type RawPath } from './raw-path';

/** Directories that are looked at, and files that are read, for one root. */
const MOST_DIRECTORIES = 512;
const MOST_FILES = 64;
/** A configuration of more bytes is read to here. */
const MOST_BYTES = 1 << 20;
/** Directories of submodules in each other. */
const MOST_DEPTH = 16;

/** In a directory of git, what decides over what it runs. */
const NAMES: readonly string[] = ['hooks', 'config', 'commondir', 'config.worktree', 'modules'];

/** Settings that git runs without being told to. */
const COMMANDS: Readonly<Record<string, readonly string[] | null>> = {
  core: ['fsmonitor', 'sshcommand', 'editor', 'pager', 'askpass', 'gitproxy'],
  sequence: ['editor'],
  gpg: ['program'],
  credential: ['helper'],
  diff: ['external', 'command', 'textconv'],
  filter: ['clean', 'smudge', 'process'],
  merge: ['driver'],
  interactive: ['difffilter'],
  // Any name.
  pager: null,
};

/** A path that is not to be changed. */
export interface GitPath {
  readonly path: RawPath;
  /** What names it, for the clause: `core.hooksPath`, `submodule`. */
  readonly why: string;
}

/** Looks at each of `roots`; answers what lies below one of `within`. */
export function gitPaths(
  roots: readonly RawPath[],
  within: readonly RawPath[],
  home: string | null,
): GitPath[] {
  const found = roots.flatMap((root) => new Look(home).root(root));
  return found.filter(({ path }) => within.some((above) => path !== above && isBelow(path, above)));
}

class Look {
  private readonly found = new Map<RawPath, string>();
  private directories = 0;
  /** Configuration files that were read. */
  private readonly seen = new Set<RawPath>();

  constructor(private readonly home: string | null) {}

  root(root: RawPath): GitPath[] {
    if (isRepository(root)) {
      const above = nameOf(root) === '.git' ? parentOf(root) : null;
      this.repository(root, above ?? root, 'repository');
    }
    const named = joinName(root, '.git');
    const directory = directoryOf(named);
    const why = statOf(named)?.isFile() === true ? '.git' : 'repository';
    if (directory !== null) this.repository(directory, root, why);
    return [...this.found].map(([path, reason]) => ({ path, why: reason }));
  }

  /** A repository whose files lie in `top`. */
  private repository(directory: RawPath, top: RawPath, why: string): void {
    const common = commonOf(directory);
    this.names(directory, why);
    if (common !== directory) this.names(common, why);
    for (const worktree of this.children(joinName(common, 'worktrees'))) {
      const shared = joinName(worktree, 'commondir');
      if (!isThere(shared)) continue;
      this.hold(shared, 'worktree');
      this.hold(joinName(worktree, 'config.worktree'), 'worktree');
    }
    this.modules(joinName(common, 'modules'), 0);
    this.configuration(joinName(common, 'config'), top);
    this.configuration(joinName(common, 'config.worktree'), top);
    this.configuration(joinName(directory, 'config.worktree'), top);
    if (this.home !== null) {
      this.configuration(absolute('~/.gitconfig', '/', this.home), top);
      this.configuration(absolute('~/.config/git/config', '/', this.home), top);
    }
    this.configuration('/etc/gitconfig', top);
  }

  private names(directory: RawPath, why: string): void {
    for (const name of NAMES) this.hold(joinName(directory, name), why);
  }

  /** Submodules, also those in directories and those of submodules. */
  private modules(directory: RawPath, depth: number): void {
    if (depth > MOST_DEPTH) return;
    for (const child of this.children(directory)) {
      if (!isThere(joinName(child, 'HEAD'))) {
        this.modules(child, depth + 1);
        continue;
      }
      this.names(child, 'submodule');
      const config = joinName(child, 'config');
      const worktree = gitSettings(read(config) ?? '').findLast(
        ({ section, name }) => section === 'core' && name === 'worktree',
      );
      if (typeof worktree?.value === 'string') {
        const top = absolute(worktree.value, child, null);
        this.hold(joinName(top, '.git'), 'submodule');
        this.configuration(config, top);
      }
      this.modules(joinName(child, 'modules'), depth + 1);
    }
  }

  /** Directories in a directory, by name. */
  private children(directory: RawPath): RawPath[] {
    let names: RawPath[];
    try {
      const entries = readdirSync(onDisk(directory), { encoding: 'buffer', withFileTypes: true });
      names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => fromDisk(name));
    } catch {
      return [];
    }
    const found = names.sort().slice(0, Math.max(0, MOST_DIRECTORIES - this.directories));
    this.directories += found.length;
    return found.map((name) => joinName(directory, name));
  }

  /** What a file names, and the files that it includes. */
  private configuration(file: RawPath, top: RawPath): void {
    if (this.seen.size >= MOST_FILES || this.seen.has(file)) return;
    this.seen.add(file);
    for (const setting of gitSettings(read(file) ?? '')) this.setting(setting, file, top);
  }

  private setting({ section, name, value }: GitSetting, file: RawPath, top: RawPath): void {
    if (value === null || value === '') return;
    if ((section === 'include' || section === 'includeif') && name === 'path') {
      const path = absolute(value, parentOf(file) ?? top, this.home);
      this.hold(path, 'include.path');
      this.configuration(path, top);
    } else if (section === 'core' && name === 'hookspath') {
      this.hold(absolute(value, top, this.home), 'core.hooksPath');
    } else if (isCommand(section, name)) {
      this.command(value, top, `${section}.${name}`);
    }
  }

  /** The files that a command line names: the program where it is a path, and what is there. */
  private command(line: RawPath, top: RawPath, why: string): void {
    const words = line
      .split(/[\t\n\f\r "';&|]/)
      .map((word) => word.replace(/^!/, ''))
      .filter((word) => word !== '');
    for (const [index, word] of words.entries()) {
      if (!word.includes('/')) continue;
      const path = absolute(word, top, this.home);
      if (index === 0 || statOf(path)?.isFile() === true) this.hold(path, why);
    }
  }

  private hold(path: RawPath, why: string): void {
    if (!this.found.has(path)) this.found.set(path, why);
  }
}

function isCommand(section: string, name: string): boolean {
  if (!Object.hasOwn(COMMANDS, section)) return false;
  return COMMANDS[section]?.includes(name) ?? true;
}

/** Whether git would take a directory for a repository: without a look at what `HEAD` holds, which can change. */
function isRepository(directory: RawPath): boolean {
  const there = (name: string): boolean => isThere(joinName(directory, name));
  return there('HEAD') && (there('commondir') || (there('objects') && there('refs')));
}

/** The directory of git that a `.git` is, or names. */
function directoryOf(named: RawPath): RawPath | null {
  const stats = statOf(named);
  if (stats?.isDirectory() === true) return realPath(named);
  const target = /^gitdir:(.*)$/s.exec(read(named) ?? '')?.[1];
  const above = parentOf(named);
  return target === undefined || above === null ? null : realPath(joined(above, trimmed(target)));
}

/** Where a directory of git has what it shares with others. */
function commonOf(directory: RawPath): RawPath {
  const named = read(joinName(directory, 'commondir'));
  return (named === null ? null : realPath(joined(directory, trimmed(named)))) ?? directory;
}

/** The path that the system would walk from a directory. */
function joined(directory: RawPath, path: RawPath): RawPath {
  return path.startsWith('/') ? path : joinName(directory, path);
}

function trimmed(text: RawPath): RawPath {
  return text.replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, '');
}

/** The beginning of a regular file. */
function read(path: RawPath): RawPath | null {
  if (statOf(path)?.isFile() !== true) return null;
  let file: number | null = null;
  try {
    // Looked at above, and maybe a pipe by now, which would be waited for.
    file = openSync(onDisk(path), constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const space = Buffer.alloc(MOST_BYTES);
    let length = 0;
    for (let count = -1; count !== 0 && length < MOST_BYTES; length += count) {
      count = readSync(file, space, length, MOST_BYTES - length, null);
    }
    return fromDisk(space.subarray(0, length));
  } catch {
    return null;
  } finally {
    if (file !== null) closeSync(file);
  }
}

function statOf(path: RawPath): Stats | null {
  try {
    return statSync(onDisk(path));
  } catch {
    return null;
  }
}

function isThere(path: RawPath): boolean {
  try {
    lstatSync(onDisk(path));
    return true;
  } catch {
    return false;
  }
}
