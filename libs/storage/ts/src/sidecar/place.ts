/** Where a store's socket lies: in a folder of the store that nobody else may enter. */

import { closeSync, lstatSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';

import { unavailable } from './protocol';

/** The path of a Unix socket has room for 104 bytes on macOS and 108 on Linux, the end included. */
const MOST_PATH_BYTES = 100;

/** A socket's path, and what keeps it valid. */
export interface Place {
  readonly socket: string;
  release(): void;
}

/** Makes the folder where it is missing, for the process that writes. @throws FishplateError `SIDECAR_UNAVAILABLE`. */
export function makePlace(directory: string): Place {
  const folder = join(directory, 'sidecar');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return checked(folder);
}

/** The place where a sidecar listens, if there is one; null where none has been yet. */
export function findPlace(directory: string): Place | null {
  const folder = join(directory, 'sidecar');
  return lstatSync(folder, { throwIfNoEntry: false }) === undefined ? null : checked(folder);
}

function checked(folder: string): Place {
  if (process.platform === 'win32') {
    throw unavailable("there is no sidecar of a store on this system yet; use transport: 'inproc'");
  }
  // Not followed: a link could lead to a socket of somebody else.
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== process.geteuid?.() || (found.mode & 0o077) !== 0) {
    throw unavailable(`${folder} must be a directory of this user, with mode 0700`);
  }
  const socket = join(folder, 's');
  if (Buffer.byteLength(socket) <= MOST_PATH_BYTES) return { socket, release: () => {} };
  if (process.platform !== 'linux') {
    throw unavailable(`${socket} is too long for a socket; use a shorter path, or transport: 'inproc'`);
  }
  const fd = openSync(folder, 'r');
  return { socket: `/proc/self/fd/${fd}/s`, release: () => closeSync(fd) };
}
