/** Answers about single paths: ignored or not, and why. */

import { existsSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';

import { GITIGNORE_CODES } from './codes';
import { ScriptMatcher } from './fallback/matcher';
import { type GitignoreNative, selectNative, withCodes } from './native';
import { checkNames, type MatchOptions } from './options';
import { SortedPaths } from './order';
import { belowRoot, checkRoot } from './paths';
import { listFiles } from './walk';

/** The pattern that decides about a path. */
export interface IgnoreDecision {
  /** Its file: from the top of the repository, or absolute where it lies elsewhere. */
  readonly source: string;
  /** Its line, from 1. */
  readonly line: number;
  /** The pattern as written, without white space at its end. */
  readonly pattern: string;
  /** True where it takes the path back in: then the path is not ignored. */
  readonly negated: boolean;
}

/** What both engines answer. */
export interface MatcherEngine {
  isIgnored(path: string, isDirectory: boolean | undefined): boolean;
  areIgnored(paths: readonly string[]): boolean[];
  explain(path: string, isDirectory: boolean | undefined): IgnoreDecision | null;
  isTracked(path: string): boolean;
  /** Whether a file of patterns was among the paths. */
  refresh(paths: readonly string[]): boolean;
}

/** Keeps what it has read of a directory, and answers from that; {@link Matcher.refresh} tells it what changed. */
export class Matcher {
  private engine: MatcherEngine | null;
  private listing: SortedPaths | null = null;

  /** Use {@link openMatcher}. */
  constructor(
    readonly root: string,
    engine: MatcherEngine,
    private readonly options: MatchOptions,
  ) {
    this.engine = engine;
  }

  /**
   * Whether a path is ignored, as `git check-ignore --no-index` says: tracked files count as any other.
   *
   * @param path - Relative to the root, or absolute below it. A slash at its end says that it is a directory.
   * @param isDirectory - Looked up on the disk where it is not given and matters.
   * @throws FishplateError `INPUT_INVALID`, `PATH_OUTSIDE`, `MATCHER_CLOSED`.
   */
  ignores(path: string, isDirectory?: boolean): boolean {
    const below = belowRoot(this.root, path);
    return this.open().isIgnored(below.path, below.isDirectory || isDirectory);
  }

  /**
   * {@link ignores} for many paths in one call: a million and more in a second. A path without a slash at its end is no
   * directory; nothing is looked up.
   */
  ignoresAll(paths: readonly string[]): boolean[] {
    if (!Array.isArray(paths)) {
      throw GITIGNORE_CODES.error('INPUT_INVALID', `paths must be an array, and is of type ${typeof paths}`);
    }
    const answers = this.open().areIgnored(paths);
    if (answers.length === paths.length) return answers;
    throw GITIGNORE_CODES.error('INPUT_INVALID', 'paths holds a path with a NUL in it');
  }

  /** The pattern that decides about a path, as `git check-ignore --no-index -v` names it; null where none matches. */
  explain(path: string, isDirectory?: boolean): IgnoreDecision | null {
    const below = belowRoot(this.root, path);
    return this.open().explain(below.path, below.isDirectory || isDirectory);
  }

  /**
   * The files below the root, as `listFiles` gives them: read once, and kept right by {@link refresh}.
   *
   * @throws FishplateError as `listFiles`.
   */
  async files(): Promise<string[]> {
    this.open();
    this.listing ??= new SortedPaths(await listFiles(this.root, this.options));
    return this.listing.toArray();
  }

  /**
   * Told which paths were made, changed or removed, forgets what that made untrue, so that answers and {@link files} are
   * right again without another walk. Give `.git/index` and the like too: then all is read anew.
   *
   * @param paths - Files or directories, relative to the root or absolute.
   */
  async refresh(paths: readonly string[]): Promise<void> {
    const engine = this.open();
    const below = paths.map((path) => belowRoot(this.root, path).path);
    const hasPatterns = withCodes(() => engine.refresh(below));
    if (this.listing === null) return;
    if (hasPatterns) this.listing = null;
    for (const path of below) if (this.listing !== null) await this.relist(path, this.listing);
  }

  /** Forgets everything; calls after it are refused. */
  close(): void {
    this.engine = null;
    this.listing = null;
  }

  private async relist(path: string, listing: SortedPaths): Promise<void> {
    const engine = this.open();
    const stats = await lstat(join(this.root, path)).catch(() => null);
    // Tracked files that are gone stay listed, as with git.
    listing.remove(path, (known) => engine.isTracked(known));
    if (stats === null) return;
    if (!stats.isDirectory()) {
      const isFile = stats.isFile() || stats.isSymbolicLink();
      if (isFile && (engine.isTracked(path) || !engine.isIgnored(path, false))) listing.add(path);
    } else if (existsSync(join(this.root, path, '.git'))) {
      // A repository of its own has another listing; whether it is one is the walk's to say.
      this.listing = null;
    } else if (!engine.isIgnored(path, true)) {
      for (const found of await this.filesOf(path, engine)) listing.add(found);
    }
  }

  /** The files of a directory that is new or changed. */
  private async filesOf(directory: string, engine: MatcherEngine): Promise<string[]> {
    const inside = await listFiles(join(this.root, directory), this.options);
    return inside
      .map((path) => `${directory}/${path}`)
      .filter(
        (path) => engine.isTracked(path) || !engine.isIgnored(path.replace(/\/$/, ''), path.endsWith('/')),
      );
  }

  private open(): MatcherEngine {
    if (this.engine === null) throw GITIGNORE_CODES.error('MATCHER_CLOSED', 'the matcher has been closed');
    return this.engine;
  }
}

/**
 * Opens a matcher for the paths below `root`.
 *
 * @throws FishplateError `ROOT_INVALID`, `INPUT_INVALID`, `OPTION_INVALID`.
 */
export function openMatcher(root: string, options: MatchOptions = {}): Matcher {
  const directory = checkRoot(root);
  const names = checkNames(options.extraIgnoreFiles);
  const native = selectNative(options.engine);
  const engine =
    native === null ? new ScriptMatcher(directory, names) : nativeEngine(native, directory, names);
  return new Matcher(directory, engine, options);
}

function nativeEngine(native: GitignoreNative, root: string, names: readonly string[]): MatcherEngine {
  const matcher = withCodes(() => new native.NativeMatcher(root, Buffer.from(names.join('\0'))));
  return {
    isIgnored: (path, isDirectory) => matcher.isIgnored(Buffer.from(path), isDirectory),
    areIgnored(paths) {
      if (paths.length === 0) return [];
      if (!paths.every((path) => typeof path === 'string')) {
        throw GITIGNORE_CODES.error('INPUT_INVALID', 'paths holds what is no string');
      }
      const joined = paths.join('\0');
      // Paths that need looking at are looked at one by one.
      if (UNUSUAL.test(joined)) return paths.map((path) => matcherOf(root, this, path));
      const answers = matcher.areIgnored(Buffer.from(joined));
      return Array.from(answers, (answer) => answer === 1);
    },
    explain(path, isDirectory) {
      const decision = matcher.explain(Buffer.from(path), isDirectory);
      if (decision === null) return null;
      const { source, line, pattern, negated } = decision;
      return { source: source.toString(), line, pattern: pattern.toString(), negated };
    },
    isTracked: (path) => matcher.isTracked(Buffer.from(path.replace(/\/$/, ''))),
    refresh: (paths) => matcher.refresh(Buffer.from(paths.join('\0'))),
  };
}

/** Absolute paths, empty ones, and those with `.`, `..` or nothing between slashes. */
const UNUSUAL = /(?:^|\0)(?:\/|\0|$)|\/\/|(?:^|[\0/])\.{1,2}(?:[\0/]|$)/;

function matcherOf(root: string, engine: MatcherEngine, path: string): boolean {
  const below = belowRoot(root, path);
  return engine.isIgnored(below.path, below.isDirectory);
}

/**
 * Whether a path is ignored, as `git check-ignore --no-index` says. For more than one path, {@link openMatcher} reads the
 * files of patterns once.
 *
 * @throws FishplateError `ROOT_INVALID`, `PATH_OUTSIDE`, `INPUT_INVALID`, `OPTION_INVALID`.
 */
export function isIgnored(root: string, path: string, options: MatchOptions = {}): boolean {
  return openMatcher(root, options).ignores(path);
}

/** The pattern that decides about a path, as `git check-ignore --no-index -v` names it; null where none matches. */
export function explainIgnore(root: string, path: string, options: MatchOptions = {}): IgnoreDecision | null {
  return openMatcher(root, options).explain(path);
}
