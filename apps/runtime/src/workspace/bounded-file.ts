/** Small files that a workspace may bring along and the runtime itself reads: rules and configuration. */

import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

/** The file is none that can be read whole and at once; the message says why. */
export class NotBounded extends Error {}

/**
 * The text of a regular file of at most `limit` bytes, without its byte order mark.
 *
 * Follows no symbolic link in the last part of the path, and waits for no pipe.
 *
 * @throws NotBounded for links, devices, pipes, directories and larger files; the errors of `open` otherwise.
 */
export function readBoundedFile(path: string, limit: number): string {
  // Windows has neither flag, nor pipes in its file system.
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants as Partial<typeof constants>;
  let descriptor: number;
  try {
    descriptor = openSync(path, (O_RDONLY ?? 0) | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ELOOP') throw error;
    throw new NotBounded('it is a symbolic link');
  }
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw new NotBounded('it is no regular file');
    if (stats.size > limit) throw new NotBounded(`it has ${stats.size} bytes, the limit is ${limit}`);
    return readFileSync(descriptor, 'utf8').replace(/^\uFEFF/, '');
  } finally {
    closeSync(descriptor);
  }
}
