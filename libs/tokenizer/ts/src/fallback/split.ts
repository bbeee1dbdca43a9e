/** Cuts a string into pieces, as the regex of an encoding does: the scanners of the core, over UTF-16. */

import { CASELESS, classAt, LOWER, MARK, NEWLINE, NUMBER, OTHER, PAIR, SPACE, UPPER } from './classes';

/** Where the piece that starts at `start` ends. */
export type Splitter = (classes: Uint8Array, text: string, start: number) => number;

const CLASS = PAIR - 1;
const QUOTE = 0x27;
const BLANK = 0x20;

/** Sets of classes, a bit each. */
const LETTERS = (1 << UPPER) | (1 << LOWER) | (1 << CASELESS);
const LOWER_SET = (1 << LOWER) | (1 << CASELESS) | (1 << MARK);
const SYMBOLS = (1 << OTHER) | (1 << MARK);
const SPACES = (1 << SPACE) | (1 << NEWLINE);
const NUMBERS = 1 << NUMBER;
const NEWLINES = 1 << NEWLINE;

/** `U*L+C|U+L*C|\p{N}{1,3}|...`; the core's `split/o200k.rs` has the whole. */
export const splitO200k: Splitter = (classes, text, start) => {
  const found = classAt(classes, text, start);
  const kind = found & CLASS;
  const after = start + width(found);
  if (kind === NUMBER) return upToThreeNumbers(classes, text, after);
  let end = 0;
  if (kind === MARK) {
    end = word(classes, text, after, false) || word(classes, text, start, true);
  } else if (kind !== NEWLINE) {
    end = word(classes, text, isIn(found, LETTERS) ? start : after, true);
  }
  if (end > 0) return contraction(text, end) || end;
  end = symbols(classes, text, start, found);
  if (end === 0) return linesOrSpaces(classes, text, start);
  for (;;) {
    const unit = text.charCodeAt(end);
    if (unit !== 0x0a && unit !== 0x0d && unit !== 0x2f) return end;
    end++;
  }
};

export const splitCl100k: Splitter = (classes, text, start) => {
  const found = classAt(classes, text, start);
  const after = start + width(found);
  if (isIn(found, LETTERS)) return run(classes, text, after, LETTERS);
  if (isIn(found, NUMBERS)) return upToThreeNumbers(classes, text, after);
  const short = contraction(text, start);
  if (short > 0) return short;
  if (!isIn(found, NEWLINES) && isIn(classAt(classes, text, after), LETTERS)) {
    return run(classes, text, after, LETTERS);
  }
  const end = symbols(classes, text, start, found);
  return end === 0 ? linesOrSpaces(classes, text, start) : run(classes, text, end, NEWLINES);
};

export const splitR50k: Splitter = (classes, text, start) => {
  if (text.charCodeAt(start) === QUOTE) {
    // With its case, other than in the later patterns.
    const first = text.charCodeAt(start + 1);
    const second = text.charCodeAt(start + 2);
    if (first === 0x73 || first === 0x74 || first === 0x6d || first === 0x64) return start + 2;
    if ((first === 0x72 || first === 0x76) && second === 0x65) return start + 3;
    if (first === 0x6c && second === 0x6c) return start + 3;
  }
  const start2 = text.charCodeAt(start) === BLANK ? start + 1 : start;
  const next = classAt(classes, text, start2);
  if (isIn(next, LETTERS)) return run(classes, text, start2, LETTERS);
  if (isIn(next, NUMBERS)) return run(classes, text, start2, NUMBERS);
  const end = symbols(classes, text, start, classAt(classes, text, start));
  return end === 0 ? spaces(classes, text, start) : end;
};

function isIn(found: number, set: number): boolean {
  return ((set >> (found & CLASS)) & 1) === 1;
}

function width(found: number): number {
  return found >= PAIR ? 2 : 1;
}

function run(classes: Uint8Array, text: string, start: number, set: number): number {
  for (let at = start; ; ) {
    const found = classAt(classes, text, at);
    if (!isIn(found, set)) return at;
    at += width(found);
  }
}

function upToThreeNumbers(classes: Uint8Array, text: string, start: number): number {
  let at = start;
  for (let count = 1; count < 3; count++) {
    const found = classAt(classes, text, at);
    if (!isIn(found, NUMBERS)) break;
    at += width(found);
  }
  return at;
}

/** ` ?[^\s\p{L}\p{N}]+`, or 0. */
function symbols(classes: Uint8Array, text: string, start: number, found: number): number {
  if (isIn(found, SYMBOLS)) return run(classes, text, start + width(found), SYMBOLS);
  if (text.charCodeAt(start) !== BLANK || !isIn(classAt(classes, text, start + 1), SYMBOLS)) return 0;
  return run(classes, text, start + 1, SYMBOLS);
}

/** `\s+(?!\S)|\s+`. No white space has two units. */
function spaces(classes: Uint8Array, text: string, start: number): number {
  const end = run(classes, text, start, SPACES);
  return end === text.length || end === start + 1 ? end : end - 1;
}

/** `\s*[\r\n]+|\s+(?!\S)|\s+` */
function linesOrSpaces(classes: Uint8Array, text: string, start: number): number {
  const end = run(classes, text, start, SPACES);
  for (let at = end; at > start; at--) {
    const unit = text.charCodeAt(at - 1);
    if (unit === 0x0a || unit === 0x0d) return at;
  }
  return end === text.length || end === start + 1 ? end : end - 1;
}

/** `(?i:'s|'t|'re|'ve|'m|'ll|'d)` at `at`, or 0. U+017F is an s to a regex without case. */
function contraction(text: string, at: number): number {
  if (text.charCodeAt(at) !== QUOTE) return 0;
  const unit = text.charCodeAt(at + 1);
  if (unit === 0x17f) return at + 2;
  const first = unit | 0x20;
  if (unit > 0x7f) return 0;
  if (first === 0x73 || first === 0x74 || first === 0x6d || first === 0x64) return at + 2;
  const next = text.charCodeAt(at + 2);
  const second = next > 0x7f ? 0 : next | 0x20;
  if ((first === 0x72 || first === 0x76) && second === 0x65) return at + 3;
  return first === 0x6c && second === 0x6c ? at + 3 : 0;
}

/** Where a word ends, or 0; by the second alternative, of capitals alone, only with `capitals`. */
function word(classes: Uint8Array, text: string, start: number, capitals: boolean): number {
  let at = start;
  let givenBack = 0;
  for (;;) {
    const found = classAt(classes, text, at);
    const kind = found & CLASS;
    if (kind === LOWER) return run(classes, text, at, LOWER_SET);
    if (kind === UPPER) at += width(found);
    else if (kind === CASELESS || kind === MARK) {
      at += width(found);
      givenBack = at;
    } else break;
  }
  if (givenBack > 0) return givenBack;
  return capitals && at > start ? at : 0;
}
