/** Options, and what both engines make of them. */

import type { EngineChoice } from '@fishplate/engine';

import { GITIGNORE_CODES } from './codes';
import { globsOf } from './types';

/** Options of matchers. */
export interface MatchOptions {
  /**
   * Names of ignore files beside `.gitignore`, such as `.ignore`; in one directory the later ones are stronger. What they
   * ignore is left out though git tracks it.
   */
  readonly extraIgnoreFiles?: readonly string[];
  /** Which engine to use; `auto` unless given. */
  readonly engine?: EngineChoice;
}

/** A directory or file that could not be looked at; the listing goes on without it. */
export interface Problem {
  /** Relative to the root; empty for the root. */
  readonly path: string;
  /** The system's name for it, such as `EACCES`. */
  readonly code: string;
  readonly message: string;
}

/** What to list. The defaults are those of `git ls-files -co --exclude-standard`. */
export interface ListOptions extends MatchOptions {
  /** Names that start with a dot too; true unless given. */
  readonly hidden?: boolean;
  /** `include` (unless given) lists tracked files whatever the patterns say, `ignore` does not read the index. */
  readonly tracked?: 'include' | 'ignore';
  /** False leaves out tracked files that are gone from the disk; true unless given, as git has it. */
  readonly deleted?: boolean;
  /** Go into directories that links point to, each directory once. False unless given: links are listed. */
  readonly followSymlinks?: boolean;
  /** Kinds of files, such as `ts` or `py`: only these; with `globs`, what both let through. */
  readonly types?: readonly string[];
  /**
   * Patterns in the syntax of `.gitignore`: only what one of them matches, and what is in a directory that one matches;
   * with `!` before it, all but that. Braces are plain, as in `.gitignore`.
   */
  readonly globs?: readonly string[];
  /** Most components of a path, from 1. */
  readonly maxDepth?: number;
  /** Bytes of the largest file listed. */
  readonly maxFileSize?: number;
  /** Threads of the native engine; as many as there are processors, eight at most, unless given. */
  readonly threads?: number;
  /** Read size, time and mode of each file; `walkFiles` gives them. */
  readonly stat?: boolean;
  /** Refuse a root that lies in no git repository. */
  readonly requireGit?: boolean;
  /** False leaves the repository around the root aside: ignore files below the root count, and the user's own. */
  readonly repository?: boolean;
  /** Rejects with the signal's reason when it aborts. */
  readonly signal?: AbortSignal;
  /** Told what could not be read. */
  readonly onProblem?: (problem: Problem) => void;
  /** Told now and then how many files were found. */
  readonly onProgress?: (found: number) => void;
}

/** Options that have been checked, with their defaults. */
export interface CheckedOptions {
  readonly hidden: boolean;
  readonly tracked: boolean;
  readonly deleted: boolean;
  readonly followSymlinks: boolean;
  readonly extraIgnoreFiles: readonly string[];
  readonly globs: readonly string[];
  /** Globs of the kinds of files. */
  readonly types: readonly string[];
  readonly maxDepth: number | undefined;
  readonly maxFileSize: number | undefined;
  readonly threads: number | undefined;
  readonly stat: boolean;
  readonly requireGit: boolean;
  readonly repository: boolean;
  readonly engine: EngineChoice | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onProblem: ((problem: Problem) => void) | undefined;
  readonly onProgress: ((found: number) => void) | undefined;
}

/** @throws FishplateError `OPTION_INVALID`. */
export function checkOptions(options: ListOptions): CheckedOptions {
  checkObject(options);
  const { tracked = 'include', signal, onProblem, onProgress, types = [], globs = [] } = options;
  if (tracked !== 'include' && tracked !== 'ignore')
    throw invalid('tracked must be include or ignore', tracked);
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalid('signal must be an AbortSignal', signal);
  for (const [name, value] of Object.entries({ onProblem, onProgress })) {
    if (value !== undefined && typeof value !== 'function')
      throw invalid(`${name} must be a function`, value);
  }
  checkStrings(types, 'types');
  checkStrings(globs, 'globs');
  globs.forEach(checkGlob);
  const requireGit = flag(options.requireGit, 'requireGit', false);
  const repository = flag(options.repository, 'repository', true);
  if (requireGit && !repository) {
    throw GITIGNORE_CODES.error(
      'OPTION_INVALID',
      'requireGit asks for a repository, and repository: false leaves it aside',
    );
  }
  return {
    hidden: flag(options.hidden, 'hidden', true),
    tracked: tracked === 'include',
    deleted: flag(options.deleted, 'deleted', true),
    followSymlinks: flag(options.followSymlinks, 'followSymlinks', false),
    extraIgnoreFiles: checkNames(options.extraIgnoreFiles),
    globs: [...globs],
    types: globsOf(types),
    maxDepth: count(options.maxDepth, 'maxDepth', 1, 0xffff_ffff),
    maxFileSize: count(options.maxFileSize, 'maxFileSize', 0, Number.MAX_SAFE_INTEGER),
    threads: count(options.threads, 'threads', 1, 64),
    stat: flag(options.stat, 'stat', false),
    requireGit,
    repository,
    engine: checkEngine(options.engine),
    signal,
    onProblem,
    onProgress,
  };
}

/** @throws FishplateError `OPTION_INVALID` where options are none. */
export function checkObject(options: unknown): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalid('options must be an object', options);
  }
}

/** A symbol or an object could not even be named by the check behind this one. */
export function checkEngine(engine: unknown): EngineChoice | undefined {
  if (engine !== undefined && typeof engine !== 'string') {
    throw invalid('engine must be auto, native or fallback', engine);
  }
  return engine as EngineChoice | undefined;
}

function checkGlob(glob: string): void {
  if (/[\n\0]/.test(glob)) throw invalid('globs may hold no line end and no NUL', glob);
  if (glob.startsWith('#')) {
    throw invalid('a glob that starts with # is a comment: write \\# for the character', glob);
  }
  if (/^!?\.\//.test(glob)) {
    throw invalid('a glob begins at the root by a slash before it: write /name for ./name', glob);
  }
  if (/^!?\/*[ \r]*$/.test(glob)) throw invalid('a glob must name something', glob);
}

/** Names of ignore files. @throws FishplateError `OPTION_INVALID`. */
export function checkNames(names: readonly string[] = []): readonly string[] {
  checkStrings(names, 'extraIgnoreFiles');
  for (const name of names) {
    if (name === '' || name === '.' || name === '..' || /[/\0\\]/.test(name)) {
      throw invalid('extraIgnoreFiles must hold names of files, without a directory', name);
    }
  }
  return [...names];
}

function checkStrings(list: unknown, name: string): asserts list is readonly string[] {
  // Array.from: holes are no strings either.
  if (!Array.isArray(list) || Array.from(list).some((item) => typeof item !== 'string')) {
    throw invalid(`${name} must be an array of strings`, list);
  }
}

function flag(value: unknown, name: string, otherwise: boolean): boolean {
  if (value === undefined) return otherwise;
  if (typeof value !== 'boolean') throw invalid(`${name} must be true or false`, value);
  return value;
}

function count(value: unknown, name: string, least: number, most: number): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    throw invalid(`${name} must be a whole number from ${least} to ${most}`, value);
  }
  return value;
}

function invalid(rule: string, value: unknown): Error {
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : describe(value);
  return GITIGNORE_CODES.error('OPTION_INVALID', `${rule}, and is ${shown}`);
}

function describe(value: unknown): string {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? 'an array that holds something else' : `of type ${typeof value}`;
}
