/** Refusals as the failures that the native engine gives, with places in bytes and code units. */

import type { Failure } from '../engine';
import { decode } from '../input';
import { Refusal } from './scan';

/** Does some work on the text of a call; what refuses it is a failure. */
export function onText<Result>(given: string | Uint8Array, work: (text: string) => Result): Result | Failure {
  const text = typeof given === 'string' ? given : decode(given);
  if (text === undefined) return notUtf8(given as Uint8Array);
  try {
    return work(text);
  } catch (error) {
    return failureOf(text, error);
  }
}

/** The failure of a refusal; other errors are thrown on. */
export function failureOf(text: string, error: unknown): Failure {
  if (!(error instanceof Refusal)) throw error;
  const { code, message, offset } = error;
  if (offset === undefined) return { code, message };
  const before = text.slice(0, offset);
  const newline = before.lastIndexOf('\n');
  let line = 1;
  for (let at = before.indexOf('\n'); at >= 0; at = before.indexOf('\n', at + 1)) line++;
  const bytes = Buffer.byteLength(before);
  return { code, message, place: { bytes, units: offset, line, column: offset - newline } };
}

/** The failure of bytes that are no UTF-8, at the first that is not. */
export function notUtf8(bytes: Uint8Array): Failure {
  const offset = validUpTo(bytes);
  const before = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, offset));
  const { place } = failureOf(before, new Refusal(before.length, ''));
  return {
    code: 'TEXT_NOT_UTF8',
    message: 'the bytes are not UTF-8',
    ...(place === undefined ? {} : { place }),
  };
}

/** Half the bytes, again and again: a prefix is UTF-8 as long as only its last character may be cut. */
function validUpTo(bytes: Uint8Array): number {
  const isWhole = (end: number): boolean => {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, end), { stream: true });
      return true;
    } catch {
      return false;
    }
  };
  let [low, high] = [0, bytes.length];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (isWhole(middle)) low = middle;
    else high = middle - 1;
  }
  // Back to the beginning of the character that is cut or broken.
  let start = low;
  while (start > 0 && (bytes[start - 1]! & 0xc0) === 0x80 && low - start < 3) start--;
  const lead = start > 0 ? bytes[start - 1]! : 0;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return lead >= 0xc0 && start - 1 + length > low ? start - 1 : low;
}
