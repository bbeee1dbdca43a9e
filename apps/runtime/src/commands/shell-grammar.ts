/** What stands in a line of shell: words, commands, redirections, and how they are told. */

/** A word, quotes removed; null for one that only the shell can tell (`$X`, `$(...)`, a glob). */
export type Word = string | null;

/** What the reader tells of. */
export interface ShellListener {
  /** A simple command, in the order of the line. */
  onCommand(words: readonly Word[], hasAssignments: boolean): void;
  /** A redirection opens a file for writing; null where only the shell can tell which. */
  onWrite(target: Word): void;
  /** There may be more, or other commands than told. */
  onUnsure(reason: string): void;
}

/** Words that begin or end something compound; a command may follow them. */
export const RESERVED = new Set([
  ...['if', 'then', 'else', 'elif', 'fi', 'do', 'done', 'while', 'until', 'esac'],
  ...['{', '}', '!'],
]);

/** Words that begin something compound which is read only in part. */
export const COMPOUND = new Set(['for', 'case', 'select', 'function', 'coproc', '[[']);

/** A word, and where it ends. */
export interface ReadWord {
  readonly text: Word;
  readonly end: number;
  /** Without any quote. */
  readonly isBare: boolean;
  readonly isAssignment: boolean;
}

/** A here-document whose lines are still to come. */
export interface HereDocument {
  readonly delimiter: string;
  readonly isQuoted: boolean;
  /** `<<-`: tabs before its lines are left out. */
  readonly isIndented: boolean;
}

/** A command that is being read. */
export interface SimpleCommand {
  readonly words: Word[];
  hasAssignments: boolean;
  /** Reserved words are such only at its very beginning. */
  hasBegun: boolean;
}

/** `$((1 + 2))`: no name in it, whose value would be evaluated, and no bracket, which might be that of a subshell. */
export const PLAIN_ARITHMETIC = /^\$\(\([\d\s+*/%<>=!&^~?:,-]*\)\)/;

/** `${X}`, and those with a plain text for the case that there is no X, or to cut off. */
export const PLAIN_PARAMETER =
  /^\$\{(?:#?[A-Za-z_]\w*|\d+|[@*#?$!-])(?:(?::?[-+?]|##?|%%?)[\w./:,=+@ -]*)?\}/;

/** The operator of a redirection, with the number of its stream. */
export const REDIRECTION = /^\d*(?:<<<|<<-|<<|<>|>>|>\||>&|<&|<(?!\()|>(?!\())/;

/** `>&1` and `>&-` name streams that are open; the devices keep nothing. */
export function opensForWriting(operator: string, target: Word): boolean {
  if (!operator.includes('>')) return false;
  if (operator.endsWith('>&') && /^(?:\d+-?|-)$/.test(target ?? '')) return false;
  return !/^\/dev\/(?:null|stdout|stderr|fd\/[12])$/.test(target ?? '');
}

/** Nothing read yet. */
export function newCommand(): SimpleCommand {
  return { words: [], hasAssignments: false, hasBegun: false };
}

/** No word where one should be. */
export function noWord(end: number): ReadWord {
  return { text: null, end, isBare: false, isAssignment: false };
}
