/** White space: none, or as `JSON.stringify` indents. */

import { Refusal, scan } from './scan';

/**
 * The text without white space, or laid out where an indentation is given.
 *
 * @throws Refusal
 */
export function layout(text: string, indent: string | undefined, longest: number): string {
  const isMinified = indent === undefined;
  let result = '';
  let depth = 0;
  let isFresh = false;
  const line = (): void => {
    if (isMinified) return;
    if (result.length + indent.length * depth > longest) {
      throw new Refusal(undefined, `longer than ${longest} bytes`, 'TOO_LARGE');
    }
    result += `\n${indent.repeat(depth)}`;
  };
  const begin = (): void => {
    if (isFresh) line();
    isFresh = false;
  };
  scan(text, Infinity, {
    open(at) {
      begin();
      result += text[at]!;
      depth++;
      isFresh = true;
    },
    close(at) {
      depth--;
      if (!isFresh) line();
      isFresh = false;
      result += text[at]!;
    },
    key(start, end) {
      begin();
      result += text.slice(start, end) + (isMinified ? ':' : ': ');
    },
    atom(start, end) {
      begin();
      result += text.slice(start, end);
    },
    comma() {
      result += ',';
      line();
    },
  });
  return result;
}
