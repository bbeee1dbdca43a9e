/** Roots and paths as callers give them. */

import { isAbsolute, posix, relative, resolve, sep } from 'node:path';

import { isFishplateError } from '@fishplate/engine';

import { GITIGNORE_CODES } from './codes';

/** An absolute root. @throws FishplateError `INPUT_INVALID`. */
export function checkRoot(root: unknown): string {
  checkText(root, 'root');
  return resolve(root);
}

/** Most characters and components of a path: no file system has longer ones. */
const MOST_CHARACTERS = 32_767;
const MOST_COMPONENTS = 4096;

/** @throws FishplateError `INPUT_INVALID`. */
function checkText(path: unknown, name: string): asserts path is string {
  const refused = (what: string): Error => GITIGNORE_CODES.error('INPUT_INVALID', `${name} ${what}`);
  if (typeof path !== 'string') {
    throw refused(`must be a path, and is ${path === null ? 'null' : `of type ${typeof path}`}`);
  }
  if (path.includes('\0')) throw refused('holds a NUL, which no path has');
  if (path.length > MOST_CHARACTERS) throw refused(`has ${path.length} characters, more than any path`);
  if (path.length > MOST_COMPONENTS && path.split('/').length > MOST_COMPONENTS) {
    throw refused('has more components than any path');
  }
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
  checkText(given, 'path');
  const isDirectory = given.endsWith('/') || given.endsWith(sep);
  if (isPlain(given)) return { path: isDirectory ? given.slice(0, -1) : given, isDirectory };
  const inside = isAbsolute(given) ? relative(root, given) : given;
  const path = posix.normalize(sep === '/' ? inside : inside.replaceAll(sep, '/')).replace(/\/$/, '');
  if (path === '.' || path === '..' || path.startsWith('../') || isAbsolute(path)) {
    throw GITIGNORE_CODES.error('PATH_OUTSIDE', `${JSON.stringify(given)} does not lie below the root`);
  }
  return { path, isDirectory };
}

/**
 * The paths of which a matcher or its listing must be told, relative to the root; null where one is the root itself or lies
 * outside, so that everything may have changed.
 *
 * @param real - The root free of symbolic links, below which paths may lie too.
 * @throws FishplateError `INPUT_INVALID`.
 */
export function changedBelow(root: string, real: string, given: unknown): string[] | null {
  if (!Array.isArray(given)) {
    const type = given === null ? 'null' : `of type ${typeof given}`;
    throw GITIGNORE_CODES.error('INPUT_INVALID', `paths must be an array, and is ${type}`);
  }
  const paths: string[] = [];
  for (const path of Array.from(given)) {
    checkText(path, 'paths');
    const isReal = isAbsolute(path) && relative(root, path).startsWith('..');
    try {
      paths.push(belowRoot(isReal ? real : root, path).path);
    } catch (error) {
      if (isFishplateError(error) && error.code === 'PATH_OUTSIDE') return null;
      throw error;
    }
  }
  return paths;
}

/** Whether one of NUL-joined paths needs more than a cut: absolute ones, empty ones, those with `.`, `..` or nothing
 * between slashes, and on Windows those with backslashes. */
export function isAnyUnusual(joined: string, separator = sep): boolean {
  return (separator !== '/' && (joined.includes(separator) || joined.includes(':'))) || UNUSUAL.test(joined);
}

const UNUSUAL = /(?:^|\0)(?:\/|\0|$)|\/\/|(?:^|[\0/])\.{1,2}(?:[\0/]|$)/;

/** Most paths need nothing done to them. */
function isPlain(path: string): boolean {
  return (
    sep === '/' &&
    !path.startsWith('/') &&
    path !== '' &&
    !/(?:^|\/)\.{0,2}(?:\/|$)/.test(path.replace(/\/$/, ''))
  );
}
