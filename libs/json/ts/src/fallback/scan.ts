/** One pass over a text that accepts exactly what `JSON.parse` accepts, and tells a sink what it meets. */

/** What is wrong with a text, by the sentence that says it. */
export const PROBLEM = {
  end: 'the text ends too early',
  value: 'a value is expected here',
  key: 'a key in double quotes is expected here',
  colon: 'a colon is expected here',
  afterMember: 'a comma or a closing brace is expected here',
  afterElement: 'a comma or a closing bracket is expected here',
  trailing: 'nothing may follow the value',
  control: 'a control character must be escaped in a string',
  escape: 'this is no escape',
  digit: 'a digit is expected here',
} as const;

/** A text that is refused, at a code unit. */
export class Refusal extends Error {
  constructor(
    readonly offset: number | undefined,
    message: string,
    readonly code = 'JSON_INVALID',
  ) {
    super(message);
  }
}

/** What takes in the parts of a text, in order. */
export interface Sink {
  open(at: number, isObject: boolean): void;
  close(at: number): void;
  /** With its quotes. */
  key(start: number, end: number): void;
  /** A string with its quotes, a number, a literal. */
  atom(start: number, end: number): void;
  comma(): void;
}

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];

/** @throws Refusal */
export function scan(text: string, maxDepth: number, sink: Sink): void {
  const open: boolean[] = [];
  let at = skipSpace(text, 0);
  for (;;) {
    const unit = text.charCodeAt(at);
    if (unit === OPEN_BRACE || unit === OPEN_BRACKET) {
      if (open.length >= maxDepth) throw new Refusal(at, `nested deeper than ${maxDepth} levels`, 'TOO_DEEP');
      const isObject = unit === OPEN_BRACE;
      sink.open(at, isObject);
      open.push(isObject);
      at = skipSpace(text, at + 1);
      if (text.charCodeAt(at) !== (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) {
        if (isObject) at = member(text, at, sink);
        continue;
      }
    } else {
      const end = atomEnd(text, at);
      sink.atom(at, end);
      at = end;
    }
    // A value has ended, or an empty container is about to.
    for (;;) {
      at = skipSpace(text, at);
      const next = text.charCodeAt(at);
      const isObject = open[open.length - 1];
      if (isObject === undefined) {
        if (at < text.length) throw new Refusal(at, PROBLEM.trailing);
        return;
      }
      if (next === COMMA) {
        sink.comma();
        at = skipSpace(text, at + 1);
        if (isObject) at = member(text, at, sink);
        break;
      }
      if (next !== (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) {
        throw unexpected(text, at, isObject ? PROBLEM.afterMember : PROBLEM.afterElement);
      }
      sink.close(at);
      open.pop();
      at++;
    }
  }
}

export function skipSpace(text: string, at: number, end = text.length): number {
  for (; at < end; at++) {
    const unit = text.charCodeAt(at);
    if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) break;
  }
  return at;
}

/** What stands where something else must: the end of the text is a problem of its own. */
export function unexpected(text: string, at: number, message: string): Refusal {
  return new Refusal(at, at >= text.length ? PROBLEM.end : message);
}

/** The end of the string that begins at `at`, behind its quote. @throws Refusal */
export function stringEnd(text: string, at: number): number {
  for (let end = at + 1; ; end++) {
    const unit = text.charCodeAt(end);
    if (unit === QUOTE) return end + 1;
    if (unit === BACKSLASH) end = escapeEnd(text, end) - 1;
    // NaN, behind the end, is not above either.
    else if (!(unit >= 0x20)) throw unexpected(text, end, PROBLEM.control);
  }
}

function escapeEnd(text: string, at: number): number {
  const letter = text[at + 1];
  if (letter === undefined || !'"\\/bfnrtu'.includes(letter)) throw unexpected(text, at + 1, PROBLEM.escape);
  if (letter !== 'u') return at + 2;
  for (let digit = at + 2; digit < at + 6; digit++) {
    if (!/^[0-9a-fA-F]$/.test(text.charAt(digit))) throw unexpected(text, digit, PROBLEM.escape);
  }
  return at + 6;
}

function member(text: string, at: number, sink: Sink): number {
  if (text.charCodeAt(at) !== QUOTE) throw unexpected(text, at, PROBLEM.key);
  const end = stringEnd(text, at);
  sink.key(at, end);
  const colon = skipSpace(text, end);
  if (text.charCodeAt(colon) !== COLON) throw unexpected(text, colon, PROBLEM.colon);
  return skipSpace(text, colon + 1);
}

/** The end of a string, a number or a literal. @throws Refusal */
function atomEnd(text: string, at: number): number {
  switch (text[at]) {
    case '"':
      return stringEnd(text, at);
    case 't':
      return literalEnd(text, at, 'true');
    case 'f':
      return literalEnd(text, at, 'false');
    case 'n':
      return literalEnd(text, at, 'null');
    default:
      return numberEnd(text, at);
  }
}

function literalEnd(text: string, at: number, word: string): number {
  if (text.startsWith(word, at)) return at + word.length;
  let same = 1;
  while (text[at + same] === word[same]) same++;
  throw unexpected(text, at + same, PROBLEM.value);
}

function numberEnd(text: string, at: number): number {
  const isNegative = text[at] === '-';
  let end = at + (isNegative ? 1 : 0);
  if (!isDigit(text, end)) throw unexpected(text, end, isNegative ? PROBLEM.digit : PROBLEM.value);
  end = text[end] === '0' ? end + 1 : digitsEnd(text, end);
  if (text[end] === '.') end = digitsEnd(text, end + 1);
  if (text[end] === 'e' || text[end] === 'E') {
    const isSigned = text[end + 1] === '+' || text[end + 1] === '-';
    end = digitsEnd(text, end + (isSigned ? 2 : 1));
  }
  return end;
}

function digitsEnd(text: string, at: number): number {
  if (!isDigit(text, at)) throw unexpected(text, at, PROBLEM.digit);
  while (isDigit(text, at)) at++;
  return at;
}

function isDigit(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0x30 && unit <= 0x39;
}
