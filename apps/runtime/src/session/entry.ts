/** What stands at a path at one moment: a file by its content's hash, a symbolic link, or a directory. */

import { type BigIntStats, lstatSync } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { join } from 'node:path';

import { isFishplateError } from '@fishplate/engine';

import { accessError, checkParents } from '../workspace/containment.js';
import type { FileAccess, FileState } from '../workspace/file-access.js';
import { hashOf } from './contents.js';

/** A regular file; its content lies in the {@link Contents}. */
export interface FileEntry {
  readonly kind: 'file';
  /** SHA-256 of the content, hexadecimal; null where the content was not read: the file is not covered. */
  readonly hash: string | null;
  readonly bytes: number;
  /** Permission bits. */
  readonly mode: number;
  /** Inode, size and times of a file that is not covered: all that is known of its content. */
  readonly stamp?: string | undefined;
}

/** A symbolic link. */
export interface LinkEntry {
  readonly kind: 'link';
  readonly target: string;
}

/** A directory; what is in it are entries of their own. */
export interface DirectoryEntry {
  readonly kind: 'directory';
  readonly mode: number;
}

/** What stands at a path; null for nothing. */
export type Entry = FileEntry | LinkEntry | DirectoryEntry | null;

/** What was found at a path, with the content where it is a file that could be read. */
export interface Observed {
  readonly entry: Entry;
  readonly state: FileState | null;
}

/** True where both are the same in kind, content, target and mode; Windows has no modes worth comparing. */
export function isSameEntry(left: Entry, right: Entry): boolean {
  if (left === null || right === null) return left === right;
  if (left.kind === 'link') return right.kind === 'link' && left.target === right.target;
  if (right.kind === 'link' || left.kind !== right.kind) return false;
  if (left.mode !== right.mode && process.platform !== 'win32') return false;
  if (left.kind === 'directory' || right.kind === 'directory') return true;
  return left.hash === null || right.hash === null
    ? left.stamp !== undefined && left.stamp === right.stamp
    : left.hash === right.hash;
}

/** A file's content and mode by reference. */
export function entryOf(state: FileState | null): FileEntry | null {
  if (state === null) return null;
  return { kind: 'file', hash: hashOf(state.bytes), bytes: state.bytes.length, mode: state.mode };
}

/**
 * Looks at a path; the answer is a code where what is there can be read neither as a file nor otherwise. `asKnown` is what it is
 * compared with: of a file whose content is not kept no content is read.
 */
export async function observe(
  files: FileAccess,
  path: string,
  maxBytes: number,
  asKnown: readonly Entry[] = [],
): Promise<Observed | { readonly code: string }> {
  try {
    if (!(await checkParents(files.root, path).catch(asAbsent))) return { entry: null, state: null };
    const absolute = join(files.root, path);
    const stats = await lstat(absolute, { bigint: true }).catch(asNull);
    if (stats === null) return { entry: null, state: null };
    if (stats.isSymbolicLink()) {
      return { entry: { kind: 'link', target: await readlink(absolute) }, state: null };
    }
    const mode = Number(stats.mode) & 0o7777;
    if (stats.isDirectory()) return { entry: { kind: 'directory', mode }, state: null };
    if (stats.isFile() && asKnown.some((known) => known?.kind === 'file' && known.hash === null)) {
      const entry = {
        kind: 'file',
        hash: null,
        bytes: Number(stats.size),
        mode,
        stamp: stampText(stats),
      } as const;
      return { entry, state: null };
    }
    const state = await files.read(path, maxBytes);
    return { entry: entryOf(state), state };
  } catch (error) {
    if (isFishplateError(error)) return { code: error.code };
    throw accessError(error, path);
  }
}

/** As `lstat`, undefined where nothing is there. */
export function lstatOrNone(absolute: string): BigIntStats | undefined {
  try {
    return lstatSync(absolute, { bigint: true });
  } catch (error) {
    return asNull(error) ?? undefined;
  }
}

/** Whether a directory on the way to a path is a link. */
export function leadsThroughLink(root: string, path: string): boolean {
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
    if (lstatOrNone(join(root, path.slice(0, at)))?.isSymbolicLink()) return true;
  }
  return false;
}

/** Inode, size and times in one text. */
export function stampText({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${ino}:${size}:${mtimeNs}:${ctimeNs}`;
}

/** Below a file there is nothing. */
function asAbsent(error: unknown): boolean {
  if (isFishplateError(error) && error.code === 'NOT_A_FILE') return false;
  throw error;
}

function asNull(error: unknown): null {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return null;
  throw error;
}
