/** Checks on the disk that a path stays in the workspace and goes through no symbolic link. */

import { lstat } from 'node:fs/promises';
import { join } from 'node:path';

import { RUNTIME_CODES } from '../codes.js';

/**
 * Walks the directories above `path`; false where one of them is missing.
 *
 * @throws FishplateError `SYMLINK_REFUSED` where one is a link, `NOT_A_FILE` where one is no directory.
 */
export async function checkParents(root: string, path: string): Promise<boolean> {
  const components = path.split('/').slice(0, -1);
  let current = root;
  for (const component of components) {
    current = join(current, component);
    const stats = await lstatOrNull(current, path);
    if (stats === null) return false;
    if (stats.isSymbolicLink()) throw symlinkError(path);
    if (!stats.isDirectory()) {
      throw RUNTIME_CODES.error(
        'NOT_A_FILE',
        `${JSON.stringify(path)} leads through something that is no directory`,
      );
    }
  }
  return true;
}

/** The error of a failed file operation. */
export function accessError(error: unknown, path: string): Error {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ELOOP' || code === 'EMLINK') return symlinkError(path);
  return RUNTIME_CODES.error('FILE_ACCESS_FAILED', `${JSON.stringify(path)}: ${(error as Error).message}`, {
    cause: error,
    ...(code === undefined ? {} : { details: { path, errno: code } }),
  });
}

/** The error of a path that is a link or goes through one. */
export function symlinkError(path: string): Error {
  return RUNTIME_CODES.error(
    'SYMLINK_REFUSED',
    `${JSON.stringify(path)} is, or leads through, a symbolic link`,
  );
}

async function lstatOrNull(
  absolute: string,
  path: string,
): Promise<Awaited<ReturnType<typeof lstat>> | null> {
  try {
    return await lstat(absolute);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return null;
    throw accessError(error, path);
  }
}
