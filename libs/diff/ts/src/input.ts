/** Checks what callers pass, before either engine sees it. */

import { DIFF_CODES } from './codes';

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
  if (!(value instanceof Uint8Array)) {
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
  return value.buffer instanceof SharedArrayBuffer ? Uint8Array.from(value) : value;
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

/** Node 20 has no `ArrayBuffer.prototype.detached`; making a view on a detached buffer throws. */
function isDetached(value: Uint8Array): boolean {
  try {
    return new Uint8Array(value.buffer).length < 0;
  } catch {
    return true;
  }
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  if (typeof value === 'object') return `a ${value.constructor?.name ?? 'null-prototype object'}`;
  return typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`;
}
