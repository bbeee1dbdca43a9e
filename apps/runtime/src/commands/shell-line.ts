/**
 * The commands in a line of shell, for permission rules: each part of a compound line, those inside substitutions, and
 * those behind wrappers such as `env` and `sh -c`.
 *
 * Not a shell: what it cannot tell for sure makes the line opaque, and rules then ask instead of allowing. Grammar: POSIX
 * XCU 2, "Shell Command Language".
 */

/** One simple command. */
export interface Segment {
  /** Its words, quotes removed; null for a word that only the shell can tell (`$X`, `$(...)`, a glob). */
  readonly words: readonly (string | null)[];
  /** Whether variables are set before it, as in `LD_PRELOAD=x git status`. */
  readonly hasAssignments: boolean;
}

/** All commands of a line. */
export interface ShellLine {
  readonly segments: readonly Segment[];
  /** Why there may be more than these; null where there are not. */
  readonly opaque: string | null;
}

/** Deepest nesting of substitutions and wrappers that is followed. */
const MAX_DEPTH = 8;

/** Words that begin or end something compound; a command may follow them. */
const RESERVED = new Set([
  ...['if', 'then', 'else', 'elif', 'fi', 'do', 'done', 'while', 'until'],
  ...['{', '}', '!', '(', ')'],
]);

/** Words after which this reader no longer knows what is a command. */
const UNREAD = new Set([
  ...['for', 'case', 'select', 'function', 'eval', 'source', '.', 'trap', 'alias', 'coproc'],
  // They run a command that stands somewhere in their arguments.
  ...['busybox', 'toybox', 'flock', 'su', 'runuser', 'setpriv', 'watch', 'chroot', 'nsenter', 'unshare'],
  ...['parallel', 'entr', 'script', 'strace', 'ltrace', 'gdb', 'perf', 'valgrind', 'chrt', 'taskset'],
  ...['prlimit', 'systemd-run', 'at', 'batch', 'ssh'],
]);

/** The commands of a line of shell. */
export function parseShellLine(line: string): ShellLine {
  const reader = new Reader(0);
  reader.read(line);
  return reader.result();
}

/** A command with its arguments, as the segment it is and those behind wrappers. */
export function parseArguments(command: string, args: readonly string[]): ShellLine {
  const reader = new Reader(0);
  reader.add([command, ...args], false);
  return reader.result();
}

class Reader {
  private readonly segments: Segment[] = [];
  private opaque: string | null = null;

  constructor(private readonly depth: number) {}

  result(): ShellLine {
    return { segments: this.segments, opaque: this.opaque };
  }

  /** Reads a whole line, or what stands in a substitution. */
  read(text: string): void {
    let words: (string | null)[] = [];
    let hasAssignments = false;
    const end = (): void => {
      if (words.length > 0 || hasAssignments) this.add(words, hasAssignments);
      words = [];
      hasAssignments = false;
    };
    for (const token of this.tokens(text)) {
      if (token.kind === 'operator') end();
      else if (words.length === 0 && token.text !== null && token.isBare && RESERVED.has(token.text))
        continue;
      else if (words.length === 0 && token.isAssignment) hasAssignments = true;
      else words.push(token.text);
    }
    end();
  }

  /** Adds a simple command, and what it would run. */
  add(words: readonly (string | null)[], hasAssignments: boolean): void {
    this.segments.push({ words, hasAssignments });
    const [name, ...rest] = words;
    if (name === undefined) return;
    if (name === null) return this.hide('its name is made by the shell');
    const base = name.slice(name.lastIndexOf('/') + 1);
    if (UNREAD.has(base)) return this.hide(`it uses ${base}`);
    if (SHELLS.has(base)) {
      const script = scriptOf(rest);
      if (script === null) this.hide(`${base} runs what is not read`);
      else this.nested((inner) => inner.read(script));
      return;
    }
    if (base === 'find') {
      for (const command of executedBy(rest)) this.nested((inner) => inner.add(command, hasAssignments));
      return;
    }
    const wrapped = wrappedBy(base, rest);
    if (wrapped === 'unknown') this.hide(`${base} runs a command that is not read`);
    else if (wrapped.length > 0) this.nested((inner) => inner.add(wrapped, hasAssignments));
  }

  private hide(reason: string): void {
    this.opaque ??= reason;
  }

  private nested(work: (inner: Reader) => void): void {
    if (this.depth >= MAX_DEPTH) return this.hide('it is nested too deeply');
    const inner = new Reader(this.depth + 1);
    work(inner);
    this.segments.push(...inner.segments);
    if (inner.opaque !== null) this.hide(inner.opaque);
  }

  private *tokens(text: string): Generator<Token> {
    let at = 0;
    while (at < text.length) {
      const character = text[at]!;
      if (character === ' ' || character === '\t' || character === '\r') at += 1;
      else if (text.startsWith('\\\n', at)) at += 2;
      else if (character === '#') at = endOfLine(text, at);
      else if (text.startsWith('<<', at) && !text.startsWith('<<<', at)) {
        this.hide('it has a here-document');
        return;
      } else if (/^[<>]\(/.test(text.slice(at, at + 2))) {
        // What stands in a process substitution runs.
        yield { kind: 'operator' };
        at += 1;
      } else if (isRedirection(text, at)) {
        const { end, target } = this.redirection(text, at);
        at = end;
        if (target !== null) at = this.word(text, at).end;
      } else if (OPERATORS.has(character)) {
        yield { kind: 'operator' };
        at += 1;
      } else {
        const word = this.word(text, at);
        at = word.end;
        yield { kind: 'word', ...word };
      }
    }
  }

  /** `2>&1`, `>file`, `< file`; target: whether a word follows that names a file. */
  private redirection(text: string, at: number): { end: number; target: true | null } {
    const match = /^\d*(?:<>|>>|>\||>&|<&|<<<|>|<|&>>|&>)/.exec(text.slice(at, at + 16))!;
    let end = at + match[0].length;
    const rest = /^(?:\d+|-)(?=[\s;&|)]|$)/.exec(text.slice(end, end + 16));
    if (match[0].endsWith('&') && rest !== null) return { end: end + rest[0].length, target: null };
    while (text[end] === ' ' || text[end] === '\t') end += 1;
    return { end, target: true };
  }

  /** One word from `at` on, quotes removed. */
  private word(text: string, at: number): Word {
    let value = '';
    let isDynamic = false;
    let isBare = true;
    let assigned = false;
    const start = at;
    while (at < text.length && !/[\s;&|()<>]/.test(text[at]!)) {
      const character = text[at]!;
      if (character === '\\') {
        isBare = false;
        value += text[at + 1] === '\n' ? '' : (text[at + 1] ?? '');
        at += 2;
      } else if (character === "'") {
        isBare = false;
        const close = text.indexOf("'", at + 1);
        if (close === -1) return this.unclosed(text);
        value += text.slice(at + 1, close);
        at = close + 1;
      } else if (character === '"') {
        isBare = false;
        const close = this.doubleQuoted(text, at + 1);
        if (close === null) return this.unclosed(text);
        value += close.value;
        isDynamic ||= close.isDynamic;
        at = close.end;
      } else if (character === '$' || character === '`') {
        isDynamic = true;
        at = this.substitution(text, at);
      } else {
        if (character === '=' && /^[A-Za-z_]\w*\+?$/.test(text.slice(start, at))) assigned = true;
        // What a glob or a brace comes to depends on the disk.
        // Alone it is a word of the shell, or what `find` fills in.
        if (/[*?[~]/.test(character)) isDynamic = true;
        else if (character === '{' && text[at + 1] !== '}' && !/^[\s;]|^$/.test(text.slice(at + 1, at + 2)))
          isDynamic = true;
        value += character;
        at += 1;
      }
    }
    if (at === start) at += 1;
    return { text: isDynamic ? null : value, end: at, isBare, isAssignment: assigned };
  }

  private unclosed(text: string): Word {
    this.hide('it has a quote that is not closed');
    return { text: null, end: text.length, isBare: false, isAssignment: false };
  }

  private doubleQuoted(
    text: string,
    from: number,
  ): { value: string; end: number; isDynamic: boolean } | null {
    let value = '';
    let isDynamic = false;
    for (let at = from; at < text.length; ) {
      const character = text[at]!;
      if (character === '"') return { value, end: at + 1, isDynamic };
      if (character === '\\' && /["\\$`\n]/.test(text[at + 1] ?? '')) {
        value += text[at + 1] === '\n' ? '' : text[at + 1]!;
        at += 2;
      } else if (character === '$' || character === '`') {
        isDynamic = true;
        at = this.substitution(text, at);
      } else {
        value += character;
        at += 1;
      }
    }
    return null;
  }

  /** Reads `$X`, `${X}`, `$(...)`, `$((...))` or backticks; what runs inside is added. Answers where it ends. */
  private substitution(text: string, at: number): number {
    if (text[at] === '`') {
      const close = text.indexOf('`', at + 1);
      if (close === -1) return this.unclosed(text).end;
      this.nested((inner) => inner.read(text.slice(at + 1, close)));
      return close + 1;
    }
    if (text[at + 1] === '(') {
      const close = closing(text, at + 1, '(', ')');
      if (close === -1) return this.unclosed(text).end;
      this.nested((inner) => inner.read(text.slice(at + 2, close)));
      return close + 1;
    }
    if (text[at + 1] === '{') {
      const close = closing(text, at + 1, '{', '}');
      if (close === -1) return this.unclosed(text).end;
      if (/[$`]/.test(text.slice(at + 2, close))) this.hide('it substitutes inside a variable');
      return close + 1;
    }
    if (text[at + 1] === "'") {
      this.hide("it has a $'...' quote");
      return this.unclosed(text).end;
    }
    return at + 1 + (/^(?:\w+|[@*#?$!-])/.exec(text.slice(at + 1, at + 256))?.[0].length ?? 0);
  }
}

type Token = { readonly kind: 'operator' } | ({ readonly kind: 'word' } & Word);

interface Word {
  readonly text: string | null;
  readonly end: number;
  /** Without any quote. */
  readonly isBare: boolean;
  readonly isAssignment: boolean;
}

const OPERATORS = new Set([';', '&', '|', '(', ')', '\n']);

function isRedirection(text: string, at: number): boolean {
  return /^(?:\d*[<>]|&>)/.test(text.slice(at, at + 8));
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end === -1 ? text.length : end;
}

/** The bracket that closes the one at `open`, quotes aside; -1 where none does. */
function closing(text: string, open: number, opener: string, closer: string): number {
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    const character = text[at]!;
    if (character === '\\') at += 1;
    else if (character === "'" || character === '"') {
      const close = text.indexOf(character, at + 1);
      if (close === -1) return -1;
      at = close;
    } else if (character === opener) depth += 1;
    else if (character === closer && --depth === 0) return at;
  }
  return -1;
}

const SHELLS = new Set(['sh', 'bash', 'dash', 'zsh', 'ksh', 'ash']);

/** The text that a shell is given by `-c`; null where that is not just so: a file, its input, or options that are not known. */
function scriptOf(rest: readonly (string | null)[]): string | null {
  const [option, script] = rest;
  const isPlain = option !== undefined && option !== null && /^-[eilux]*c$/.test(option);
  return isPlain && script !== undefined && !(script ?? '-').startsWith('-') ? script : null;
}

/** The commands of `find ... -exec`. */
function executedBy(rest: readonly (string | null)[]): (string | null)[][] {
  const commands: (string | null)[][] = [];
  let current: (string | null)[] | null = null;
  for (const word of rest) {
    if (/^-(?:exec|execdir|ok|okdir)$/.test(word ?? '')) commands.push((current = []));
    else if (current !== null && word !== ';' && word !== '+') current.push(word);
    else current = null;
  }
  return commands;
}

/** Programs that run another one: options of theirs without and with a word. Any other makes the line opaque. */
const WRAPPERS: Readonly<Record<string, { readonly alone: RegExp; readonly word: readonly string[] }>> = {
  command: { alone: /^-[pvV]+$/, word: [] },
  builtin: { alone: /^$/, word: [] },
  exec: { alone: /^-[cl]+$/, word: ['-a'] },
  nohup: { alone: /^$/, word: [] },
  setsid: { alone: /^-[cfw]+$/, word: [] },
  nice: { alone: /^(?:-\d+|-n-?\d+|--adjustment=-?\d+)$/, word: ['-n'] },
  ionice: { alone: /^(?:-t|-c\d|-n\d)$/, word: ['-c', '-n'] },
  time: { alone: /^-[pvaq]+$/, word: ['-f', '-o'] },
  stdbuf: { alone: /^-[ioe](?:\d+|[0L])$/, word: ['-i', '-o', '-e'] },
  timeout: {
    alone: /^(?:-[fv]+|--foreground|--preserve-status|--verbose|--(?:signal|kill-after)=.*)$/,
    word: ['-s', '-k', '--signal', '--kill-after'],
  },
  env: { alone: /^(?:-|-i|-0|--ignore-environment|--null|--(?:unset|chdir)=.*)$/, word: ['-u', '-C'] },
  sudo: { alone: /^-[AbEeHKknPS]+$/, word: ['-u', '-g', '-h', '-p', '-C', '-D'] },
  doas: { alone: /^-[nLs]+$/, word: ['-u', '-C'] },
  xargs: {
    alone:
      /^(?:-[0rtpx]+|-[nPLsI]\S+|--null|--no-run-if-empty|--(?:max-args|max-procs|max-lines|replace|delimiter)=.*)$/,
    word: ['-I', '-n', '-P', '-d', '-E', '-L', '-s', '-a'],
  },
};

/** The command behind a wrapper; empty where there is none. */
function wrappedBy(name: string, rest: readonly (string | null)[]): readonly (string | null)[] | 'unknown' {
  const options = Object.hasOwn(WRAPPERS, name) ? WRAPPERS[name]! : undefined;
  if (options === undefined) return [];
  let index = 0;
  for (; index < rest.length; index += 1) {
    const word = rest[index];
    if (word === null || word === undefined) return 'unknown';
    if (word === '--') {
      index += 1;
      break;
    }
    if (options.word.includes(word)) index += 1;
    else if (word.startsWith('-')) {
      if (!options.alone.test(word)) return 'unknown';
    } else if (!(name === 'env' || name === 'sudo') || !/^[A-Za-z_]\w*=/.test(word)) break;
  }
  // The first word of timeout is a time.
  return rest.slice(name === 'timeout' ? index + 1 : index);
}
