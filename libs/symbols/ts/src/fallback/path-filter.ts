/** Which paths are meant: by a prefix, or by a glob. */

import { SYMBOLS_CODES } from '../codes';

/** Most alternatives that braces may stand for. */
const MAX_ALTERNATIVES = 64;

/** Longest filter, in bytes of UTF-8. */
const MAX_FILTER = 4096;

/** Deepest braces in braces. */
const MAX_DEPTH = 16;

type Token =
  | { readonly kind: 'letter'; readonly letter: string }
  | {
      readonly kind: 'set';
      readonly ranges: readonly (readonly [string, string])[];
      readonly negated: boolean;
    }
  /** `?`, `*`, `**`, and `**` with a slash behind it. */
  | { readonly kind: 'one' | 'some' | 'any' | 'directories' };

/** Tells of paths whether they are meant. */
export type PathFilter = (path: string) => boolean;

/** @throws FishplateError `OPTION_INVALID`. */
export function pathFilter(text: string): PathFilter {
  try {
    if (Buffer.byteLength(text) > MAX_FILTER) throw new BadFilter(`it has over ${MAX_FILTER} bytes`);
    if (!/[*?[{]/.test(text)) return (path) => path.startsWith(text);
    const globs = alternatives([...text]).map((glob) => globFilter(glob));
    return (path) => globs.some((glob) => glob(path));
  } catch (error) {
    if (!(error instanceof BadFilter)) throw error;
    const shown = JSON.stringify([...text].slice(0, 80).join(''));
    throw SYMBOLS_CODES.error('OPTION_INVALID', `the path filter ${shown} is not one: ${error.message}`);
  }
}

/** What is wrong with a filter. */
class BadFilter extends Error {}

/** What the braces stand for, one after the other. */
function alternatives(letters: readonly string[]): string[][] {
  let done: string[][] = [[]];
  for (let at = 0; at < letters.length; at++) {
    const letter = letters[at]!;
    if (letter === '\\') {
      const escaped = letters.slice(at, at + 2);
      done = done.map((text) => [...text, ...escaped]);
      at++;
    } else if (letter === '{') {
      const { choices, end } = choicesFrom(letters, at + 1);
      if (done.length * choices.length > MAX_ALTERNATIVES) throw tooMany();
      done = done.flatMap((text) => choices.map((choice) => [...text, ...choice]));
      at = end;
    } else {
      for (const text of done) text.push(letter);
    }
  }
  return done;
}

/** The alternatives up to the closing brace, with their own braces resolved, and where that brace is. */
function choicesFrom(letters: readonly string[], start: number): { choices: string[][]; end: number } {
  const parts: string[][] = [[]];
  let depth = 1;
  for (let at = start; at < letters.length; at++) {
    const letter = letters[at]!;
    if (letter === '}' && depth === 1) {
      const choices: string[][] = [];
      for (const part of parts) {
        choices.push(...alternatives(part));
        if (choices.length > MAX_ALTERNATIVES) throw tooMany();
      }
      return { choices, end: at };
    }
    if (letter === ',' && depth === 1) {
      parts.push([]);
      continue;
    }
    if (letter === '{') depth++;
    else if (letter === '}') depth--;
    if (depth > MAX_DEPTH) throw new BadFilter(`braces lie in braces over ${MAX_DEPTH} times`);
    parts.at(-1)!.push(letter);
    if (letter === '\\' && at + 1 < letters.length) parts.at(-1)!.push(letters[++at]!);
  }
  throw new BadFilter('a brace is not closed');
}

function tooMany(): BadFilter {
  return new BadFilter(`braces give over ${MAX_ALTERNATIVES} globs`);
}

function globFilter(given: readonly string[]): PathFilter {
  const letters = given[0] === '.' && given[1] === '/' ? given.slice(2) : given;
  const tokens = tokensOf(letters);
  const lastPart = !letters.includes('/');
  return (path) => matches(tokens, [...(lastPart ? path.slice(lastSlash(path) + 1) : path)]);
}

function lastSlash(path: string): number {
  return Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));
}

function tokensOf(letters: readonly string[]): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < letters.length; at++) {
    const letter = letters[at]!;
    if (letter === '?') {
      tokens.push({ kind: 'one' });
    } else if (letter === '*' && letters[at + 1] !== '*') {
      tokens.push({ kind: 'some' });
    } else if (letter === '*') {
      while (letters[at + 1] === '*') at++;
      if (isSlash(letters[at + 1])) {
        at++;
        tokens.push({ kind: 'directories' });
      } else {
        tokens.push({ kind: 'any' });
      }
    } else if (letter === '[') {
      const { token, end } = setFrom(letters, at + 1);
      tokens.push(token);
      at = end;
    } else if (letter === '\\' && at + 1 < letters.length) {
      tokens.push({ kind: 'letter', letter: letters[++at]! });
    } else {
      tokens.push({ kind: 'letter', letter });
    }
  }
  return tokens;
}

function setFrom(letters: readonly string[], start: number): { token: Token; end: number } {
  const negated = letters[start] === '!' || letters[start] === '^';
  const ranges: [string, string][] = [];
  let at = negated ? start + 1 : start;
  for (;;) {
    let from: string | undefined = letters[at];
    if (from === undefined) throw new BadFilter('a set is not closed');
    if (from === ']' && ranges.length > 0) return { token: { kind: 'set', ranges, negated }, end: at };
    at++;
    if (from === '\\') from = letters[at++] ?? from;
    const to = letters[at + 1];
    if (letters[at] === '-' && to !== undefined && to !== ']') {
      at += 2;
      ranges.push([from, to]);
    } else {
      ranges.push([from, from]);
    }
  }
}

/** The last star of each kind, and where it was tried, are enough to go back to. */
function matches(tokens: readonly Token[], letters: readonly string[]): boolean {
  let [token, at] = [0, 0];
  let short: { next: number; from: number } | null = null;
  let long: { star: number; from: number } | null = null;
  for (;;) {
    const own = tokens[token];
    const letter = letters[at];
    if (own === undefined && letter === undefined) return true;
    if (own?.kind === 'some') {
      short = { next: ++token, from: at };
      continue;
    }
    if (own?.kind === 'any' || own?.kind === 'directories') {
      long = { star: token++, from: at };
      short = null;
      continue;
    }
    if (own !== undefined && letter !== undefined && takes(own, letter)) {
      token++;
      at++;
      continue;
    }
    // Make the short star longer; where it cannot be, the long one.
    if (short !== null && letters[short.from] !== undefined && !isSlash(letters[short.from])) {
      short = { next: short.next, from: short.from + 1 };
      [token, at] = [short.next, short.from];
      continue;
    }
    if (long === null) return false;
    short = null;
    let from: number = long.from;
    for (;;) {
      const skipped = letters[from];
      if (skipped === undefined) return false;
      from++;
      if (tokens[long.star]!.kind !== 'directories' || isSlash(skipped)) break;
    }
    long = { star: long.star, from };
    [token, at] = [long.star + 1, from];
  }
}

function takes(token: Token, letter: string): boolean {
  if (token.kind === 'letter') return token.letter === '/' ? isSlash(letter) : token.letter === letter;
  if (isSlash(letter)) return false;
  if (token.kind === 'one') return true;
  if (token.kind !== 'set') return false;
  const point = letter.codePointAt(0)!;
  const within = token.ranges.some(
    ([from, to]) => from.codePointAt(0)! <= point && point <= to.codePointAt(0)!,
  );
  return within !== token.negated;
}

function isSlash(letter: string | undefined): boolean {
  return letter === '/' || letter === '\\';
}
