/** Options, and what both engines make of them. */

import type { EngineChoice } from '@fishplate/engine';

import { GITIGNORE_CODES } from './codes';
import { globsOf } from './types';

/** Options of matchers. */
export interface MatchOptions {
  /** Names of files of patterns beside `.gitignore`, such as `.ignore`; in one directory the later ones are stronger. */
  readonly extraIgnoreFiles?: readonly string[];
  /** Which engine to use; `auto` unless given. */
  readonly engine?: EngineChoice;
}

/** A directory or file that could not be looked at; the listing goes on without it. */
export interface Problem {
  /** Relative to the root; empty for the root. */
  readonly path: string;
  readonly message: string;
}

/** What to list. The defaults are those of `git ls-files -co --exclude-standard`. */
export interface ListOptions extends MatchOptions {
  /** Names that start with a dot too; true unless given. */
  readonly hidden?: boolean;
  /** `include` (unless given) lists tracked files whatever the patterns say, `ignore` does not read the index. */
  readonly tracked?: 'include' | 'ignore';
  /** Go into directories that links point to; loops end. False unless given: links are listed. */
  readonly followSymlinks?: boolean;
  /** Kinds of files, such as `ts` or `py`: only these. */
  readonly types?: readonly string[];
  /** Patterns in the syntax of `.gitignore`: only what one of them matches; with `!` before it, all but that. */
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
  /** False leaves the repository around the root aside: files of patterns below the root count, and the user's own. */
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
  readonly followSymlinks: boolean;
  readonly extraIgnoreFiles: readonly string[];
  readonly globs: readonly string[];
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
  const { tracked = 'include', signal, onProblem, onProgress, types = [], globs = [] } = options ?? {};
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
  if (globs.some((glob) => /[\n\0]/.test(glob)))
    throw invalid('globs may hold no line end and no NUL', globs);
  return {
    hidden: flag(options.hidden, 'hidden', true),
    tracked: tracked === 'include',
    followSymlinks: flag(options.followSymlinks, 'followSymlinks', false),
    extraIgnoreFiles: checkNames(options.extraIgnoreFiles),
    globs: [...globsOf(types), ...globs],
    maxDepth: count(options.maxDepth, 'maxDepth', 1, 0xffff_ffff),
    maxFileSize: count(options.maxFileSize, 'maxFileSize', 0, Number.MAX_SAFE_INTEGER),
    threads: count(options.threads, 'threads', 1, 64),
    stat: flag(options.stat, 'stat', false),
    requireGit: flag(options.requireGit, 'requireGit', false),
    repository: flag(options.repository, 'repository', true),
    engine: options.engine,
    signal,
    onProblem,
    onProgress,
  };
}

/** Names of files of patterns. @throws FishplateError `OPTION_INVALID`. */
export function checkNames(names: readonly string[] = []): readonly string[] {
  checkStrings(names, 'extraIgnoreFiles');
  for (const name of names) {
    if (name === '' || name === '.' || name === '..' || /[/\0\\]/.test(name)) {
      throw invalid('extraIgnoreFiles must be names of files, without a directory', name);
    }
  }
  return [...names];
}

function checkStrings(list: unknown, name: string): asserts list is readonly string[] {
  if (!Array.isArray(list) || list.some((item) => typeof item !== 'string')) {
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
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeof value;
}
