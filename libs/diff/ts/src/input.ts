/** Checks what callers pass, before either engine sees it. */

import { isSharedArrayBuffer, isUint8Array } from 'node:util/types';

import type { StructuredPatch } from 'diff';

import { DIFF_CODES } from './codes';
import { MATCH_STRATEGIES } from './placing/ladder';
import type { MatchStrategy } from './results';

/** Text as a string, or as bytes of any encoding. */
export type TextInput = string | Uint8Array;

/** The largest text, in bytes or UTF-16 code units: 2 GiB less one. */
export const MAX_INPUT_LENGTH = 0x7fff_ffff;

/** Throws unless `value` is a string. */
export function checkString(value: unknown, name: string): asserts value is string {
  if (typeof value !== 'string') {
    throw DIFF_CODES.error('INPUT_INVALID', `${name} must be a string, and is ${describe(value)}`);
  }
}

/**
 * Gives the text in a form that an engine may read while the call runs.
 *
 * Shared memory is copied, since another thread could write to it meanwhile.
 */
export function checkText(value: unknown, name: string): TextInput {
  if (typeof value === 'string') return value;
  // By what it is, not by its prototype: a Uint8Array of another realm is one, a proxy or an heir is none.
  if (!isUint8Array(value)) {
    throw DIFF_CODES.error(
      'INPUT_INVALID',
      `${name} must be a string or a Uint8Array, and is ${describe(value)}`,
    );
  }
  if (value.length > MAX_INPUT_LENGTH) {
    throw DIFF_CODES.error('INPUT_TOO_LARGE', `${name} has ${value.length} bytes`, {
      details: { length: value.length, limit: MAX_INPUT_LENGTH },
    });
  }
  if (value.length === 0 && isDetached(value)) {
    throw DIFF_CODES.error('INPUT_INVALID', `the ArrayBuffer of ${name} is detached`);
  }
  return isSharedArrayBuffer(value.buffer) ? Uint8Array.from(value) : value;
}

/** Options as an object: none are none, and anything else is refused. */
export function checkOptions<Options extends object>(value: Options | null | undefined): Options {
  if (value === undefined || value === null) return {} as Options;
  if (typeof value !== 'object') {
    throw DIFF_CODES.error('OPTION_INVALID', `options must be an object, and are ${describe(value)}`);
  }
  return value;
}

/** Throws unless `value` can stand in a file header; npm diff leaves the header out for undefined, and takes numbers. */
export function checkName(value: unknown, name: string): void {
  if (value !== undefined && typeof value !== 'string' && typeof value !== 'number') {
    throw DIFF_CODES.error('INPUT_INVALID', `${name} must be a string, and is ${describe(value)}`);
  }
}

/** Throws unless `value` is a function. */
export function checkFunction(value: unknown, name: string): void {
  if (typeof value !== 'function') {
    throw DIFF_CODES.error('OPTION_INVALID', `${name} must be a function, and is ${describe(value)}`);
  }
}

/** Throws unless `patch` has the hunks of a patch object, each with an array of lines. */
export function checkPatchObject(patch: unknown, name: string): asserts patch is StructuredPatch {
  let isPatch = false;
  let cause: unknown;
  try {
    const { hunks } = patch as StructuredPatch;
    isPatch = Array.isArray(hunks) && Array.from(hunks).every(isHunk);
  } catch (error) {
    cause = error;
  }
  if (isPatch) return;
  const message = `${name} must be text, or an object of parsePatch or structuredPatch with hunks and their lines`;
  throw DIFF_CODES.error('INPUT_INVALID', message, { cause });
}

function isHunk(hunk: { lines?: unknown } | null | undefined): boolean {
  const lines = hunk?.lines;
  return Array.isArray(lines) && Array.from(lines).every((line) => typeof line === 'string');
}

/** Throws unless `value` is a whole number from `least` on. */
export function checkCount(value: unknown, name: string, least = 0): asserts value is number {
  if (!Number.isSafeInteger(value) || (value as number) < least) {
    throw DIFF_CODES.error(
      'OPTION_INVALID',
      `${name} must be a whole number from ${least} on, and is ${describe(value)}`,
    );
  }
}

/** How far a change may reach; all the way unless told otherwise. */
export function checkReach(reach: MatchStrategy = 'fuzz'): MatchStrategy {
  if (MATCH_STRATEGIES.includes(reach)) return reach;
  throw DIFF_CODES.error(
    'OPTION_INVALID',
    `reach must be one of ${MATCH_STRATEGIES.join(', ')}, and is ${describe(reach)}`,
  );
}

/** Node 20 has no `ArrayBuffer.prototype.detached`; making a view on a detached buffer throws. */
function isDetached(value: Uint8Array): boolean {
  try {
    return new Uint8Array(value.buffer).length < 0;
  } catch {
    return true;
  }
}

/** What a value is, in a word or two; runs none of its code. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  if (typeof value === 'undefined') return 'undefined';
  return typeof value === 'object' ? 'an object of another kind' : `a ${typeof value}`;
}
