/** The files of a workspace as git would list them: tracked, or neither tracked nor ignored. */

import { lstatSync, type Stats } from 'node:fs';
import { join } from 'node:path';

import { throwIfCancelled } from '../cancellation.js';
import { RUNTIME_CODES } from '../codes.js';
import type { ListingChoice } from '../config/schema.js';
import { isTemporary } from './commit.js';
import { GitRefusal, gitPaths } from './git-listing.js';

/** Who listed: git itself, or the walk that reads `.gitignore` files with npm `ignore`. Interim both. */
export type ListingSource = 'git' | 'ignore';

/** A listing. Paths are relative to the workspace, `/` between components, sorted by UTF-16 code units. */
export interface Listing {
  readonly files: readonly string[];
  readonly source: ListingSource;
  /** Why this source, in one sentence. */
  readonly reason: string;
  /** Directories with a repository of their own; what is in them is not listed. */
  readonly nestedRepositories: readonly string[];
  /** Files whose names are not UTF-8, and so cannot be named here. */
  readonly unnameable: number;
}

/** How to list. */
export interface ListingOptions {
  readonly source: ListingChoice;
  readonly signal?: AbortSignal | undefined;
  /** Told now and then how many paths have been looked at, and of how many (null while unknown). */
  readonly onProgress?: ((done: number, total: number | null) => void) | undefined;
}

/** Paths found, before those that are not files have been left out. */
export interface FoundPaths {
  readonly paths: readonly string[];
  readonly nestedRepositories: readonly string[];
  readonly unnameable: number;
}

/** Paths looked at between two moments in which the event loop runs. */
const BATCH = 1000;

/**
 * Lists the files of the workspace at `root`.
 *
 * @throws FishplateError `LISTING_FAILED` where git was asked for and cannot; `CANCELLED`.
 */
export async function listWorkspace(root: string, options: ListingOptions): Promise<Listing> {
  throwIfCancelled(options.signal);
  if (options.source !== 'ignore') {
    try {
      return await keepFiles(
        root,
        await gitPaths(root, options.signal),
        'git',
        'git ls-files answered',
        options,
      );
    } catch (error) {
      throwIfCancelled(options.signal);
      if (!(error instanceof GitRefusal)) throw error;
      if (options.source === 'git')
        throw RUNTIME_CODES.error('LISTING_FAILED', error.message, { cause: error });
      return walk(root, error.message, options);
    }
  }
  return walk(root, 'listing.source asks for it', options);
}

async function walk(root: string, reason: string, options: ListingOptions): Promise<Listing> {
  const { ignoreWalk } = await import('./ignore-walk.js');
  return keepFiles(root, await ignoreWalk(root, options), 'ignore', reason, options);
}

/** Leaves out what git still tracks but is no longer there, and sorts. */
async function keepFiles(
  root: string,
  found: FoundPaths,
  source: ListingSource,
  reason: string,
  options: ListingOptions,
): Promise<Listing> {
  const paths = [...new Set(found.paths)].filter((path) => !isTemporary(path)).sort();
  const files: string[] = [];
  const nested = new Set(found.nestedRepositories);
  for (let start = 0; start < paths.length; start += BATCH) {
    throwIfCancelled(options.signal);
    for (const path of paths.slice(start, start + BATCH)) {
      const stats = entryAt(join(root, path));
      if (stats?.isFile() || stats?.isSymbolicLink()) files.push(path);
      else if (stats?.isDirectory()) nested.add(path.replace(/\/$/, ''));
    }
    options.onProgress?.(Math.min(start + BATCH, paths.length), paths.length);
    await new Promise(setImmediate);
  }
  return { files, source, reason, nestedRepositories: [...nested].sort(), unnameable: found.unnameable };
}

/** Null where nothing is, or can be seen: a tracked directory may have become a file, or be closed to us. */
function entryAt(absolute: string): Stats | null {
  try {
    return lstatSync(absolute, { throwIfNoEntry: false }) ?? null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR' || code === 'EACCES' || code === 'EPERM' || code === 'ELOOP') return null;
    throw error;
  }
}
