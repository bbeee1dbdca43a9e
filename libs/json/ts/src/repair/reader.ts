/** Values as models write them. */

import { JSON_CODES } from '../codes';
import type { TextCursor } from './cursor';
import { isQuote, readString, type StringPlace } from './strings';
import { CUT_WORD, readWord } from './words';

/** No value is there: nothing but the end of the text, or what closes a container. */
export const NOTHING = Symbol('nothing');

/** In place of the place of a comma: there was none, or three dots took it. */
const NO_COMMA = -1;
const DOTS = -2;

const BARE_KEY = /[^\s:,{}[\]"'=]+/y;
const COLON = /:|=>?/y;
const CALL = /[A-Za-z_$][\w$.]*\s*\((?=\s*["'{[\d)-])/y;

/** Reads values from a cursor; containers by recursion, which `maxDepth` bounds. */
export class RepairingReader {
  private depth = 0;
  /** Closing brackets of the containers that are open, innermost last. */
  private readonly closing: string[] = [];

  constructor(
    private readonly cursor: TextCursor,
    private readonly maxDepth: number,
  ) {}

  /** The value at hand, white space before it left out. */
  read(place: StringPlace): unknown {
    const { cursor } = this;
    cursor.skip();
    const character = cursor.peek();
    if (character === '{' || character === '[') return this.container(character);
    if (isQuote(character)) return readString(cursor, place).text;
    if (character === '' || ',:}])'.includes(character)) return NOTHING;
    const start = cursor.at;
    if (cursor.take(CALL) !== '') return this.call(start);
    return readWord(cursor, place);
  }

  private call(start: number): unknown {
    const { cursor } = this;
    cursor.repaired('call', start);
    const value = this.read('argument');
    cursor.skip();
    if (cursor.peek() === ')') cursor.at++;
    return value === NOTHING ? null : value;
  }

  private container(opening: string): unknown {
    const { cursor } = this;
    if (this.depth === this.maxDepth) {
      const offset = cursor.at;
      throw JSON_CODES.error('TOO_DEEP', `nested deeper than ${this.maxDepth} levels (offset ${offset})`, {
        details: { offset },
      });
    }
    this.depth++;
    cursor.at++;
    this.closing.push(opening === '{' ? '}' : ']');
    const value = opening === '{' ? this.object() : this.array();
    this.closing.pop();
    this.depth--;
    return value;
  }

  private array(): unknown[] {
    const { cursor } = this;
    const elements: unknown[] = [];
    let comma = NO_COMMA;
    while (!this.isClosed(comma)) {
      if (this.isEllipsis()) {
        comma = DOTS;
        continue;
      }
      if (this.isExtraComma(comma === NO_COMMA && elements.length > 0)) continue;
      if (comma === NO_COMMA && elements.length > 0) cursor.repaired('missing-comma');
      const value = this.read('element');
      if (value === CUT_WORD) continue;
      if (value === NOTHING) {
        cursor.repaired('unexpected');
        cursor.at++;
        continue;
      }
      elements.push(value);
      comma = this.comma();
    }
    return elements;
  }

  private object(): Record<string, unknown> {
    const { cursor } = this;
    const object: Record<string, unknown> = {};
    let [comma, isFirst] = [NO_COMMA, true];
    while (!this.isClosed(comma)) {
      if (this.isEllipsis()) {
        comma = DOTS;
        continue;
      }
      if (this.isExtraComma(comma === NO_COMMA && !isFirst)) continue;
      if (comma === NO_COMMA && !isFirst) cursor.repaired('missing-comma');
      const key = this.key();
      if (key === undefined) continue;
      isFirst = false;
      this.member(object, key);
      comma = this.comma();
    }
    return object;
  }

  /** Undefined where the text ends in it, or where nothing can be a key. */
  private key(): string | undefined {
    const { cursor } = this;
    if (isQuote(cursor.peek())) {
      const { text, isCut } = readString(cursor, 'key');
      return isCut ? undefined : text;
    }
    const start = cursor.at;
    const key = cursor.take(BARE_KEY);
    if (key === '') {
      cursor.repaired('unexpected');
      cursor.at++;
      return undefined;
    }
    if (cursor.isAtEnd) return undefined;
    cursor.repaired('bare-key', start);
    return key;
  }

  private member(object: Record<string, unknown>, key: string): void {
    const { cursor } = this;
    cursor.skip();
    if (cursor.isAtEnd) return;
    const start = cursor.at;
    const colon = cursor.take(COLON);
    if (colon !== ':') cursor.repaired('missing-colon', start);
    let value = this.read('member');
    if (value === CUT_WORD || (value === NOTHING && cursor.isAtEnd)) return;
    if (value === NOTHING) {
      cursor.repaired('missing-value');
      value = null;
    }
    const property = { value, writable: true, enumerable: true, configurable: true };
    if (key === '__proto__') Object.defineProperty(object, key, property);
    else object[key] = value;
  }

  /** Whether the container at hand ends here; takes its closing bracket. `comma` is where one was before. */
  private isClosed(comma: number): boolean {
    const { cursor, closing } = this;
    cursor.skip();
    if (cursor.isAtEnd) {
      // One report for all that is open.
      const last = cursor.repairs[cursor.repairs.length - 1];
      if (last?.kind !== 'truncated') cursor.repaired('truncated');
      return true;
    }
    const character = cursor.peek();
    if (character !== '}' && character !== ']') {
      if (!cursor.text.startsWith('```', cursor.at)) return false;
      cursor.repaired('truncated');
      return true;
    }
    if (comma >= 0) cursor.repaired('trailing-comma', comma);
    const own = closing[closing.length - 1];
    if (character !== own) {
      cursor.repaired('bracket');
      // It closes a container further out, of which this one is a part that was not closed.
      if (closing.includes(character)) return true;
    }
    cursor.at++;
    return true;
  }

  /** Takes three dots in place of what was left out. */
  private isEllipsis(): boolean {
    const { cursor } = this;
    const start = cursor.at;
    if (cursor.take(/(?:\.{3}|\u2026)\s*,?/y) === '') return false;
    cursor.repaired('ellipsis', start);
    return true;
  }

  /** Takes a comma with nothing before it; `mayBe` says that one may stand here. */
  private isExtraComma(mayBe: boolean): boolean {
    const { cursor } = this;
    if (cursor.peek() !== ',' || mayBe) return false;
    cursor.repaired('extra-comma');
    cursor.at++;
    return true;
  }

  /** Takes a comma; says where it was. */
  private comma(): number {
    const { cursor } = this;
    cursor.skip();
    if (cursor.peek() !== ',') return NO_COMMA;
    return cursor.at++;
  }
}
