/** JSON pointers (RFC 6901). */

import { Refusal } from './scan';

/** Tokens that a pointer may have: each may take time linear in the text. */
const MOST_TOKENS = 1024;

/** @throws Refusal */
export function pointerTokens(pointer: string): string[] {
  if (pointer === '') return [];
  const invalid = pointer.startsWith('/') ? pointer.search(/~(?![01])/) : 0;
  if (invalid >= 0) {
    const message = 'a JSON pointer is empty or begins with /, and ~ is followed by 0 or 1';
    throw new Refusal(invalid, message, 'POINTER_INVALID');
  }
  const tokens = pointer.slice(1).split('/');
  if (tokens.length > MOST_TOKENS) {
    throw new Refusal(0, `nested deeper than ${MOST_TOKENS} levels`, 'TOO_DEEP');
  }
  return tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** A token as the index of an element: digits without leading zeros. */
export function elementIndex(token: string): number {
  return /^(?:0|[1-9]\d*)$/.test(token) ? Number(token) : -1;
}
