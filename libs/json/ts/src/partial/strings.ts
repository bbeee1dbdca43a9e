/** Strings in chunks: plain runs are taken whole, escapes one by one. */

import { PROBLEM } from '../fallback/scan';

/** What ends a run of plain characters. */
// eslint-disable-next-line no-control-regex
const STOP = /["\\\u0000-\u001f]/g;

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** Reads one string after another. */
export class StringReader {
  /** Whether the closing quote has been read. */
  isWhole = false;
  /** What is wrong where reading stopped. */
  problem: string | undefined;
  private text = '';
  /**
   * The first half of a surrogate pair that the text ends in so far. It stands apart, since asking a string that grew by pieces
   * for its last unit makes V8 copy it whole.
   */
  private half = '';
  /** An escape that is not whole: a backslash, and up to five more. */
  private escape = '';

  begin(): void {
    this.isWhole = false;
    this.text = '';
    this.half = '';
    this.escape = '';
  }

  /** Reads on from `at` up to the end of the string or of the chunk, and says where it has come to. */
  read(chunk: string, at: number): number {
    while (at < chunk.length) {
      if (this.escape !== '') {
        if (!this.goEscape(chunk[at]!)) return at;
        at++;
        continue;
      }
      STOP.lastIndex = at;
      const stop = STOP.exec(chunk)?.index ?? chunk.length;
      if (stop > at) this.append(chunk.slice(at, stop));
      if (stop === chunk.length) return stop;
      if (chunk[stop] === '"') {
        this.isWhole = true;
        return stop + 1;
      }
      if (chunk[stop] !== '\\') {
        this.problem = PROBLEM.control;
        return stop;
      }
      this.escape = '\\';
      at = stop + 1;
    }
    return at;
  }

  /** The whole string. */
  whole(): string {
    return this.text + this.half;
  }

  /** What is there of it; half of a surrogate pair waits for the other one. */
  soFar(): string {
    return this.text;
  }

  private append(text: string): void {
    const last = text.charCodeAt(text.length - 1);
    const isHalf = last >= 0xd800 && last < 0xdc00;
    this.text += this.half + (isHalf ? text.slice(0, -1) : text);
    this.half = isHalf ? text.slice(-1) : '';
  }

  private goEscape(character: string): boolean {
    if (this.escape === '\\' && character !== 'u') {
      const meant = ESCAPES[character];
      if (meant === undefined) {
        this.problem = PROBLEM.escape;
        return false;
      }
      this.append(meant);
      this.escape = '';
      return true;
    }
    if (this.escape.length > 1 && !/^[0-9a-fA-F]$/.test(character)) {
      this.problem = PROBLEM.escape;
      return false;
    }
    this.escape += character;
    if (this.escape.length === 6) {
      this.append(String.fromCharCode(Number.parseInt(this.escape.slice(2), 16)));
      this.escape = '';
    }
    return true;
  }
}
