/**
 * Reads a line of shell for the commands in it: words and quotes, substitutions, here-documents, compound commands.
 *
 * Not a shell. It knows what bash and a POSIX shell read alike, and says of all the rest that it cannot be told for sure; it
 * still gives the commands that it sees there. Grammar: POSIX XCU 2, "Shell Command Language", and the manual of bash.
 */

import {
  COMPOUND,
  type HereDocument,
  newCommand,
  noWord,
  opensForWriting,
  PLAIN_ARITHMETIC,
  PLAIN_PARAMETER,
  type ReadWord,
  REDIRECTION,
  RESERVED,
  type ShellListener,
  type SimpleCommand,
} from './shell-grammar.js';

/** Deepest nesting of substitutions that is followed. */
const MAX_DEPTH = 8;

/** Reads a line, and tells of what is in it. */
export function readShell(text: string, listener: ShellListener): void {
  new ShellReader(text, listener, 0).read();
}

class ShellReader {
  constructor(
    private readonly text: string,
    private readonly listener: ShellListener,
    private readonly depth: number,
  ) {}

  read(): void {
    this.commands(0, false);
  }

  /** Reads commands to the end, or to the bracket that closes a substitution; answers what stands behind it, or -1. */
  private commands(from: number, isInside: boolean): number {
    const { text } = this;
    const documents: HereDocument[] = [];
    let simple = newCommand();
    let brackets = 0;
    const end = (): void => {
      if (simple.words.length > 0 || simple.hasAssignments) {
        this.listener.onCommand(simple.words, simple.hasAssignments);
      }
      simple = newCommand();
    };
    for (let at = from; at < text.length; ) {
      const character = text[at]!;
      if (character === ' ' || character === '\t') at += 1;
      else if (text.startsWith('\\\n', at)) {
        if (!/[ \t\n]/.test(text[at - 1] ?? ' ')) this.unsure('a line goes on in the middle of something');
        at += 2;
      } else if (character === '#') {
        const close = text.indexOf('\n', at);
        at = close === -1 ? text.length : close;
      } else if (character === '\n') {
        end();
        at += 1;
        for (const document of documents.splice(0)) at = this.hereDocument(document, at);
      } else if (character === ')' && isInside && brackets === 0) {
        end();
        if (documents.length > 0) this.unsure('a here-document has no end');
        return at + 1;
      } else if (character === '(') {
        if (text[at + 1] === '(') this.unsure('it has arithmetic');
        if (simple.hasBegun) this.unsure('it defines a function or an array');
        end();
        brackets += 1;
        at += 1;
      } else if (character === ')') {
        end();
        brackets = Math.max(0, brackets - 1);
        at += 1;
      } else if (REDIRECTION.test(text.slice(at, at + 16))) {
        simple.hasBegun = true;
        at = this.redirection(at, documents);
      } else if (/[;&|]/.test(character)) {
        // One shell sends both streams to a file by `&>`, another one ends the command before it.
        if (text.startsWith('&>', at)) this.unsure('it has a redirection that shells read differently');
        end();
        at += 1;
      } else {
        const word = this.word(at);
        at = word.end;
        this.take(word, simple, end);
      }
    }
    end();
    if (documents.length > 0) this.unsure('a here-document has no end');
    return isInside ? -1 : text.length;
  }

  /** Takes a word into the command that is being read; `end` where the word ends that. */
  private take(word: ReadWord, simple: SimpleCommand, end: () => void): void {
    const bare = word.isBare ? word.text : null;
    const [first, second] = simple.words;
    if (!simple.hasBegun && bare !== null) {
      if (RESERVED.has(bare)) return;
      if (COMPOUND.has(bare)) this.unsure(`it uses ${bare}`);
    }
    simple.hasBegun = true;
    if (simple.words.length === 0 && word.isAssignment) {
      simple.hasAssignments = true;
      return;
    }
    // `for x do`, `function f {`, `coproc f {`: what follows is a command.
    const opens = first === 'function' || first === 'coproc' ? '{' : 'do';
    if (COMPOUND.has(first ?? '') && second !== undefined && bare === opens) return end();
    simple.words.push(word.text);
  }

  /** Reads `2>&1`, `> file`, `<<E`; answers what stands behind it. */
  private redirection(at: number, documents: HereDocument[]): number {
    const { text } = this;
    const [operator] = REDIRECTION.exec(text.slice(at, at + 16))!;
    let target = at + operator.length;
    while (text[target] === ' ' || text[target] === '\t') target += 1;
    const isMissing = target >= text.length || /[\n;&|()]/.test(text[target]!);
    if (isMissing) this.unsure('a redirection leads nowhere');
    const { text: delimiter, end, isBare } = isMissing ? noWord(target) : this.word(target);
    if (/<<-?$/.test(operator) && !operator.endsWith('<<<')) {
      if (delimiter === null) this.unsure('a here-document has an end that is not known');
      else documents.push({ delimiter, isQuoted: !isBare, isIndented: operator.endsWith('-') });
    }
    if (!isMissing && opensForWriting(operator, delimiter)) this.listener.onWrite(delimiter);
    return end;
  }

  /** Reads the lines of a here-document from `at` on; answers what stands behind it. */
  private hereDocument({ delimiter, isQuoted, isIndented }: HereDocument, at: number): number {
    const { text } = this;
    const from = at;
    while (at < text.length) {
      const close = text.indexOf('\n', at);
      const line = text.slice(at, close === -1 ? text.length : close);
      const next = close === -1 ? text.length : close + 1;
      if ((isIndented ? line.replace(/^\t+/, '') : line) === delimiter) {
        if (!isQuoted) this.expanded(text.slice(from, at));
        return next;
      }
      at = next;
    }
    this.unsure('a here-document has no end');
    return text.length;
  }

  /** The text of a here-document is substituted, and a backslash in it may join its lines. */
  private expanded(body: string): void {
    if (/\\|`|\$[({[]/.test(body)) this.unsure('a here-document is substituted');
    for (const [, inner] of body.matchAll(/\$\(([^()]*)\)/g)) this.nested(inner!);
    for (const [, inner] of body.matchAll(/`([^`]*)`/g)) this.nested(inner!);
  }

  /** One word from `at` on. */
  private word(from: number): ReadWord {
    const { text } = this;
    let value = '';
    let [isDynamic, isBare, isAssignment] = [false, true, false];
    let at = from;
    while (at < text.length) {
      const character = text[at]!;
      const isProcess = /^[<>]\(/.test(text.slice(at, at + 2));
      if (/[ \t\n;&|()<>]/.test(character) && !isProcess) break;
      if (isProcess) {
        isDynamic = true;
        at = this.inside(at + 2);
      } else if (character === '\\') {
        isBare = false;
        if (at + 1 >= text.length || text[at + 1] === '\n')
          this.unsure('a line goes on in the middle of a word');
        else value += text[at + 1]!;
        at += 2;
      } else if (character === "'") {
        isBare = false;
        const close = text.indexOf("'", at + 1);
        if (close === -1) return this.unclosed();
        value += text.slice(at + 1, close);
        at = close + 1;
      } else if (character === '"') {
        isBare = false;
        const quoted = this.doubleQuoted(at + 1);
        if (quoted === null) return this.unclosed();
        value += quoted.value;
        isDynamic ||= quoted.isDynamic;
        at = quoted.end;
      } else if (character === '$' || character === '`') {
        isDynamic = true;
        at = this.expansion(at, false);
      } else {
        // What a locale takes for a blank is none of ASCII; bash, and no other, takes some of them for such.
        if (/[^\x21-\x7e]/.test(character)) this.unsure('it has characters that shells read differently');
        if (character === '=' && /^[A-Za-z_]\w*\+?$/.test(text.slice(from, at))) isAssignment = true;
        if (this.isPattern(at, from)) isDynamic = true;
        value += character;
        at += 1;
      }
    }
    return { text: isDynamic ? null : value, end: at, isBare: isBare && !isDynamic, isAssignment };
  }

  /** Whether what a character comes to depends on the disk or the shell. Alone, brackets and braces are words. */
  private isPattern(at: number, from: number): boolean {
    const character = this.text[at]!;
    const isAlone = at === from && /^[\s;]|^$/.test(this.text.slice(at + 1, at + 2));
    if (/[*?~]/.test(character)) return true;
    if (character === '[') return !isAlone && !/^\[\[(?:\s|$)/.test(this.text.slice(from, from + 3));
    return character === '{' && !isAlone && this.text[at + 1] !== '}';
  }

  private unclosed(): ReadWord {
    this.unsure('it has a quote that is not closed');
    return noWord(this.text.length);
  }

  private doubleQuoted(from: number): { value: string; end: number; isDynamic: boolean } | null {
    const { text } = this;
    let value = '';
    let isDynamic = false;
    for (let at = from; at < text.length; ) {
      const character = text[at]!;
      if (character === '"') return { value, end: at + 1, isDynamic };
      if (character === '\\') {
        const next = text[at + 1] ?? '';
        if (next === '\n') this.unsure('a line goes on inside a quote');
        else value += /["\\$`]/.test(next) ? next : `\\${next}`;
        at += 2;
      } else if (character === '$' || character === '`') {
        isDynamic = true;
        at = this.expansion(at, true);
      } else {
        value += character;
        at += 1;
      }
    }
    return null;
  }

  /** Reads what stands at a `$` or backtick; answers where it ends. */
  private expansion(at: number, isQuoted: boolean): number {
    const { text } = this;
    if (text[at] === '`') return this.backticks(at);
    const rest = text.slice(at, at + 256);
    const plain =
      PLAIN_ARITHMETIC.exec(rest) ?? PLAIN_PARAMETER.exec(rest) ?? /^\$(?:\w+|[@*#?$!-])/.exec(rest);
    if (plain !== null) return at + plain[0].length;
    switch (text[at + 1]) {
      case '(':
        if (text[at + 2] === '(') this.unsure('it has arithmetic');
        return this.inside(at + 2);
      case '{':
        this.unsure('it substitutes inside a variable');
        return this.parameter(at + 2);
      case '[':
        this.unsure('it has arithmetic');
        return at + 2;
      case '\\':
        if (text[at + 2] === '\n') this.unsure('a line goes on in the middle of something');
        return at + 1;
      case "'":
      case '"':
        if (!isQuoted) this.unsure('it has a quote that shells read differently');
        return at + 1;
      default:
        return at + 1;
    }
  }

  private backticks(at: number): number {
    const { text } = this;
    let close = at + 1;
    while (close < text.length && text[close] !== '`') close += text[close] === '\\' ? 2 : 1;
    if (close >= text.length) return this.unclosed().end;
    const inner = text.slice(at + 1, close);
    if (inner.includes('\\')) this.unsure('it has backticks with a backslash');
    this.nested(inner.replace(/\\([$`\\])/g, '$1'));
    return close + 1;
  }

  /** Best effort: how quotes count in there depends on what is around. */
  private parameter(from: number): number {
    const { text } = this;
    for (let at = from; at < text.length; ) {
      if (text[at] === '}') return at + 1;
      if (text[at] === '\\') at += 2;
      else at = text[at] === '$' || text[at] === '`' ? this.expansion(at, true) : at + 1;
    }
    return this.unclosed().end;
  }

  /** Reads the commands of a substitution from behind its bracket; answers where it ends. */
  private inside(from: number): number {
    if (this.depth >= MAX_DEPTH) {
      this.unsure('it is nested too deeply');
      return this.text.length;
    }
    const end = new ShellReader(this.text, this.listener, this.depth + 1).commands(from, true);
    return end === -1 ? this.unclosed().end : end;
  }

  private nested(text: string): void {
    if (this.depth >= MAX_DEPTH) return this.unsure('it is nested too deeply');
    new ShellReader(text, this.listener, this.depth + 1).read();
  }

  private unsure(reason: string): void {
    this.listener.onUnsure(reason);
  }
}
