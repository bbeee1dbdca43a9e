/**
 * A directory that was reached without following any link, for work on one of its entries.
 *
 * | system | how | what is left |
 * | --- | --- | --- |
 * | Linux with `/proc` | each part is opened below the one before through `/proc/self/fd`, without following a link, and held open | nothing: what is named afterwards is in the directory that was opened |
 * | elsewhere | each part is looked at before each call, and again after a file was opened | whoever changes names between the look and the call can have a file made or replaced elsewhere |
 */

import { closeSync, constants, fstatSync, lstatSync, openSync } from 'node:fs';

import { linkInPath } from './file-error';
import { DISK_HERE, joinName, splitPlain } from './names';
import { onDisk, type RawPath } from './raw-path';
import { errno, type Identity, identityOf } from './resolve';

/** Linux: a handle that names, and reads nothing; Node has no constant for it. */
const O_PATH = 0o10000000;
/** Deepest directory whose ancestors are looked at. */
const DEEPEST = 4096;

/** A directory without links on its way. */
export interface Directory {
  /** A path for one call on an entry; `.` is the directory itself. @throws FishplateError `LINK_IN_PATH`; of the system. */
  at(name: RawPath): Buffer;
  /** Of the directory and of all that it lies in. */
  readonly identities: readonly Identity[];
  close(): void;
}

/**
 * Opens a directory by an absolute path without links; who gave the path is told where one is there by now.
 *
 * @throws FishplateError `LINK_IN_PATH`; of the system.
 */
export function openDirectory(path: RawPath, byHandles: boolean = canHoldHandles()): Directory {
  return byHandles ? openByHandles(path) : openByNames(path);
}

let known: boolean | undefined;

/** Whether entries of an open directory can be named here. */
export function canHoldHandles(): boolean {
  known ??= process.platform === 'linux' && tryHandles();
  return known;
}

function tryHandles(): boolean {
  try {
    const handle = openStep('/');
    try {
      const through = lstatSync(`/proc/self/fd/${handle}/.`, { bigint: true });
      return identityOf(through) === identityOf(fstatSync(handle, { bigint: true }));
    } finally {
      closeSync(handle);
    }
  } catch {
    return false;
  }
}

function openByHandles(path: RawPath): Directory {
  let handle = openStep('/');
  try {
    for (const name of splitPlain(path).names) {
      const next = openBelow(handle, name, path);
      closeSync(handle);
      handle = next;
    }
    const identities = identitiesAbove(handle);
    return {
      at: (name) => entryOf(handle, name),
      identities,
      close: () => closeSync(handle),
    };
  } catch (error) {
    closeSync(handle);
    throw error;
  }
}

function openBelow(handle: number, name: RawPath, path: RawPath): number {
  const place = entryOf(handle, name);
  try {
    return openStep(place);
  } catch (error) {
    // The kernel calls a link no directory here.
    if (errno(error) === 'ELOOP' || (errno(error) === 'ENOTDIR' && isLink(place))) throw linkInPath(path);
    throw error;
  }
}

/** Upwards from what is open, as it lies now. */
function identitiesAbove(start: number): Identity[] {
  const identities: Identity[] = [];
  let handle = openStep(entryOf(start, '.'));
  try {
    for (let depth = 0; depth < DEEPEST; depth++) {
      const identity = identityOf(fstatSync(handle, { bigint: true }));
      if (identity === null || identity === identities.at(-1)) break;
      identities.push(identity);
      const next = openStep(entryOf(handle, '..'));
      closeSync(handle);
      handle = next;
    }
    return identities;
  } finally {
    closeSync(handle);
  }
}

function openStep(place: string | Buffer): number {
  const { O_DIRECTORY, O_NOFOLLOW } = constants;
  return openSync(place, O_PATH | O_DIRECTORY | O_NOFOLLOW);
}

function entryOf(handle: number, name: RawPath): Buffer {
  return onDisk(`/proc/self/fd/${handle}/${name}`);
}

function isLink(place: Buffer): boolean {
  return lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

function openByNames(path: RawPath): Directory {
  const identities = lookAtParts(path);
  return {
    at(name) {
      lookAtParts(path);
      return onDisk(name === '.' ? path : joinName(path, name));
    },
    identities,
    close: () => undefined,
  };
}

/** Looks at each part from the top down: a directory, and no link. */
function lookAtParts(path: RawPath): Identity[] {
  const { anchor, names } = splitPlain(path);
  const identities: Identity[] = [];
  let place = anchor ?? '/';
  for (const name of [null, ...names]) {
    if (name !== null) place = joinName(place, name, DISK_HERE);
    const stats = lstatSync(onDisk(place), { bigint: true });
    if (stats.isSymbolicLink()) throw linkInPath(path);
    if (!stats.isDirectory()) {
      throw Object.assign(new Error(`ENOTDIR: ${place} is no directory`), { code: 'ENOTDIR' });
    }
    const identity = identityOf(stats);
    if (identity !== null) identities.unshift(identity);
  }
  return identities;
}
