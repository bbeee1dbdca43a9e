/** The files of a workspace as git would list them: tracked, or neither tracked nor ignored. */

import { isUtf8 } from 'node:buffer';
import { existsSync, lstatSync, type Stats } from 'node:fs';
import { join } from 'node:path';

import { isFishplateError, type EngineChoice } from '@fishplate/engine';
import { capability, listFileNames, type ListOptions } from '@fishplate/gitignore';

import { throwIfCancelled } from '../cancellation.js';
import { isTemporary } from './commit.js';

/** A listing. Paths are relative to the workspace, `/` between components, sorted by UTF-16 code units. */
export interface Listing {
  readonly files: readonly string[];
  /** Engine of the gitignore track: `native` or `js`. */
  readonly engine: string;
  /** What was left aside, in one sentence; null where nothing was. */
  readonly note: string | null;
  /** Directories with a repository of their own; what is in them is not listed. */
  readonly nestedRepositories: readonly string[];
  /** Directories that could not be read. */
  readonly unreadable: readonly string[];
  /** Files whose names are not UTF-8, and so cannot be named here. */
  readonly unnameable: number;
}

/** How to list. */
export interface ListingOptions {
  readonly engine: EngineChoice;
  readonly signal?: AbortSignal | undefined;
  /** Told now and then how many paths were found and then looked at, and of how many (null while unknown). */
  readonly onProgress?: ((done: number, total: number | null) => void) | undefined;
}

/** Paths looked at between two moments in which the event loop runs. */
const BATCH = 250;

/**
 * Lists the files of the workspace at `root`.
 *
 * @throws FishplateError `ROOT_INVALID` where it is gone; `CANCELLED`.
 */
export async function listWorkspace(root: string, options: ListingOptions): Promise<Listing> {
  throwIfCancelled(options.signal);
  const unreadable: string[] = [];
  const { names, note } = await findNames(root, options, (path) => unreadable.push(path));
  const engine = capability({ call: options.engine }).engine ?? 'none';
  return { ...(await keepFiles(root, names, options)), engine, note, unreadable };
}

/** The index may be damaged, and the repository around may ignore the workspace as a whole: both are told, neither ends it. */
async function findNames(
  root: string,
  { engine, signal, onProgress }: ListingOptions,
  onUnreadable: (path: string) => void,
): Promise<{ names: Buffer; note: string | null }> {
  const list = async (more: ListOptions): Promise<Buffer> => {
    try {
      return await listFileNames(root, {
        engine,
        onProblem: ({ path }) => onUnreadable(path),
        ...(signal === undefined ? {} : { signal }),
        ...(onProgress === undefined ? {} : { onProgress: (found: number) => onProgress(found, null) }),
        ...more,
      });
    } catch (error) {
      throwIfCancelled(signal);
      throw error;
    }
  };
  let note: string | null = null;
  const names = await list({}).catch((error: unknown) => {
    if (!isFishplateError(error) || error.code !== 'INDEX_UNREADABLE') throw error;
    note = `${error.message}: tracked files that are ignored are not listed`;
    return list({ tracked: 'ignore' });
  });
  if (names.length > 0 || existsSync(join(root, '.git'))) return { names, note };
  const apart = await list({ repository: false });
  const isIgnored = 'the repository around the workspace ignores it as a whole, and was left aside';
  return apart.length === 0 ? { names, note } : { names: apart, note: isIgnored };
}

/** Leaves out what is tracked and no longer there, and what no path of a tool can name. */
async function keepFiles(
  root: string,
  names: Buffer,
  options: ListingOptions,
): Promise<Pick<Listing, 'files' | 'nestedRepositories' | 'unnameable'>> {
  const files: string[] = [];
  const nested: string[] = [];
  let unnameable = 0;
  let found = 0;
  for (let at = names.indexOf(0); at !== -1; at = names.indexOf(0, at + 1)) found += 1;
  for (let start = 0, done = 1; start < names.length; done++) {
    const end = names.indexOf(0, start);
    const name = names.subarray(start, end);
    start = end + 1;
    if (!isUtf8(name)) unnameable += 1;
    else {
      const path = name.toString();
      const stats = isTemporary(path) ? null : entryAt(join(root, path));
      if (stats?.isFile() || stats?.isSymbolicLink()) files.push(path);
      else if (stats?.isDirectory()) nested.push(path.replace(/\/$/, ''));
    }
    if (done % BATCH === 0) {
      options.onProgress?.(found + done, 2 * found);
      await new Promise(setImmediate);
      throwIfCancelled(options.signal);
    }
  }
  options.onProgress?.(2 * found, 2 * found);
  // In the order of bytes already, which differs for a few characters only.
  return { files: files.sort(), nestedRepositories: nested.sort(), unnameable };
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
