/** Bytes for code that works on strings: as Latin-1, which keeps each byte and reverses exactly. */

import { DIFF_CODES } from '../codes';
import type { TextInput } from '../input';

/** Bytes as a string of code units below 256; strings as they are. */
export function latin1(text: TextInput): string {
  if (typeof text === 'string') return text;
  return Buffer.from(text.buffer, text.byteOffset, text.length).toString('latin1');
}

/** Largest text of the fallback: lines as JavaScript strings take some ten times the text, and a full heap ends the process. */
const MAX_SCRIPT_LENGTH = 1 << 27;

/** Whether the fallback takes a text of that size. */
export function fitsScript(text: TextInput): boolean {
  return text.length <= MAX_SCRIPT_LENGTH;
}

/** @throws FishplateError `INPUT_TOO_LARGE` above 128 MiB. */
export function checkScriptSize(text: TextInput, name: string): void {
  if (fitsScript(text)) return;
  throw DIFF_CODES.error(
    'INPUT_TOO_LARGE',
    `${name} has a length of ${text.length}, too much for the fallback`,
    {
      details: { length: text.length, limit: MAX_SCRIPT_LENGTH },
    },
  );
}

/** Largest text that is cut into tokens as JavaScript strings, of which there may be one for each character. */
const MAX_TOKENIZED_LENGTH = 1 << 25;

/** @throws FishplateError `INPUT_TOO_LARGE` for a string above 32 Mi code units. */
export function checkTokenSize(value: unknown, name: string): void {
  if (typeof value !== 'string' || value.length <= MAX_TOKENIZED_LENGTH) return;
  throw DIFF_CODES.error(
    'INPUT_TOO_LARGE',
    `${name} has a length of ${value.length}, too much to cut into tokens`,
    {
      details: { length: value.length, limit: MAX_TOKENIZED_LENGTH },
    },
  );
}
