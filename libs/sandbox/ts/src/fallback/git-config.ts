/**
 * Configuration files of git, read to learn what they name. What git would refuse is passed over line by line: a value too many
 * protects a path too many, a value too few none.
 */

import type { RawPath } from './raw-path';

/** One setting: `[section "subsection"] name = value`, one character for each byte. */
export interface GitSetting {
  /** In small letters. */
  readonly section: string;
  /** As spelled; null where there is none. */
  readonly subsection: string | null;
  /** In small letters. */
  readonly name: string;
  /** Null where only the name stands there, which means yes. */
  readonly value: RawPath | null;
}

const LETTER = /[A-Za-z0-9]/;
const BYTE_ORDER_MARK = '\xef\xbb\xbf';

/** What stands for a character behind a backslash; nothing for the end of a line, which goes on. */
const ESCAPED: Readonly<Record<string, string>> = { n: '\n', t: '\t', b: '\b', '\n': '' };

/** All settings of a file, in their order. */
export function gitSettings(text: RawPath): GitSetting[] {
  return new Reader(text).run();
}

class Reader {
  private at: number;

  constructor(private readonly text: RawPath) {
    this.at = text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
  }

  run(): GitSetting[] {
    const found: GitSetting[] = [];
    let [section, subsection]: [string, string | null] = ['', null];
    for (let byte = this.next(); byte !== ''; byte = this.next()) {
      if (byte === '#' || byte === ';') this.skipLine();
      else if (byte === '[') [section, subsection] = this.section();
      else if (LETTER.test(byte)) found.push({ section, subsection, ...this.setting(byte) });
    }
    return found;
  }

  /** The next character, line ends as line feeds; empty at the end. */
  private next(): string {
    const byte = this.text.charAt(this.at);
    this.at += 1;
    if (byte !== '\r' || this.text.charAt(this.at) !== '\n') return byte;
    this.at += 1;
    return '\n';
  }

  private skipLine(): void {
    for (let byte = this.next(); byte !== '' && byte !== '\n'; ) byte = this.next();
  }

  /** What follows a bracket, to its end. */
  private section(): [string, string | null] {
    let name = '';
    let subsection: string | null = null;
    for (let byte = this.next(); byte !== '' && byte !== ']' && byte !== '\n'; byte = this.next()) {
      if (byte === '"') subsection = this.quoted();
      else if (byte !== ' ' && byte !== '\t') name += lower(byte);
    }
    // The old form, whose second part has no case.
    const dot = name.indexOf('.');
    if (subsection !== null || dot < 0) return [name, subsection];
    return [name.slice(0, dot), name.slice(dot + 1)];
  }

  private quoted(): string {
    let text = '';
    for (let byte = this.next(); byte !== '' && byte !== '"' && byte !== '\n'; byte = this.next()) {
      text += byte === '\\' ? this.next() : byte;
    }
    return text;
  }

  /** A name that begins with this letter, and its value. */
  private setting(first: string): Pick<GitSetting, 'name' | 'value'> {
    let name = lower(first);
    let byte = this.next();
    for (; LETTER.test(byte) || byte === '-'; byte = this.next()) name += lower(byte);
    while (byte === ' ' || byte === '\t') byte = this.next();
    if (byte === '=') return { name, value: this.value() };
    if (byte !== '\n' && byte !== '') this.skipLine();
    return { name, value: null };
  }

  private value(): RawPath {
    let value = '';
    // How much of it stays when spaces at its end go.
    let kept = 0;
    let isQuoted = false;
    for (let byte = this.next(); byte !== '' && byte !== '\n'; byte = this.next()) {
      if (byte === '"') {
        isQuoted = !isQuoted;
      } else if ((byte === '#' || byte === ';') && !isQuoted) {
        this.skipLine();
        break;
      } else if ((byte === ' ' || byte === '\t') && !isQuoted) {
        if (value !== '') value += byte;
        continue;
      } else if (byte === '\\') {
        const next = this.next();
        value += ESCAPED[next] ?? next;
      } else {
        value += byte;
      }
      kept = value.length;
    }
    return value.slice(0, kept);
  }
}

/** Letters of ASCII alone: the others are bytes. */
function lower(byte: string): string {
  return byte >= 'A' && byte <= 'Z' ? byte.toLowerCase() : byte;
}
