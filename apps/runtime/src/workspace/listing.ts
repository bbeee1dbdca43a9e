/** The files of a workspace as git would list them: tracked, or neither tracked nor ignored. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { isFishplateError, type EngineChoice } from '@fishplate/engine';
import { capability, type FileEntry, type ListOptions, walkFiles } from '@fishplate/gitignore';

import { throwIfCancelled } from '../cancellation.js';
import { isState } from '../session/state-folder.js';
import { isTemporary } from './sandbox-file-access.js';

/** A listing. Paths are relative to the workspace, `/` between components, sorted by UTF-16 code units. */
export interface Listing {
  readonly files: readonly string[];
  /** Engine of the gitignore track: `native` or `js`. */
  readonly engine: string;
  /** What was left aside, in one sentence; null where nothing was. */
  readonly note: string | null;
  /** Directories with a repository of their own; what is in them is not listed. */
  readonly nestedRepositories: readonly string[];
  /** Directories, and ignore files, that could not be read. */
  readonly unreadable: readonly string[];
  /** Files whose names are not UTF-8, and so cannot be named here, with U+FFFD for what is not. */
  readonly unnameable: readonly string[];
}

/** How to list. */
export interface ListingOptions {
  readonly engine: EngineChoice;
  /** As `listFiles` of `@fishplate/gitignore` takes them. */
  readonly globs?: readonly string[] | undefined;
  readonly types?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told now and then how many paths were found and then taken, and of how many (null while unknown). */
  readonly onProgress?: ((done: number, total: number | null) => void) | undefined;
}

/** What one walk found. */
interface Found {
  readonly files: string[];
  readonly nested: string[];
  readonly unreadable: string[];
  readonly unnameable: string[];
  /** Paths that came. */
  taken: number;
}

/**
 * Lists the files of the workspace at `root`: those that are there, of whatever kind.
 *
 * @throws FishplateError `ROOT_INVALID` where it is gone; `OPTION_INVALID` where a glob or type is none; `CANCELLED`.
 */
export async function listWorkspace(root: string, options: ListingOptions): Promise<Listing> {
  throwIfCancelled(options.signal);
  const engine = capability({ call: options.engine }).engine ?? 'none';
  const { found, note } = await findFiles(root, options);
  options.onProgress?.(2 * found.taken, 2 * found.taken);
  const limits =
    engine === 'js' && existsSync(join(root, '.git'))
      ? 'without the native engine the index is not read: tracked files that are ignored are not listed'
      : null;
  return {
    // Batches are sorted, which leaves little to do.
    files: found.files.sort(),
    engine,
    note: note ?? limits,
    nestedRepositories: found.nested.sort(),
    unreadable: found.unreadable.sort(),
    unnameable: found.unnameable.sort(),
  };
}

/**
 * Index or configuration may be damaged, and the repository around may ignore the workspace as a whole: all are told, none
 * ends it.
 */
async function findFiles(
  root: string,
  options: ListingOptions,
): Promise<{ found: Found; note: string | null }> {
  const apart = { repository: false };
  let found: Found;
  try {
    found = await walk(root, options, {});
  } catch (error) {
    const code = isFishplateError(error) ? error.code : '';
    if (code === 'INDEX_UNREADABLE') {
      const note = `${(error as Error).message}: tracked files that are ignored are not listed`;
      return { found: await walk(root, options, { tracked: 'ignore' }), note };
    }
    if (code !== 'CONFIG_UNREADABLE') throw error;
    const note = `${(error as Error).message}: the repository was left aside, and its ignore files above the workspace`;
    return { found: await walk(root, options, apart), note };
  }
  const isEmpty = found.files.length + found.nested.length + found.unnameable.length === 0;
  if (!isEmpty || existsSync(join(root, '.git'))) return { found, note: null };
  const own = await walk(root, options, apart);
  const isIgnored = 'the repository around the workspace ignores it as a whole, and was left aside';
  return own.files.length === 0 ? { found, note: null } : { found: own, note: isIgnored };
}

async function walk(root: string, options: ListingOptions, more: ListOptions): Promise<Found> {
  const { engine, globs, types, signal, onProgress } = options;
  const found: Found = { files: [], nested: [], unreadable: [], unnameable: [], taken: 0 };
  let told = 0;
  const tell = (count: number): void => {
    const done = count + found.taken;
    if (done > told) onProgress?.((told = done), null);
  };
  const request: ListOptions = {
    engine,
    // A file that is gone is nothing to work with.
    deleted: false,
    onProblem: ({ path }) => found.unreadable.push(path),
    ...(globs === undefined ? {} : { globs }),
    ...(types === undefined ? {} : { types }),
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress: tell }),
    ...more,
  };
  try {
    for await (const batch of walkFiles(root, request)) keep(batch, found);
  } catch (error) {
    throwIfCancelled(signal);
    throw error;
  }
  return found;
}

function keep(batch: readonly FileEntry[], found: Found): void {
  found.taken += batch.length;
  const files: string[] = [];
  for (const { path, kind } of batch) {
    // Its own ignore file hides the state, unless somebody removed that.
    if (isTemporary(path) || isState(path)) continue;
    if (path.includes('\ufffd')) found.unnameable.push(path);
    else if (kind === 'repository') found.nested.push(path.replace(/\/$/, ''));
    else files.push(path);
  }
  for (const path of files.sort()) found.files.push(path);
}
