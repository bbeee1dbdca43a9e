/** Puts files, links and directories back to what they were. */

import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, rename, rmdir, symlink, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { RUNTIME_CODES } from '../codes.js';
import { checkParents } from '../workspace/containment.js';
import type { FileAccess, FileChange } from '../workspace/file-access.js';
import type { Contents } from './contents.js';
import { isSameEntry, observe } from './entry.js';
import type { Restoration } from './undo-plan.js';

/** What restoring came to. */
export type RestoreOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly changedMeanwhile: string };

/**
 * Carries out a plan.
 *
 * Regular files alone change all or nothing. Where links or directories are among them, it goes phase by phase; a phase that fails
 * leaves what the same call, made again, completes.
 *
 * @throws FishplateError `PREIMAGE_LOST` before anything is touched; `RESTORE_INCOMPLETE`; what {@link FileAccess.commit} throws.
 */
export async function restoreFiles(
  files: FileAccess,
  contents: Contents,
  restorations: readonly Restoration[],
  directories: readonly string[],
): Promise<RestoreOutcome> {
  const work = restorations.map((restoration) => ({
    ...restoration,
    next: nextState(contents, restoration),
  }));
  const commits = work.filter(({ now, target }) => isCommitted(now.entry, now.state, target));
  if (commits.length === work.length) {
    const done = await files.commit(work.map(asChange));
    if (!done.ok) return done;
    await files.removeEmptyDirectories(directories);
    return { ok: true };
  }
  const full = await directoryInTheWay(files.root, work);
  if (full !== null) return { ok: false, changedMeanwhile: full };
  const removed = work.filter(({ now, target }) => now.state !== null && target?.kind !== 'file');
  const first = await files.commit(removed.map((item) => ({ ...asChange(item), after: null })));
  if (!first.ok) return first;
  try {
    await restoreOthers(files, work);
    const written = work.filter(({ target }) => target?.kind === 'file');
    const second = await files.commit(
      written.map((item) => (item.now.state === null ? { ...asChange(item), before: null } : asChange(item))),
    );
    if (!second.ok) throw new Error(`${second.changedMeanwhile} changed meanwhile`);
    await setDirectoryModes(files.root, work);
    await files.removeEmptyDirectories(directories);
  } catch (cause) {
    throw RUNTIME_CODES.error(
      'RESTORE_INCOMPLETE',
      `going back stopped on the way: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
  return { ok: true };
}

interface Work extends Restoration {
  readonly next: FileChange['after'];
}

/** Contents are fetched before anything is touched. */
function nextState(contents: Contents, { path, target }: Restoration): FileChange['after'] {
  if (target?.kind !== 'file') return null;
  if (target.hash === null) throw RUNTIME_CODES.error('PREIMAGE_LOST', `the content of ${path} was not kept`);
  return { bytes: contents.get(target.hash), mode: target.mode };
}

function isCommitted(now: Restoration['target'], state: unknown, target: Restoration['target']): boolean {
  return (now === null || state !== null) && (target === null || target.kind === 'file');
}

function asChange({ path, now, next }: Work): FileChange {
  return { path, before: now.state, after: next };
}

/** A directory whose place a file is to take, and that holds something that is nobody's to remove. */
async function directoryInTheWay(root: string, work: readonly Work[]): Promise<string | null> {
  const leaving = new Set(work.filter(({ target }) => target === null).map(({ path }) => path));
  for (const { path, now, target } of work) {
    if (now.entry?.kind !== 'directory' || target === null || target.kind === 'directory') continue;
    for (const inner of await readdir(join(root, path), { recursive: true })) {
      const whole = `${path}/${inner.replaceAll('\\', '/')}`;
      if (!leaving.has(whole)) return whole;
    }
  }
  return null;
}

async function restoreOthers(files: FileAccess, work: readonly Work[]): Promise<void> {
  const { root } = files;
  // Inner ones first.
  for (const { path, now, target } of [...work].reverse()) {
    if (now.entry?.kind === 'link' && target?.kind !== 'link') await removeLink(files, path, now.entry);
    if (now.entry?.kind === 'file' && now.state === null) await removeLink(files, path, now.entry);
    if (now.entry?.kind !== 'directory' || target?.kind === 'directory') continue;
    await checkParents(root, path);
    await rmdir(join(root, path)).catch((error: NodeJS.ErrnoException) => {
      // What somebody else has put into it stays, and the directory with it.
      if (target !== null || (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST')) throw error;
    });
  }
  for (const { path, now, target } of work) {
    if (target?.kind === 'directory' && now.entry?.kind !== 'directory') {
      await checkParents(root, path);
      // Until all is in it that belongs there, it can be written.
      await mkdir(join(root, path), { mode: target.mode | 0o700 });
      await chmod(join(root, path), target.mode | 0o700);
    }
    if (target?.kind === 'link') await placeLink(root, path, target.target);
  }
}

/** Links, and files whose content is not kept. */
async function removeLink(files: FileAccess, path: string, expected: Restoration['target']): Promise<void> {
  const now = await observe(files, path, 0, [expected]);
  if ('code' in now || !isSameEntry(now.entry, expected)) throw new Error(`${path} changed meanwhile`);
  await unlink(join(files.root, path));
}

async function placeLink(root: string, path: string, target: string): Promise<void> {
  await checkParents(root, path);
  const absolute = join(root, path);
  await mkdir(dirname(absolute), { recursive: true });
  const temporary = join(dirname(absolute), `.fishplate-${randomBytes(8).toString('hex')}.tmp`);
  await symlink(target, temporary);
  try {
    await rename(temporary, absolute);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

async function setDirectoryModes(root: string, work: readonly Work[]): Promise<void> {
  for (const { path, target } of [...work].reverse()) {
    if (target?.kind !== 'directory' || process.platform === 'win32') continue;
    await checkParents(root, path);
    await chmod(join(root, path), target.mode);
  }
}
