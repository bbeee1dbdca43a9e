/** Why a file action was not done: the codes of the Rust core. */

import { isFishplateError } from '@fishplate/engine';

import { SANDBOX_CODES, type SandboxCode } from '../codes';
import type { Decision } from '../types';
import { type RawPath, toText } from './raw-path';
import { errno, type FileKind } from './resolve';

const CODES: Readonly<Record<string, SandboxCode>> = {
  ENOENT: 'FILE_MISSING',
  EEXIST: 'EXISTS',
  ENOTDIR: 'NOT_A_DIRECTORY',
  EISDIR: 'NOT_A_FILE',
  ENOTEMPTY: 'NOT_EMPTY',
  EXDEV: 'CROSS_DEVICE',
};

const WORDS: Readonly<Record<FileKind, string>> = {
  file: 'regular file',
  directory: 'directory',
  link: 'symbolic link',
  other: 'device, pipe or socket',
};

/** The error for `path` of what the system, or this library, threw. */
export function fileError(error: unknown, path: RawPath): unknown {
  const code = errno(error);
  if (isFishplateError(error) || code === '') return error;
  return SANDBOX_CODES.error(
    CODES[code] ?? 'IO',
    `${toText(path)} could not be used: ${(error as Error).message}`,
    {
      cause: error,
    },
  );
}

/** The policy says no, or asks for a person. */
export function accessDenied(decision: Decision): Error {
  const word = decision.decision === 'needs-confirmation' ? 'without a grant, this' : 'this';
  const { resolvedPath, reason, rule } = decision;
  const message = `${word} may not be done with ${resolvedPath}: ${reason} (${rule})`;
  return SANDBOX_CODES.error('ACCESS_DENIED', message, { details: { decision } });
}

/** Something is there that the action is not for; links have a code of their own. */
export function wrongKind(path: RawPath, kind: FileKind): Error {
  if (kind === 'link') return linkInPath(path);
  return SANDBOX_CODES.error('NOT_A_FILE', `${toText(path)} is a ${WORDS[kind]}`);
}

/** A symbolic link is where none is followed. */
export function linkInPath(path: RawPath): Error {
  return SANDBOX_CODES.error(
    'LINK_IN_PATH',
    `${toText(path)} is a symbolic link, or one took the place of a directory above it`,
  );
}
