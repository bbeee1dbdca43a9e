/** Roots and paths as callers give them. */

import { isAbsolute, posix, relative, resolve, sep } from 'node:path';

import { GITIGNORE_CODES } from './codes';

/** An absolute root. @throws FishplateError `INPUT_INVALID`. */
export function checkRoot(root: unknown): string {
  if (typeof root !== 'string' || root.includes('\0')) {
    throw GITIGNORE_CODES.error('INPUT_INVALID', `root must be a path, and is of type ${typeof root}`);
  }
  return resolve(root);
}

/** A path below a root. */
export interface BelowRoot {
  /** Relative, `/` between components, none at the end. */
  readonly path: string;
  /** True where it ended with a slash. */
  readonly isDirectory: boolean;
}

/**
 * The path as relative to the root. Backslashes separate on Windows only; elsewhere they are a part of names.
 *
 * @throws FishplateError `INPUT_INVALID`, `PATH_OUTSIDE`.
 */
export function belowRoot(root: string, given: unknown): BelowRoot {
  if (typeof given !== 'string' || given.includes('\0')) {
    throw GITIGNORE_CODES.error('INPUT_INVALID', `path must be a path, and is of type ${typeof given}`);
  }
  const isDirectory = given.endsWith('/') || given.endsWith(sep);
  if (isPlain(given)) return { path: isDirectory ? given.slice(0, -1) : given, isDirectory };
  const inside = isAbsolute(given) ? relative(root, given) : given;
  const path = posix.normalize(sep === '/' ? inside : inside.replaceAll(sep, '/')).replace(/\/$/, '');
  if (path === '.' || path === '..' || path.startsWith('../') || isAbsolute(path)) {
    throw GITIGNORE_CODES.error('PATH_OUTSIDE', `${JSON.stringify(given)} does not lie below the root`);
  }
  return { path, isDirectory };
}

/** Most paths need nothing done to them. */
function isPlain(path: string): boolean {
  return (
    sep === '/' &&
    !path.startsWith('/') &&
    path !== '' &&
    !/(?:^|\/)\.{0,2}(?:\/|$)/.test(path.replace(/\/$/, ''))
  );
}
