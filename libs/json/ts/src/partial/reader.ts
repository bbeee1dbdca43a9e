/** Builds a value from text in chunks: a machine that stops anywhere, and goes on there. */

import { JSON_CODES } from '../codes';
import { PROBLEM } from '../fallback/scan';
import { StringReader } from './strings';

/** What may come next, beside white space. */
type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | 'colon' | 'comma or close' | 'nothing';

type Container = unknown[] | Record<string, unknown>;

interface Level {
  container: Container;
  /** The key or index at hand; undefined in an object before the first key. */
  key: string | number | undefined;
}

const LITERALS: Readonly<Record<string, { readonly word: string; readonly value: unknown }>> = {
  t: { word: 'true', value: true },
  f: { word: 'false', value: false },
  n: { word: 'null', value: null },
};

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** What may become a number. */
const NUMBER_SO_FAR = /^-?(?:(?:0|[1-9]\d*)(?:\.\d*)?(?:(?<=\d)[eE][+-]?\d*)?)?$/;
const NUMBER_PREFIX = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/;
const NUMBER_UNITS = /[-+.0-9eE]*/y;

/** A longer number is shown once it is whole: looking at it anew with every chunk would not be linear. */
const LONG_NUMBER = 512;

/** What is being read in the middle. */
type Atom = 'none' | 'string' | 'key' | 'number' | 'literal';

/** Reads one document. */
export class PartialReader {
  private root: unknown = undefined;
  private readonly levels: Level[] = [];
  private expected: Expected = 'value';
  private atom: Atom = 'none';
  private readonly string = new StringReader();
  /** The text of a number so far. */
  private digits = '';
  private literal = { word: '', value: undefined as unknown };
  private matched = 0;
  /** Code units read in earlier chunks, and where the chunk at hand has been read to. */
  private before = 0;
  private at = 0;

  constructor(private readonly maxDepth: number) {}

  /** Takes in a chunk. @throws FishplateError `JSON_INVALID`, `TOO_DEEP`. */
  read(chunk: string): void {
    this.at = 0;
    while (this.at < chunk.length) {
      if (this.atom === 'none') this.step(chunk);
      else this.go(chunk);
    }
    this.show();
    this.before += chunk.length;
    this.at = 0;
  }

  state(): { value: unknown; complete: boolean; path: (string | number)[] } {
    const complete = this.expected === 'nothing' && this.atom === 'none';
    const path: (string | number)[] = [];
    for (const { key } of this.levels) if (key !== undefined) path.push(key);
    // A key that is not whole, or was before a comma, leads to nothing yet.
    const last = this.levels[this.levels.length - 1];
    const isBetween =
      this.atom === 'key' || this.expected.startsWith('key') || this.expected === 'comma or close';
    if (
      last?.key !== undefined &&
      this.atom !== 'string' &&
      this.atom !== 'number' &&
      this.atom !== 'literal'
    ) {
      if (isBetween || this.expected === 'value or ]') path.pop();
    }
    return { value: this.root, complete, path };
  }

  /** The whole value. @throws FishplateError `JSON_INVALID`. */
  end(): unknown {
    if (this.atom === 'number') this.endNumber();
    if (this.expected !== 'nothing' || this.atom !== 'none') throw this.invalid(PROBLEM.end);
    return this.root;
  }

  /** Copies the open containers, so that values that were given out do not change any more. */
  fork(): void {
    let above: Level | undefined;
    for (const level of this.levels) {
      const copy: Container = Array.isArray(level.container)
        ? level.container.slice()
        : copied(level.container);
      if (above === undefined) this.root = copy;
      else set(above, copy);
      level.container = copy;
      above = level;
    }
  }

  private step(chunk: string): void {
    const character = chunk[this.at]!;
    if (character === ' ' || character === '\n' || character === '\r' || character === '\t') {
      this.at++;
      return;
    }
    switch (this.expected) {
      case 'value':
      case 'value or ]':
        if (character === ']' && this.expected === 'value or ]') this.close();
        else this.begin(character);
        return;
      case 'key':
      case 'key or }':
        if (character === '}' && this.expected === 'key or }') this.close();
        else if (character === '"') this.enter('key');
        else throw this.invalid(PROBLEM.key);
        return;
      case 'colon':
        if (character !== ':') throw this.invalid(PROBLEM.colon);
        this.at++;
        this.expected = 'value';
        return;
      case 'comma or close':
        this.afterValue(character);
        return;
      case 'nothing':
        throw this.invalid(PROBLEM.trailing);
    }
  }

  private begin(character: string): void {
    const literal = LITERALS[character];
    if (character === '{' || character === '[') this.open(character === '{');
    else if (character === '"') this.enter('string');
    else if (literal !== undefined) {
      this.atom = 'literal';
      this.literal = literal;
      this.matched = 0;
    } else if (character === '-' || (character >= '0' && character <= '9')) {
      this.atom = 'number';
      this.digits = '';
    } else throw this.invalid(PROBLEM.value);
  }

  private enter(atom: 'string' | 'key'): void {
    this.at++;
    this.atom = atom;
    this.string.begin();
  }

  private open(isObject: boolean): void {
    if (this.levels.length >= this.maxDepth) {
      const where = this.before + this.at;
      throw JSON_CODES.error('TOO_DEEP', `nested deeper than ${this.maxDepth} levels (offset ${where})`, {
        details: { offset: where },
      });
    }
    const container: Container = isObject ? {} : [];
    this.put(container);
    this.levels.push({ container, key: isObject ? undefined : 0 });
    this.expected = isObject ? 'key or }' : 'value or ]';
    this.at++;
  }

  private afterValue(character: string): void {
    const level = this.levels[this.levels.length - 1]!;
    const isArray = Array.isArray(level.container);
    if (character === ',') {
      this.at++;
      if (isArray) level.key = (level.key as number) + 1;
      this.expected = isArray ? 'value' : 'key';
    } else if (character === (isArray ? ']' : '}')) this.close();
    else throw this.invalid(isArray ? PROBLEM.afterElement : PROBLEM.afterMember);
  }

  private close(): void {
    this.at++;
    this.levels.pop();
    this.endValue();
  }

  private endValue(): void {
    this.atom = 'none';
    this.expected = this.levels.length === 0 ? 'nothing' : 'comma or close';
  }

  /** Goes on with what is being read. */
  private go(chunk: string): void {
    switch (this.atom) {
      case 'string':
      case 'key':
        this.goString(chunk, this.atom);
        return;
      case 'number':
        NUMBER_UNITS.lastIndex = this.at;
        this.digits += NUMBER_UNITS.exec(chunk)![0];
        this.at = NUMBER_UNITS.lastIndex;
        if (this.at < chunk.length) this.endNumber();
        return;
      case 'literal':
        if (chunk[this.at] !== this.literal.word[this.matched]) throw this.invalid(PROBLEM.value);
        this.at++;
        if (++this.matched < this.literal.word.length) return;
        this.put(this.literal.value);
        this.endValue();
        return;
      case 'none':
    }
  }

  private goString(chunk: string, atom: 'string' | 'key'): void {
    const end = this.string.read(chunk, this.at);
    if (this.string.problem !== undefined) {
      this.at = end;
      throw this.invalid(this.string.problem);
    }
    this.at = end;
    if (!this.string.isWhole) return;
    const text = this.string.whole();
    if (atom === 'string') {
      this.put(text);
      this.endValue();
      return;
    }
    this.levels[this.levels.length - 1]!.key = text;
    this.atom = 'none';
    this.expected = 'colon';
  }

  private endNumber(): void {
    if (!NUMBER.test(this.digits)) {
      const prefix = NUMBER_PREFIX.exec(this.digits)?.[0] ?? '';
      throw this.invalid(prefix === '' ? PROBLEM.digit : PROBLEM.afterElement);
    }
    this.put(Number(this.digits));
    this.endValue();
  }

  /** Puts what is there of a string, a number or a literal into the value. */
  private show(): void {
    if (this.atom === 'string') this.put(this.string.soFar());
    else if (this.atom === 'literal') this.put(this.literal.value);
    else if (this.atom === 'number' && this.digits.length < LONG_NUMBER) {
      if (!NUMBER_SO_FAR.test(this.digits)) this.endNumber();
      const prefix = NUMBER_PREFIX.exec(this.digits)?.[0];
      if (prefix !== undefined) this.put(Number(prefix));
    }
  }

  private put(value: unknown): void {
    const level = this.levels[this.levels.length - 1];
    if (level === undefined) this.root = value;
    else set(level, value);
  }

  private invalid(problem: string) {
    const offset = this.before + this.at;
    return JSON_CODES.error('JSON_INVALID', `${problem} (offset ${offset})`, { details: { offset } });
  }
}

function set({ container, key }: Level, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(container, key, { value, writable: true, enumerable: true, configurable: true });
  } else (container as Record<string | number, unknown>)[key!] = value;
}

function copied(container: Record<string, unknown>): Record<string, unknown> {
  // Spreading defines properties, so that one named `__proto__` stays what it is.
  return { ...container };
}
