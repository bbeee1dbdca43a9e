/** Writes a set of file changes so that all of them happen or none: temporary files first, then renames. */

import { randomBytes } from 'node:crypto';
import { type FileHandle, link, mkdir, open, rename, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { RUNTIME_CODES } from '../codes.js';
import { accessError, checkParents, isRegularFile, stampOf } from './containment.js';
import type { CommitOutcome, FileChange, FileStamp, NextState } from './file-access.js';

/** A change whose new content already lies beside its place. */
interface StagedChange {
  readonly change: FileChange;
  readonly absolute: string;
  /** Null where the change deletes. */
  readonly temporary: string | null;
  readonly mode: number;
}

/** What file systems without hard links answer (FAT, some network and container mounts). */
const NO_HARD_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV']);

/** See {@link FileAccess.commit}. `root` is free of symbolic links. */
export async function commitChanges(root: string, changes: readonly FileChange[]): Promise<CommitOutcome> {
  const createdDirectories: string[] = [];
  const staged: StagedChange[] = [];
  const done: StagedChange[] = [];
  try {
    for (const change of changes) staged.push(await stage(root, change, createdDirectories));
    for (const { change } of staged) {
      if (!(await isUnchanged(root, change))) {
        await withdraw(root, staged, createdDirectories);
        return { ok: false, changedMeanwhile: change.path };
      }
    }
    for (const item of staged) {
      if (!(await putInPlace(item))) {
        await rollBack(done);
        await withdraw(root, staged, createdDirectories);
        return { ok: false, changedMeanwhile: item.change.path };
      }
      done.push(item);
    }
  } catch (cause) {
    try {
      await rollBack(done, cause);
    } finally {
      await withdraw(root, staged, createdDirectories);
    }
    throw RUNTIME_CODES.error('WRITE_ROLLED_BACK', `writing failed: ${(cause as Error).message}`, { cause });
  }
  return {
    ok: true,
    modes: new Map(staged.map(({ change, mode }) => [change.path, mode])),
    createdDirectories,
  };
}

async function stage(root: string, change: FileChange, createdDirectories: string[]): Promise<StagedChange> {
  const absolute = join(root, change.path);
  if (change.after === null) return { change, absolute, temporary: null, mode: 0 };
  await makeParents(root, change.path, createdDirectories);
  const { temporary, mode } = await writeTemporary(absolute, change.after, change.before?.mode, change.path);
  return { change, absolute, temporary, mode };
}

async function makeParents(root: string, path: string, createdDirectories: string[]): Promise<void> {
  if (await checkParents(root, path)) return;
  const components = path.split('/').slice(0, -1);
  for (let depth = 1; depth <= components.length; depth += 1) {
    const directory = components.slice(0, depth).join('/');
    try {
      await mkdir(join(root, directory));
      createdDirectories.push(directory);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw accessError(error, path);
    }
  }
  await checkParents(root, path);
}

/** What a process that was killed may leave behind: no file of the workspace. */
export function isTemporary(path: string): boolean {
  return /(?:^|\/)\.fishplate-[\da-f]{16}\.tmp$/.test(path);
}

/** The name starts with a dot and says whose it is, so that a file left by a killed process explains itself. */
async function writeTemporary(
  absolute: string,
  next: NextState,
  modeBefore: number | undefined,
  path: string,
  modifiedNs?: bigint,
): Promise<{ temporary: string; mode: number }> {
  const temporary = join(dirname(absolute), `.fishplate-${randomBytes(8).toString('hex')}.tmp`);
  const mode = next.mode ?? modeBefore;
  let handle: FileHandle | undefined;
  try {
    // Until it has the mode that it is to have, nobody else reads it.
    handle = await open(temporary, 'wx', mode === undefined ? 0o666 : 0o600);
    await handle.writeFile(next.bytes);
    if (modeBefore !== undefined) await keepOwner(handle, absolute);
    if (modifiedNs !== undefined) {
      const seconds = Number(modifiedNs / 1000n) / 1e6;
      await handle.utimes(seconds, seconds);
    }
    if (mode !== undefined) await handle.chmod(mode);
    const stats = await handle.stat();
    return { temporary, mode: stats.mode & 0o7777 };
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw accessError(error, path);
  } finally {
    await handle?.close();
  }
}

/** A rename would hand the file to whoever runs this; only a privileged process can keep another's ownership. */
async function keepOwner(handle: FileHandle, absolute: string): Promise<void> {
  const owner = await stat(absolute).catch(() => undefined);
  if (owner === undefined || process.getuid === undefined) return;
  const ours = await handle.stat();
  if (ours.uid === owner.uid && ours.gid === owner.gid) return;
  await handle.chown(owner.uid, owner.gid).catch(() => undefined);
}

async function isUnchanged(root: string, change: FileChange): Promise<boolean> {
  const exists = await isRegularFile(root, change.path).catch(() => null);
  if (exists === null) return false;
  if (change.before === null) return !exists;
  const now = exists ? await stampOf(join(root, change.path)) : null;
  return now !== null && sameStamp(now, change.before.stamp);
}

function sameStamp(left: FileStamp, right: FileStamp): boolean {
  return (
    left.inode === right.inode &&
    left.size === right.size &&
    left.modifiedNs === right.modifiedNs &&
    left.changedNs === right.changedNs
  );
}

/** False where a file stands now in the place of one to be created. */
async function putInPlace({ change, absolute, temporary }: StagedChange): Promise<boolean> {
  if (temporary === null) await unlink(absolute);
  else if (change.before === null) return createExclusively(temporary, absolute);
  else await replace(temporary, absolute);
  return true;
}

/** A rename would silently replace a file that somebody made in the meantime; a link does not. */
async function createExclusively(temporary: string, absolute: string): Promise<boolean> {
  try {
    await link(temporary, absolute);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (!NO_HARD_LINKS.has(code ?? '')) throw error;
    await replace(temporary, absolute);
    return true;
  }
  // The file is in its place; a second name that cannot be taken away is no reason to take it back.
  await unlink(temporary).catch(() => undefined);
  return true;
}

/** On Windows a virus scanner may hold a file for a moment. */
async function replace(from: string, to: string): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await rename(from, to);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const busy = code === 'EPERM' || code === 'EACCES' || code === 'EBUSY';
      if (process.platform !== 'win32' || !busy || attempt >= 5) throw error;
      await new Promise((settle) => setTimeout(settle, 20 * 2 ** attempt));
    }
  }
}

/** Puts back what was already renamed or deleted; the times of those files return to what they were. */
async function rollBack(done: readonly StagedChange[], cause?: unknown): Promise<void> {
  const failed: string[] = [];
  for (const { change, absolute } of [...done].reverse()) {
    try {
      if (change.before === null) {
        await unlink(absolute);
        continue;
      }
      const { bytes, mode, stamp } = change.before;
      const next = { bytes, mode };
      const { temporary } = await writeTemporary(absolute, next, mode, change.path, stamp.modifiedNs);
      try {
        await replace(temporary, absolute);
      } catch (error) {
        await unlink(temporary).catch(() => undefined);
        throw error;
      }
    } catch {
      failed.push(change.path);
    }
  }
  if (failed.length > 0) {
    throw RUNTIME_CODES.error(
      'ROLLBACK_FAILED',
      `writing failed, and taking back ${failed.join(', ')} failed too`,
      {
        cause,
        details: { paths: failed },
      },
    );
  }
}

async function withdraw(
  root: string,
  staged: readonly StagedChange[],
  createdDirectories: readonly string[],
): Promise<void> {
  for (const { temporary } of staged) {
    if (temporary !== null) await unlink(temporary).catch(() => undefined);
  }
  for (const directory of [...createdDirectories].reverse()) {
    await rmdir(join(root, directory)).catch(() => undefined);
  }
}
