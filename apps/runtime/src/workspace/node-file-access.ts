/**
 * File access by `node:fs`: containment by real path, no symbolic link followed. Interim.
 *
 * Node has no `openat`, so a program that swaps a directory for a link between check and use can still win the race: in
 * writes everywhere, in reads on systems other than Linux. The sandbox track's race-free file API takes this file's place.
 */

import { constants, realpathSync, statSync } from 'node:fs';
import { type FileHandle, open, readlink, realpath, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { RUNTIME_CODES } from '../codes.js';
import { commitChanges } from './commit.js';
import { accessError, checkParents, isRegularFile, stampFrom, symlinkError } from './containment.js';
import type { CommitOutcome, FileAccess, FileChange, FileState } from './file-access.js';
import { type PathPurpose, workspacePath } from './paths.js';

/** O_NOFOLLOW and O_NONBLOCK do not exist on Windows, where `lstat` before and real path after must do. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Opens a workspace.
 *
 * @throws FishplateError `WORKSPACE_INVALID` where `workspace` is no directory.
 */
export function openWorkspace(workspace: string): FileAccess {
  const given = resolve(workspace);
  let root: string;
  try {
    root = realpathSync.native(given);
    if (!statSync(root).isDirectory()) throw new Error('it is not a directory');
  } catch (cause) {
    throw RUNTIME_CODES.error(
      'WORKSPACE_INVALID',
      `${given} cannot serve as workspace: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
  return new NodeFileAccess(root, [root, given]);
}

class NodeFileAccess implements FileAccess {
  readonly name = 'node-fs';

  constructor(
    readonly root: string,
    private readonly roots: readonly string[],
  ) {}

  resolve(path: string, purpose: PathPurpose): string {
    return workspacePath(path, this.roots, purpose);
  }

  async read(path: string, maxBytes: number): Promise<FileState | null> {
    const absolute = join(this.root, path);
    if (!(await isRegularFile(this.root, path))) return null;
    let handle: FileHandle;
    try {
      handle = await open(absolute, READ_FLAGS);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw accessError(error, path);
    }
    try {
      await confirmPlace(handle, absolute, path);
      return await readHandle(handle, path, maxBytes);
    } finally {
      await handle.close();
    }
  }

  commit(changes: readonly FileChange[]): Promise<CommitOutcome> {
    return commitChanges(this.root, changes);
  }

  async removeEmptyDirectories(paths: readonly string[]): Promise<void> {
    for (const path of [...paths].reverse()) {
      try {
        await checkParents(this.root, path);
        await rmdir(join(this.root, path));
      } catch {
        // Not empty, already gone, or no longer a directory of ours: it stays as it is.
      }
    }
  }
}

async function readHandle(handle: FileHandle, path: string, maxBytes: number): Promise<FileState> {
  const stats = await handle.stat({ bigint: true });
  if (!stats.isFile()) throw RUNTIME_CODES.error('NOT_A_FILE', `${JSON.stringify(path)} is no regular file`);
  if (stats.size > BigInt(maxBytes)) {
    throw RUNTIME_CODES.error(
      'FILE_TOO_LARGE',
      `${JSON.stringify(path)} has ${stats.size} bytes, the limit is ${maxBytes}`,
      {
        details: { path, bytes: Number(stats.size), limit: maxBytes },
      },
    );
  }
  const bytes = Buffer.alloc(Number(stats.size));
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return { bytes: bytes.subarray(0, filled), mode: Number(stats.mode) & 0o7777, stamp: stampFrom(stats) };
}

/** Refuses a handle that, by a link swapped in meanwhile, is another file than the path says. */
async function confirmPlace(handle: FileHandle, absolute: string, path: string): Promise<void> {
  const actual = await realPlace(handle, absolute);
  const same = process.platform === 'linux' ? actual === absolute : foldName(actual) === foldName(absolute);
  if (!same) throw symlinkError(path);
}

async function realPlace(handle: FileHandle, absolute: string): Promise<string> {
  if (process.platform === 'linux') {
    try {
      return await readlink(`/proc/self/fd/${handle.fd}`);
    } catch {
      // No /proc here.
    }
  }
  return realpath(absolute);
}

/** Disks of macOS and Windows usually take names in either case and normal form. */
function foldName(path: string): string {
  return path.normalize('NFC').toLowerCase();
}
