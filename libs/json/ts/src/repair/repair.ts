/** Values from what models write in place of JSON. */

import { JSON_CODES } from '../codes';
import { checkLimit, checkOptions, checkString } from '../input';
import { TextCursor } from './cursor';
import { NOTHING, RepairingReader } from './reader';
import type { Repair } from './repairs';
import { isQuote } from './strings';
import { CUT_WORD } from './words';

/** Options of {@link repairJson}. */
export interface RepairOptions {
  /** Levels of objects and arrays in a text that needs repairs; 1,000 unless given, which is also the most. */
  readonly maxDepth?: number | undefined;
  /** Code units; unlimited unless given. */
  readonly maxLength?: number | undefined;
}

/** What {@link repairJson} returns. */
export interface Repaired<T = unknown> {
  readonly value: T;
  /** Empty where the text is JSON. In the order in which they were made. */
  readonly repairs: readonly Repair[];
}

/** Reading recurses, and stacks have room for some thousands of levels. */
const MAX_DEPTH = 1000;

const FENCE = /(?:```|~~~)[\w+-]*[ \t]*\r?\n?/g;
const FENCE_HERE = /(?:```|~~~)[\w+-]*[ \t]*\r?\n?/y;

/**
 * What a text means that should be JSON: code fences and words around it, other quotes, bare keys, comments, commas and brackets
 * too many or too few, quotes and newlines in strings, literals of Python, several documents, a cut-off end. A text that is JSON
 * is what `JSON.parse` makes of it.
 *
 * @throws FishplateError `INPUT_INVALID`, `OPTION_INVALID`, `NOT_REPAIRABLE`, `TOO_DEEP`, `TOO_LARGE`.
 */
export function repairJson<T = unknown>(text: string, wanted?: RepairOptions): Repaired<T> {
  const options = checkOptions(wanted);
  checkString(text, 'text');
  const maxLength = checkLimit(options.maxLength, 'maxLength');
  const maxDepth = Math.min(MAX_DEPTH, checkLimit(options.maxDepth, 'maxDepth', MAX_DEPTH));
  if (text.length > maxLength) throw JSON_CODES.error('TOO_LARGE', `longer than ${maxLength} code units`);
  try {
    return { value: JSON.parse(text) as T, repairs: [] };
  } catch {
    // That is what this function is for.
  }
  const cursor = new TextCursor(text);
  try {
    const value = read(cursor, new RepairingReader(cursor, maxDepth)) as T;
    return { value, repairs: cursor.repairs };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw JSON_CODES.error('TOO_DEEP', 'nested deeper than the stack reaches', { cause: error });
  }
}

function read(cursor: TextCursor, reader: RepairingReader): unknown {
  enter(cursor);
  const documents: unknown[] = [];
  let second = -1;
  for (;;) {
    const start = cursor.at;
    const value = reader.read('root');
    if (value !== NOTHING && value !== CUT_WORD) {
      if (documents.length === 1) second = start;
      documents.push(value);
    }
    if (!goOn(cursor)) break;
  }
  if (documents.length === 0) {
    throw JSON_CODES.error('NOT_REPAIRABLE', 'the text holds no object, no array and no other value');
  }
  if (documents.length === 1) return documents[0];
  cursor.repaired('concatenated', second);
  return documents;
}

/** To where the document begins: behind a fence, or at the first bracket, unless a value comes at once. */
function enter(cursor: TextCursor): void {
  const { text } = cursor;
  cursor.skip();
  const bracket = firstBracket(text, cursor.at);
  FENCE.lastIndex = cursor.at;
  const fence = FENCE.exec(text);
  if (fence !== null && (bracket < 0 || fence.index < bracket) && !isQuote(first(cursor, '"'))) {
    if (text.slice(cursor.at, fence.index).trim() !== '') cursor.repaired('prose');
    cursor.repaired('fence', fence.index);
    cursor.at = fence.index + fence[0].length;
    return;
  }
  if (bracket < 0 || bracket === cursor.at || isQuote(first(cursor, '"')) || isCall(cursor, bracket)) {
    if (bracket < 0 && !isValue(cursor)) {
      throw JSON_CODES.error('NOT_REPAIRABLE', 'the text holds no bracket, no string, no number, no literal');
    }
    return;
  }
  cursor.repaired('prose');
  cursor.at = bracket;
}

/** The character at hand, where it is this one. */
function first(cursor: TextCursor, wanted: string): string {
  return cursor.peek() === wanted ? wanted : '';
}

function firstBracket(text: string, from: number): number {
  const found = text.slice(from).search(/[{[]/);
  return found < 0 ? -1 : from + found;
}

function isCall(cursor: TextCursor, bracket: number): boolean {
  return /^[A-Za-z_$][\w$.]*\s*\(\s*$/.test(cursor.text.slice(cursor.at, Math.min(bracket, cursor.at + 200)));
}

/** Whether a text without brackets is a value rather than words. */
function isValue(cursor: TextCursor): boolean {
  const rest = cursor.text.slice(cursor.at).trimEnd();
  return isQuote(cursor.peek()) || /^[-+.]?\d[\w.+-]*$|^(?:true|false|null|none|nan|undefined)$/i.test(rest);
}

/** Whether another document follows; what else there is is left out. */
function goOn(cursor: TextCursor): boolean {
  cursor.skip();
  const start = cursor.at;
  if (cursor.take(FENCE_HERE) !== '') {
    if (cursor.repairs.every(({ kind }) => kind !== 'fence')) cursor.repaired('fence', start);
    cursor.skip();
  }
  const rest = cursor.at;
  const mark = cursor.take(/[;,)]/y);
  cursor.skip();
  // A comma or semicolon between documents is no fault beside their being several.
  if (mark !== '' && (cursor.isAtEnd || mark === ')')) cursor.repaired('unexpected', rest);
  if (cursor.isAtEnd) return false;
  const bracket = firstBracket(cursor.text, cursor.at);
  if (bracket === cursor.at) return true;
  if (bracket < 0) {
    cursor.repaired('prose');
    return false;
  }
  // Words between documents; a bracket in the middle of a line of prose is a part of it.
  cursor.repaired('prose');
  const line = /(?:^|\n)[ \t]*(?:(?:```|~~~)[\w+-]*[ \t]*\r?\n\s*)?(?=[{[])/g;
  line.lastIndex = cursor.at;
  const next = line.exec(cursor.text);
  if (next === null) return false;
  cursor.at = next.index + next[0].length;
  return true;
}
