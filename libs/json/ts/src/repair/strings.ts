/** Strings as models write them: other quotes, quotes inside, raw newlines, ends that are missing. */

import type { TextCursor } from './cursor';

/** What may close a string, by what opened it. */
const CLOSING: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '`': '`',
  '\u201c': '\u201d\u201c"',
  '\u201d': '\u201d\u201c"',
  '\u2018': "\u2019\u2018'",
  '\u2019': "\u2019\u2018'",
};

const ESCAPED = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
// eslint-disable-next-line no-control-regex
const PLAIN = /[^"'`\u2018\u2019\u201c\u201d\\\u0000-\u001f]+/y;

/** What may follow a string in each place: what comes behind its closing quote. */
const AFTER = {
  key: /\s*(?::|=|$)|\s+(?:[\d"'{[-]|(?:true|false|null)\b)/y,
  member: /\s*(?:$|[}\]]|,\s*(?:$|[}\]"'\u201c\u201d\u2018\u2019`]|[\w$-]+\s*:|\/[/*]|#)|\/[/*]|```)/y,
  element:
    /\s*(?:$|[}\]]|,\s*(?:$|[\][{"'\u201c\u201d\u2018\u2019`\d.+-]|[\w$]+\s*[,\]]|\/[/*]|#)|\/[/*]|```)/y,
  argument: /\s*(?:$|[),])/y,
  root: /\s*(?:$|[[{,]|\/[/*]|```)/y,
};

/** A comma was left out: the next key follows, or the next string of an array. */
const NEXT_KEY = /\s*(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|(?<=\s)[\w$-]+)\s*:/y;
const NEXT_ELEMENT = /\s+(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*[,\]]/y;

/** Where a string stands. */
export type StringPlace = keyof typeof AFTER;

/** Whether a character may open a string. */
export function isQuote(character: string): boolean {
  return character !== '' && character in CLOSING;
}

/** Reads the string at hand. `isCut` says that the text ends in it. */
export function readString(cursor: TextCursor, place: StringPlace): { text: string; isCut: boolean } {
  const start = cursor.at;
  const opening = cursor.peek();
  const closing = CLOSING[opening]!;
  if (opening !== '"') cursor.repaired('quotes');
  cursor.at++;
  let text = '';
  let hasControls = false;
  /** The last quote that was taken for a character: where, how much text and how many repairs were before it. */
  let inner: { at: number; length: number; repairs: number } | undefined;
  while (!cursor.isAtEnd) {
    text += cursor.take(PLAIN);
    const character = cursor.peek();
    if (character === '') break;
    if (character === '\\') {
      text += readEscape(cursor);
    } else if (character < ' ') {
      if (!hasControls) cursor.repaired('control-character');
      hasControls = true;
      text += character;
      cursor.at++;
    } else if (!closing.includes(character)) {
      text += character;
      cursor.at++;
    } else if (isEnd(cursor, place)) {
      cursor.at++;
      return { text, isCut: false };
    } else if (place !== 'key' && inner !== undefined && isSwallowedKey(cursor, inner.at)) {
      // That was the key of the next member: this string ended before the comma.
      const body = text.slice(0, inner.length);
      const whole = beforeComma(body);
      cursor.repairs.length = inner.repairs;
      cursor.at = cursor.text.lastIndexOf(',', inner.at);
      cursor.repaired('missing-quote');
      return { text: whole, isCut: false };
    } else {
      inner = { at: cursor.at, length: text.length, repairs: cursor.repairs.length };
      // An apostrophe in a string of double quotes is none of these.
      cursor.repaired('unescaped-quote');
      text += character;
      cursor.at++;
    }
  }
  cursor.repaired('truncated', Math.max(start, cursor.text.length));
  return { text, isCut: true };
}

/** A text up to the comma that ends it, without the white space around that. */
function beforeComma(text: string): string {
  const trimmed = text.trimEnd();
  return trimmed.endsWith(',') ? trimmed.slice(0, -1).trimEnd() : text;
}

function isEnd(cursor: TextCursor, place: StringPlace): boolean {
  const behind = cursor.at + 1;
  if (cursor.matches(AFTER[place], behind)) return true;
  if (place === 'member') return cursor.matches(NEXT_KEY, behind);
  return place === 'element' && cursor.matches(NEXT_ELEMENT, behind);
}

/** Whether the quote at hand closes a key that began at an earlier quote, behind a comma. */
function isSwallowedKey(cursor: TextCursor, opened: number): boolean {
  if (!cursor.matches(/\s*:/y, cursor.at + 1)) return false;
  let before = opened - 1;
  while (before > 0 && /\s/.test(cursor.text[before]!)) before--;
  return cursor.text[before] === ',';
}

function readEscape(cursor: TextCursor): string {
  const escape = cursor.take(ESCAPED);
  if (escape !== '') return JSON.parse(`"${escape}"`) as string;
  const next = cursor.text[cursor.at + 1] ?? '';
  if (next === '') {
    // Cut in the middle of an escape.
    cursor.at++;
    return '';
  }
  if (next === 'u' && cursor.matches(/\\u[0-9a-fA-F]{0,3}$/y)) {
    cursor.at = cursor.text.length;
    return '';
  }
  cursor.repaired('escape');
  cursor.at += 2;
  // A quote of another kind needs no backslash; the end of a line, where one goes on in the next, is none.
  if (next in CLOSING) return next;
  if (next === '\n') return '';
  if (next < ' ') return next;
  return `\\${next}`;
}
