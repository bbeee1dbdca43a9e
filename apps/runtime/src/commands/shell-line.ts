/**
 * The commands in a line of shell, for permission rules: each part of a compound line, those inside substitutions, and
 * those behind wrappers such as `env` and `sh -c`.
 *
 * What cannot be told for sure makes the line opaque, and no rule then allows it. A rule that denies looks further: also at
 * what may be a command.
 */

import { codeIn } from './program-code.js';
import { commandsBehind } from './programs.js';
import type { Word } from './shell-grammar.js';
import { readShell } from './shell-reader.js';

/** One simple command. */
export interface Segment {
  /** Its words, quotes removed; null for a word that only the shell can tell (`$X`, `$(...)`, a glob). */
  readonly words: readonly Word[];
  /** Whether variables are set before it, as in `LD_PRELOAD=x git status`. */
  readonly hasAssignments: boolean;
  /** Which of its words makes the program run what another one says (`-c` of `git -c alias.x=!y x`), delete or write; null: none. */
  readonly code: number | null;
}

/** All commands of a line. */
export interface ShellLine {
  readonly segments: readonly Segment[];
  /** What may be a command: words behind a program that runs others in ways that are not read. */
  readonly possible: readonly Segment[];
  /** Files that redirections open for writing; null for one that only the shell can tell. */
  readonly writes: readonly Word[];
  /** Why there may be more than the segments; null where there are not. */
  readonly opaque: string | null;
  /** The line as it was given. */
  readonly text: string;
}

/** Deepest nesting of wrappers that is followed. */
const MAX_DEPTH = 8;

/** Possible commands that are looked at; a longer line is opaque anyway. */
const MAX_POSSIBLE = 500;

/** The commands of a line of shell. */
export function parseShellLine(line: string): ShellLine {
  const collector = new Collector();
  collector.read(line, 0);
  return { ...collector.result(), text: line };
}

/** A command with its arguments, as the segment it is and those behind wrappers. */
export function parseArguments(command: string, args: readonly string[]): ShellLine {
  const collector = new Collector();
  collector.add([command, ...args], false, 0);
  return { ...collector.result(), text: [command, ...args].join(' ') };
}

class Collector {
  private readonly segments: Segment[] = [];
  private readonly possible: Segment[] = [];
  private readonly writes: Word[] = [];
  private opaque: string | null = null;

  result(): Omit<ShellLine, 'text'> {
    const { segments, possible, writes, opaque } = this;
    return { segments, possible, writes, opaque };
  }

  read(text: string, depth: number): void {
    readShell(text, {
      onCommand: (words, hasAssignments) => this.add(words, hasAssignments, depth),
      onWrite: (target) => this.writes.push(target),
      onUnsure: (reason) => this.hide(reason),
    });
  }

  /** Adds a simple command, and what it would run. */
  add(words: readonly Word[], hasAssignments: boolean, depth: number): void {
    this.segments.push({ words, hasAssignments, code: codeIn(words) });
    const [name] = words;
    if (name === undefined) return;
    if (name === null) return this.hide('the name of a command is made by the shell');
    const behind = commandsBehind(words);
    if (behind.unread !== null) {
      this.hide(behind.unread);
      this.suspect(words.slice(1));
    }
    if (depth >= MAX_DEPTH && behind.commands.length + behind.scripts.length > 0) {
      return this.hide('it is nested too deeply');
    }
    for (const command of behind.commands) {
      this.add(command, hasAssignments || behind.setsVariables, depth + 1);
    }
    for (const script of behind.scripts) this.read(script, depth + 1);
  }

  /** Any word may begin a command, or hold a line of them. */
  private suspect(words: readonly Word[]): void {
    words.forEach((word, index) => {
      if (word === null || this.possible.length >= MAX_POSSIBLE) return;
      this.suppose(words.slice(index), false);
      if (!/[\s;&|]/.test(word)) return;
      readShell(word, {
        onCommand: (inner, hasAssignments) => this.suppose(inner, hasAssignments),
        onWrite: () => undefined,
        onUnsure: () => undefined,
      });
    });
  }

  private suppose(words: readonly Word[], hasAssignments: boolean): void {
    this.possible.push({ words, hasAssignments, code: null });
  }

  private hide(reason: string): void {
    this.opaque ??= reason;
  }
}
