/** What stands without quotes: literals, numbers, and strings that should have had some. */

import type { TextCursor } from './cursor';
import type { StringPlace } from './strings';

/** A word that the text ends in, of which nothing can be said yet. */
export const CUT_WORD = Symbol('cut word');

const WORD = /[^\s,:{}[\]"'`()]+/y;
/** A string without quotes goes on up to what ends a value; a colon in it is a part of it, as in addresses and times. */
const REST = {
  argument: /[^,)\n\r]*/y,
  root: /[^\n\r]*/y,
  key: /[^,}\]\n\r]*/y,
  member: /[^,}\]\n\r]*/y,
  element: /[^,\]}\n\r]*/y,
};
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const OTHER_NUMBER = /^[+-]?(?:(?:[1-9][\d_]*|0)(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?$/;
/** A value after which a comma was left out is followed by one that can be told. */
const NEXT_VALUE = /["'{[]|-?\d[\d.eE+-]*\s*[,\]}\n]|(?:true|false|null)\b/y;
const HEXADECIMAL = /^[+-]?0[xX][0-9a-fA-F]+$/;
const CUT_NUMBER = /^(-?(?:0|[1-9]\d*)(?:\.\d+)?)(?:\.|[eE][+-]?|\.\d+[eE][+-]?)$/;

const LITERALS = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
]);
const OTHER_LITERALS = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
  ['none', null],
  ['nil', null],
  ['undefined', null],
  ['nan', null],
  ['infinity', null],
  ['-infinity', null],
  ['+infinity', null],
]);

/** Reads the word at hand, and what belongs to it. */
export function readWord(cursor: TextCursor, place: StringPlace): unknown {
  const start = cursor.at;
  const word = cursor.take(WORD);
  if (word === '') {
    // Parentheses and the like mean nothing.
    cursor.repaired('unexpected');
    cursor.at++;
    return null;
  }
  const isLast = cursor.isAtEnd;
  cursor.take(/[ \t]*/y);
  const isAlone = cursor.isAtEnd || /[\n\r,}\]#)]/.test(cursor.peek()) || cursor.matches(/\/[/*]/y);
  const isFollowed = (LITERALS.has(word) || NUMBER.test(word)) && cursor.matches(NEXT_VALUE);
  if (isAlone || isFollowed) {
    const value = known(cursor, word, start, isLast);
    if (value !== undefined) return value;
  }
  const text = (cursor.text.slice(start, cursor.at) + cursor.take(REST[place])).trim();
  cursor.repaired('bare-value', start);
  return text;
}

/** A literal or a number; undefined where the word is neither. */
function known(cursor: TextCursor, word: string, start: number, isLast: boolean): unknown {
  if (LITERALS.has(word)) return LITERALS.get(word);
  if (NUMBER.test(word)) return Number(word);
  const lower = word.toLowerCase();
  if (OTHER_LITERALS.has(lower)) {
    cursor.repaired('literal', start);
    return OTHER_LITERALS.get(lower);
  }
  if (isLast) {
    for (const [literal, value] of LITERALS) {
      if (!literal.startsWith(word)) continue;
      cursor.repaired('truncated');
      return value;
    }
    const cut = CUT_NUMBER.exec(word);
    if (cut !== null || word === '-') {
      cursor.repaired('truncated');
      return cut === null ? CUT_WORD : Number(cut[1]);
    }
  }
  const isOther = OTHER_NUMBER.test(word);
  if (!isOther && !HEXADECIMAL.test(word)) return undefined;
  cursor.repaired('number', start);
  const digits = word.replaceAll('_', '').replace(/^[+-]/, '');
  const value = word.startsWith('-') ? -Number(digits) : Number(digits);
  return Number.isFinite(value) ? value : null;
}
