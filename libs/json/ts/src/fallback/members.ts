/** The members of one object, the elements of one array: their own syntax is checked, what they hold is skipped. */

import { nameOf } from './names';
import { PROBLEM, Refusal, skipSpace, stringEnd, unexpected } from './scan';

/** A member of an object, or an element of an array: where its value begins and ends. */
export interface Part {
  /** Undefined for an element. */
  readonly name: string | undefined;
  readonly start: number;
  readonly end: number;
}

/**
 * The parts of the container at `start`, and where it ends; undefined where another value begins.
 *
 * @throws Refusal
 */
export function partsAt(
  text: string,
  start: number,
  limit = text.length,
): { readonly isObject: boolean; readonly parts: Part[]; readonly end: number } | undefined {
  const bracket = start < limit ? text[start] : undefined;
  if (bracket !== '{' && bracket !== '[') return undefined;
  const isObject = bracket === '{';
  const parts: Part[] = [];
  let at = start + 1;
  for (;;) {
    at = skipSpace(text, at);
    const found = text[at];
    if (found === (isObject ? '}' : ']')) return { isObject, parts, end: at + 1 };
    if (parts.length > 0) {
      if (found !== ',') throw unexpected(text, at, isObject ? PROBLEM.afterMember : PROBLEM.afterElement);
      at = skipSpace(text, at + 1);
    }
    let name: string | undefined;
    if (isObject) {
      if (text[at] !== '"') throw unexpected(text, at, PROBLEM.key);
      const end = stringEnd(text, at);
      name = nameOf(text, at, end);
      at = skipSpace(text, end);
      if (text[at] !== ':') throw unexpected(text, at, PROBLEM.colon);
      at = skipSpace(text, at + 1);
    }
    const end = valueEnd(text, at);
    parts.push({ name, start: at, end });
    at = end;
  }
}

/** The end of the value that begins at `at`. What is inside of a container is not checked. @throws Refusal */
export function valueEnd(text: string, at: number): number {
  const first = text[at];
  if (first === '"') return stringEnd(text, at);
  if (first === '{' || first === '[') return containerEnd(text, at);
  if (first === undefined || !/[-0-9tfn]/.test(first)) throw unexpected(text, at, PROBLEM.value);
  const end = /[,}\] \n\r\t:"]/g;
  end.lastIndex = at;
  return end.exec(text)?.index ?? text.length;
}

function containerEnd(text: string, start: number): number {
  const marks = /["{}[\]\\]/g;
  marks.lastIndex = start;
  let depth = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    const [character] = mark;
    if (character === '\\') {
      // Outside of strings, where none belongs: the quote behind it begins none.
      const next = text[mark.index + 1];
      if (next === '"' || next === '\\') marks.lastIndex++;
    } else if (character === '"') {
      const end = quoteEnd(text, mark.index + 1);
      if (end < 0) break;
      marks.lastIndex = end;
    } else if (character === '{' || character === '[') depth++;
    else if (--depth === 0) return mark.index + 1;
  }
  throw new Refusal(text.length, PROBLEM.end);
}

/** Behind the quote that ends a string, whatever is in it; -1 where there is none. */
function quoteEnd(text: string, at: number): number {
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return -1;
    let backslashes = 0;
    while (quote - 1 - backslashes >= at && text[quote - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}
