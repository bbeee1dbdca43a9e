/** Bytes for code that works on strings: as Latin-1, which keeps each byte and reverses exactly. */

import type { TextInput } from '../input';

/** Bytes as a string of code units below 256; strings as they are. */
export function latin1(text: TextInput): string {
  if (typeof text === 'string') return text;
  return Buffer.from(text.buffer, text.byteOffset, text.length).toString('latin1');
}
