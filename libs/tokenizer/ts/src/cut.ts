/** Where a text can be cut in two, so that both parts together have the tokens of the whole. */

import { CASELESS, classTable, LOWER, MARK, NEWLINE, NUMBER, OTHER, SPACE, UPPER } from './fallback/classes';

const QUOTE = 0x27;
const PLAIN = (1 << SPACE) | (1 << NEWLINE) | (1 << OTHER);
const AFTER_LETTER = PLAIN | (1 << NUMBER);
const AFTER_NUMBER = PLAIN | (1 << UPPER) | (1 << LOWER) | (1 << CASELESS) | (1 << MARK);
/** Encodings whose words begin anew with a capital. */
const LAST_O200K = 1;

/**
 * The last safe place in `text` behind `from`, or 0: behind a letter or a number, where something else begins. Every pattern
 * ends a piece there, whatever follows.
 */
export function lastCut(text: string, from: number, encoding: number): number {
  const classes = classTable();
  for (let at = text.length - 1; at > Math.max(from, 0); at--) {
    const unit = text.charCodeAt(at);
    // The second half of a pair is no place, and the first one at the end may get a second one.
    if (unit >= 0xd800 && unit < 0xe000) continue;
    const next = classes[unit]!;
    const before = classBefore(classes, text, at);
    const set = before === NUMBER ? AFTER_NUMBER : isLetter(before) ? AFTER_LETTER : 0;
    if (((set >> next) & 1) === 1 && unit !== QUOTE) return at;
    if (before === LOWER && next === UPPER && encoding <= LAST_O200K) return at;
  }
  return 0;
}

/** The text in parts of about `size` units, cut at safe places; a part without one is longer. */
export function* safeParts(text: string, size: number, encoding: number): Generator<string> {
  let start = 0;
  while (text.length - start > size) {
    let [cut, seen, end] = [0, 0, start];
    while (cut === 0 && end < text.length) {
      end = Math.min(text.length, end + size);
      cut = lastCut(text.slice(start, end), seen, encoding);
      seen = Math.max(0, end - start - 2);
    }
    if (cut === 0) break;
    yield text.slice(start, start + cut);
    start += cut;
  }
  yield text.slice(start);
}

function classBefore(classes: Uint8Array, text: string, at: number): number {
  const unit = text.charCodeAt(at - 1);
  if (unit < 0xdc00 || unit > 0xdfff) return classes[unit]!;
  const point = at < 2 ? unit : text.codePointAt(at - 2)!;
  return point > 0xffff ? classes[point]! : OTHER;
}

function isLetter(found: number): boolean {
  return found === UPPER || found === LOWER || found === CASELESS;
}
