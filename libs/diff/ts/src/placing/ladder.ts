/**
 * Where a change goes whose old lines are nowhere as they stand: the rungs behind `exact` and `offset`.
 *
 * Each rung forgives one thing more, and a change is placed on the first rung that has a place for it: at the
 * expected line, or at the only other place. Two places that do equally well on a rung are refused; a farther rung is not
 * asked then.
 */

import type { DiffOutcomeCode } from '../codes';
import type { MatchStrategy } from '../results';
import { similarityAt } from './nearest';
import { indentOf, trim, trimEnd, trimStart } from './whitespace';

/** How far a change may reach for its place, from nearest to farthest. */
export const MATCH_STRATEGIES = [
  'exact',
  'offset',
  'trailing-whitespace',
  'indent',
  'fuzz',
] as const satisfies readonly MatchStrategy[];

/** Places that an ambiguous change names at the most. */
export const MAX_CANDIDATES = 20;

/** Context lines that may be other than the change says. */
const MAX_FUZZ = 2;

/** Comparisons of lines that are left in one call; a patch that needs more does not fit. */
export class Budget {
  left = 50_000_000;
}

/** A line of a change, with its newline where it has one. */
export interface Step {
  readonly kind: 'context' | 'removed' | 'added';
  readonly line: string;
}

/** Why a change has no place. */
export interface Refusal {
  readonly code: DiffOutcomeCode;
  readonly candidates?: readonly number[];
}

/** Where a change goes, and the lines that it leaves there. */
export interface Place {
  /** 0-based first line, and the line behind the last one that the change covers. */
  readonly start: number;
  readonly end: number;
  readonly lines: readonly string[];
  readonly strategy: MatchStrategy;
  readonly similarity: number;
}

/** Where to look. */
export interface Bounds {
  /** 0-based line at which the change says that it stands. */
  readonly expected?: number | undefined;
  /** Lines before it are done with. */
  readonly from: number;
  /** Of several places the first is meant. */
  readonly takesFirst?: boolean;
}

/** A text in lines, and what the rungs compare of them. */
export class LadderText {
  private readonly keys = new Map<(line: string) => string, readonly string[]>();

  /** @param lines - Lines with their newlines. */
  constructor(
    readonly lines: readonly string[],
    private readonly budget = new Budget(),
  ) {}

  /**
   * The place on the nearest rung up to `reach` that has one; null where none has.
   *
   * A change without a line that has text is not looked for: it would stand anywhere.
   */
  place(steps: readonly Step[], bounds: Bounds, reach: MatchStrategy): Place | Refusal | null {
    const old = steps.filter(({ kind }) => kind !== 'added');
    if (!old.some(({ line }) => trim(line) !== '')) return null;
    const rungs = [this.trailing(steps, old), this.indented(steps, old), this.fuzzy(steps, old)];
    for (const rung of rungs.slice(0, Math.max(0, MATCH_STRATEGIES.indexOf(reach) - 1))) {
      const found = this.climb(rung, bounds);
      if (found !== null) return found;
    }
    return null;
  }

  /** {@link place} for changes that know nothing of line ends: their lines as they stand come first. */
  placeContent(steps: readonly Step[], bounds: Bounds, reach: MatchStrategy): Place | Refusal | null {
    const old = steps.filter(({ kind }) => kind !== 'added');
    if (old.length === 0) return null;
    return this.climb(this.content(steps, old), bounds) ?? this.place(steps, bounds, reach);
  }

  /** The first line from `from` on that is `content` but for white space at both ends; -1 where there is none. */
  indexOf(content: string, from: number): number {
    return this.keysOf(trim).indexOf(content, from);
  }

  private climb(rung: Rung, { expected, from, takesFirst = false }: Bounds): Place | Refusal | null {
    if (expected !== undefined && expected >= from) {
      const fit = rung.fits(expected);
      if (fit !== null) return this.settled(rung, fit);
    }
    let best: Fit[] = [];
    for (let at = Math.max(rung.first, from); at <= rung.last && this.budget.left > 0; at++) {
      const fit = rung.fits(at);
      if (fit === null || fit.mismatches > (best[0]?.mismatches ?? Infinity)) continue;
      if (fit.mismatches < (best[0]?.mismatches ?? Infinity)) best = [];
      if (best.length < MAX_CANDIDATES) best.push(fit);
      if (takesFirst && fit.mismatches === 0) break;
    }
    const [first, second] = best;
    if (first === undefined || this.budget.left <= 0) return null;
    if (second === undefined || takesFirst) return this.settled(rung, first);
    return { code: 'AMBIGUOUS', candidates: best.map(({ at }) => Math.max(0, at) + 1) };
  }

  private settled(rung: Rung, { at, indent }: Fit): Place | Refusal {
    const covered = rung.old.length;
    const [start, end] = [Math.max(0, at), Math.min(this.lines.length, at + covered)];
    const lines = this.result(rung.steps, at, end, indent);
    const before = this.lines.slice(start, end);
    if (lines.length === before.length && lines.every((line, index) => line === before[index])) {
      return { code: 'NO_CHANGE' };
    }
    const old = rung.old.map(({ line }) => withoutNewline(line));
    if (rung.strategy === 'exact') return { start, end, lines, strategy: rung.strategy, similarity: 1 };
    const similarity = Math.min(0.99, similarityAt(before.map(withoutNewline), at - start, old));
    return { start, end, lines, strategy: rung.strategy, similarity };
  }

  /** The lines that the change leaves: context as the text has it, added lines in the manner of the text. */
  private result(steps: readonly Step[], at: number, end: number, indent: IndentMap | null): string[] {
    const covered = this.lines.slice(Math.max(0, at), end);
    const hasCrLf = covered.length > 0 && covered.every((line) => line.endsWith('\r\n'));
    const hasLf = covered.every((line) => !line.endsWith('\r\n'));
    const adapted = (line: string): string => {
      const moved = indent === null || trim(line) === '' ? line : indent(indentOf(line))! + trimStart(line);
      if (hasCrLf) return moved.replace(/\r?\n$/, '\r\n');
      return hasLf ? moved.replace(/\r\n$/, '\n') : moved;
    };
    const result: string[] = [];
    let index = at;
    for (const { kind, line } of steps) {
      if (kind === 'added') result.push(adapted(line));
      else {
        const own = this.lines[index++];
        if (kind === 'context' && own !== undefined) result.push(own);
      }
    }
    // The text keeps its way of ending: with a newline, or without.
    const isOpen = end === this.lines.length && end > 0 && !this.lines[end - 1]!.endsWith('\n');
    const newline = hasCrLf ? '\r\n' : '\n';
    return result.map((line, position) => {
      if (isOpen && position === result.length - 1) return line.replace(/\r?\n$/, '');
      return line.endsWith('\n') ? line : line + newline;
    });
  }

  /** The lines as `keyOf` sees them. */
  private keysOf(keyOf: (line: string) => string): readonly string[] {
    let keys = this.keys.get(keyOf);
    if (keys === undefined) {
      keys = this.lines.map(keyOf);
      this.keys.set(keyOf, keys);
    }
    return keys;
  }

  /** Lines are the same but for how they end. */
  private content(steps: readonly Step[], old: readonly Step[]): Rung {
    const wanted = old.map(({ line }) => withoutLineEnd(line));
    return {
      ...{ strategy: 'exact', steps, old },
      ...{ first: 0, last: this.lines.length - old.length },
      fits: (at) =>
        this.stands(this.keysOf(withoutLineEnd), wanted, at) ? { at, mismatches: 0, indent: null } : null,
    };
  }

  /** Lines are the same but for white space at their end, the newline included. */
  private trailing(steps: readonly Step[], old: readonly Step[]): Rung {
    const wanted = old.map(({ line }) => trimEnd(line));
    return {
      ...{ strategy: 'trailing-whitespace', steps, old },
      ...{ first: 0, last: this.lines.length - old.length },
      fits: (at) =>
        this.stands(this.keysOf(trimEnd), wanted, at) ? { at, mismatches: 0, indent: null } : null,
    };
  }

  /** Lines are the same but for white space at both ends, and all are indented by the same more or less. */
  private indented(steps: readonly Step[], old: readonly Step[]): Rung {
    const wanted = old.map(({ line }) => trim(line));
    const fits = (at: number): Fit | null => {
      if (!this.stands(this.keysOf(trim), wanted, at)) return null;
      const pairs = old.flatMap(({ line }, index): [string, string][] =>
        trim(line) === '' ? [] : [[indentOf(line), indentOf(this.lines[at + index]!)]],
      );
      const indent = indentMap(pairs);
      const added = steps.filter(({ kind, line }) => kind === 'added' && trim(line) !== '');
      const isComplete = indent !== null && added.every(({ line }) => indent(indentOf(line)) !== null);
      return isComplete ? { at, mismatches: 0, indent } : null;
    };
    return { strategy: 'indent', steps, old, first: 0, last: this.lines.length - old.length, fits };
  }

  /** A few context lines are other lines, or are not there; what goes, and what is added beside, must be. */
  private fuzzy(steps: readonly Step[], old: readonly Step[]): Rung {
    const wanted = old.map(({ line }) => trimEnd(line));
    const needed = neededLines(steps);
    const most = Math.min(MAX_FUZZ, Math.floor(old.length / 3));
    const fits = (at: number): Fit | null => {
      const keys = this.keysOf(trimEnd);
      let mismatches = 0;
      let hasText = false;
      for (let index = 0; index < wanted.length; index++) {
        this.budget.left--;
        if (keys[at + index] === wanted[index]) hasText ||= wanted[index] !== '';
        else if (needed[index] || ++mismatches > most) return null;
      }
      return hasText ? { at, mismatches, indent: null } : null;
    };
    return { strategy: 'fuzz', steps, old, first: -most, last: this.lines.length - old.length + most, fits };
  }

  private stands(keys: readonly string[], wanted: readonly string[], at: number): boolean {
    if (at < 0 || at + wanted.length > keys.length) return false;
    for (let index = 0; index < wanted.length; index++) {
      this.budget.left--;
      if (keys[at + index] !== wanted[index]) return false;
    }
    return true;
  }
}

/** A way of comparing, made ready for one change. */
interface Rung {
  readonly strategy: MatchStrategy;
  readonly steps: readonly Step[];
  readonly old: readonly Step[];
  /** First and last line at which the change may start. */
  readonly first: number;
  readonly last: number;
  fits(this: void, at: number): Fit | null;
}

interface Fit {
  readonly at: number;
  readonly mismatches: number;
  readonly indent: IndentMap | null;
}

/** Gives the indentation of the text for one of the change; null where the text has none to go by. */
type IndentMap = (indent: string) => string | null;

/** The map that all pairs of indentations, of the change and of the text, agree on. */
function indentMap(pairs: readonly (readonly [string, string])[]): IndentMap | null {
  const [wanted, own] = pairs[0]!;
  if (own.endsWith(wanted)) {
    const more = own.slice(0, own.length - wanted.length);
    if (pairs.every(([from, to]) => to === more + from)) return (indent) => more + indent;
  }
  if (wanted.endsWith(own)) {
    const less = wanted.slice(0, wanted.length - own.length);
    if (pairs.every(([from, to]) => from === less + to)) {
      return (indent) => (indent.startsWith(less) ? indent.slice(less.length) : null);
    }
  }
  // Tabs for blanks, say: each indentation has its own counterpart.
  const table = new Map(pairs);
  return pairs.every(([from, to]) => table.get(from) === to) ? (indent) => table.get(indent) ?? null : null;
}

/** For each old line whether it must be there: removed lines, and the neighbours of lines that are only added. */
function neededLines(steps: readonly Step[]): boolean[] {
  const needed: boolean[] = [];
  steps.forEach(({ kind }, index) => {
    if (kind === 'added') return;
    const [before, after] = [steps[index - 1]?.kind, steps[index + 1]?.kind];
    needed.push(kind === 'removed' || before === 'added' || after === 'added');
  });
  return needed;
}

const withoutLineEnd = (line: string): string => line.replace(/\r?\n$/, '');

/** The line without its newline. */
export function withoutNewline(line: string): string {
  return line.endsWith('\n') ? line.slice(0, -1) : line;
}

/** A text in lines with their newlines. */
export function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}
