/** Paths of a policy, and of files that name others, as absolute ones. */

import { realpathSync } from 'node:fs';

import { joinName, splitPath } from './names';
import { fromDisk, onDisk, type RawPath, toRaw } from './raw-path';

/** The path below `base`, with `~` as the home directory, without `.` and `..` (by name: links are not looked at). */
export function absolute(path: RawPath, base: RawPath, home: string | null): RawPath {
  const isHome = isOfHome(path) && home !== null;
  const given = splitPath(isHome ? path.slice(1).replace(LEADING_SLASHES, '') : path);
  const below = splitPath(isHome ? toRaw(home) : base);
  const isAbsolute = given.anchor !== null;
  const anchor = isAbsolute && given.anchor !== '\\' ? given.anchor : below.anchor;
  const names: RawPath[] = [];
  for (const name of isAbsolute ? given.names : [...below.names, ...given.names]) {
    if (name === '..') names.pop();
    else if (name !== '.') names.push(name);
  }
  return names.reduce((above, name) => joinName(above, name), anchor ?? '/');
}

const LEADING_SLASHES = process.platform === 'win32' ? /^[\\/]+/ : /^\/+/;

/** Whether a path begins at the home directory. */
export function isOfHome(path: string): boolean {
  return path === '~' || path.startsWith('~/') || (process.platform === 'win32' && path.startsWith('~\\'));
}

/** A path without links; null where there is nothing. */
export function realPath(path: RawPath): RawPath | null {
  try {
    return fromDisk(realpathSync.native(onDisk(path), 'buffer'));
  } catch {
    return null;
  }
}
