/** Answers about single paths: ignored or not, and why. */

import { existsSync, realpathSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';

import { GITIGNORE_CODES } from './codes';
import { ScriptMatcher } from './fallback/matcher';
import { coded, type GitignoreNative, selectNative, withCodes } from './native';
import { checkEngine, checkNames, checkObject, type MatchOptions } from './options';
import { SortedPaths } from './order';
import { belowRoot, changedBelow, checkRoot, isAnyUnusual } from './paths';
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
  /** Whether a file stays listed when it is gone. */
  isTracked(path: string): boolean;
  /** Whether a listing has a path that is there; one with a slash at its end is a repository that is not tracked. */
  isListed(path: string): boolean;
  /** Whether a listing gets into a directory: it lies in no other repository, and behind no link. */
  isReached(directory: string): boolean;
  /** Forgets what depends on the paths; whether more than they may be listed otherwise than before. */
  refresh(paths: readonly string[]): boolean;
  /** Forgets everything. */
  refreshAll(): void;
  /** Reads the index beside the event loop, where it was not read yet. */
  readIndex(): Promise<void>;
}

/** Changed paths of which each is looked at; for more another walk is cheaper. */
const MANY = 1000;

/** Keeps what it has read of a directory, and answers from that; {@link Matcher.refresh} tells it what changed. */
export class Matcher {
  private engine: MatcherEngine | null;
  private listing: SortedPaths | null = null;
  /** What changes the listing, one after the other. */
  private queue: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly root: string,
    /** The root free of symbolic links. */
    private readonly real: string,
    engine: MatcherEngine,
    private readonly options: MatchOptions,
  ) {
    this.engine = engine;
  }

  /** As {@link openMatcher}. */
  static open(root: string, options: MatchOptions = {}): Matcher {
    const directory = checkRoot(root);
    checkObject(options);
    const names = checkNames(options.extraIgnoreFiles);
    const native = selectNative(checkEngine(options.engine));
    const engine =
      native === null ? new ScriptMatcher(directory, names) : nativeEngine(native, directory, names);
    return new Matcher(directory, realpathSync(directory), engine, { ...options, extraIgnoreFiles: names });
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
    checkFlag(isDirectory);
    return this.open().isIgnored(below.path, below.isDirectory || isDirectory);
  }

  /**
   * {@link ignores} for many paths in one call: a million and more in a second, while the event loop waits. A path without
   * a slash at its end is no directory; nothing is looked up.
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
    checkFlag(isDirectory);
    return this.open().explain(below.path, below.isDirectory || isDirectory);
  }

  /**
   * The files below the root, as `listFiles` gives them: read once, and kept right by {@link refresh}. Calls and refreshes
   * take effect in the order in which they are made.
   *
   * @throws FishplateError as `listFiles`, `MATCHER_CLOSED`.
   */
  async files(): Promise<string[]> {
    this.open();
    return this.inTurn(async () => {
      this.open();
      const listing = this.listing ?? new SortedPaths(await listFiles(this.root, this.options));
      // It may be closed by now.
      this.open();
      this.listing = listing;
      return listing.toArray();
    });
  }

  /**
   * Told which paths were made, changed or removed, forgets what that made untrue, so that answers and {@link files} are
   * right again without another walk. Give `.git/index` and the like too: then all is read anew, as it is for the root, for
   * a path outside (`../.gitignore`), and without an argument. Decisions are right at once, the listing when it resolves.
   *
   * @param paths - Files or directories, relative to the root or absolute.
   * @throws FishplateError `INPUT_INVALID`, `MATCHER_CLOSED`, `ROOT_INVALID`, `INDEX_UNREADABLE`, `CONFIG_UNREADABLE`.
   */
  async refresh(paths?: readonly string[]): Promise<void> {
    const engine = this.open();
    const below = paths === undefined ? null : changedBelow(this.root, this.real, paths);
    // A name that is not UTF-8 is shown as another one.
    const isAll = below === null || below.length > MANY || below.some((path) => path.includes('\ufffd'));
    const isMore = withCodes(() => (isAll ? (engine.refreshAll(), true) : engine.refresh(below)));
    return this.inTurn(async () => {
      if (isMore) this.listing = null;
      if (this.listing === null || below === null) return;
      try {
        await engine.readIndex();
        for (const path of below) if (this.listing !== null) await this.relist(path, this.listing);
      } catch (error) {
        // Half of it is old.
        this.listing = null;
        throw coded(error);
      }
    });
  }

  /** Forgets everything; calls after it are refused, and those that wait reject. */
  close(): void {
    this.engine = null;
    this.listing = null;
  }

  private inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.queue.then(work);
    this.queue = done.catch(() => undefined);
    return done;
  }

  private async relist(path: string, listing: SortedPaths): Promise<void> {
    const stats = await lstat(join(this.root, path)).catch(() => null);
    const engine = this.open();
    // Tracked files that are gone stay listed, as with git.
    listing.remove(path, (known) => engine.isTracked(known));
    if (stats === null) return;
    if (!stats.isDirectory()) {
      const isFile = stats.isFile() || stats.isSymbolicLink();
      if (isFile && engine.isListed(path)) listing.add(path);
    } else if (existsSync(join(this.root, path, '.git'))) {
      // A repository of its own has another listing; whether it is one is the walk's to say.
      this.listing = null;
    } else if (engine.isReached(path)) {
      const inside = await listFiles(join(this.root, path), this.options);
      this.open();
      listing.addAll(inside.map((found) => `${path}/${found}`).filter((found) => engine.isListed(found)));
    }
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
  return Matcher.open(root, options);
}

function checkFlag(isDirectory: unknown): void {
  if (isDirectory === undefined || typeof isDirectory === 'boolean') return;
  const type = isDirectory === null ? 'null' : `of type ${typeof isDirectory}`;
  throw GITIGNORE_CODES.error('INPUT_INVALID', `isDirectory must be true or false, and is ${type}`);
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
      if (isAnyUnusual(joined)) return Array.from(paths, (path) => matcherOf(root, this, path));
      const answers = matcher.areIgnored(Buffer.from(joined));
      return Array.from(answers, (answer) => answer === 1);
    },
    explain(path, isDirectory) {
      const decision = matcher.explain(Buffer.from(path), isDirectory);
      if (decision === null) return null;
      const { source, line, pattern, negated } = decision;
      return { source: source.toString(), line, pattern: pattern.toString(), negated };
    },
    isTracked: (path) => matcher.isTracked(Buffer.from(path)),
    isListed: (path) => matcher.isListed(Buffer.from(path)),
    isReached: (directory) => matcher.isReached(Buffer.from(directory)),
    refresh: (paths) => matcher.refresh(Buffer.from(paths.join('\0'))),
    refreshAll: () => matcher.refreshAll(),
    readIndex: () => matcher.readIndex(),
  };
}

function matcherOf(root: string, engine: MatcherEngine, path: string): boolean {
  const below = belowRoot(root, path);
  return engine.isIgnored(below.path, below.isDirectory);
}

/**
 * Whether a path is ignored, as `git check-ignore --no-index` says. For more than one path, {@link openMatcher} reads the
 * ignore files once.
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
