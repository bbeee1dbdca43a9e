/** Ignore files by npm `ignore`: what stands in for git's rules where the binding cannot be had. */

import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import ignore, { type Ignore } from 'ignore';

/** Largest ignore file that is read, in bytes; a larger one counts as none. */
const MAX_BYTES = 16 << 20;

/** The patterns of one file. */
export interface Rules {
  /** Its directory from the root: empty, or with a slash at its end. */
  readonly base: string;
  /** Its path from the root. */
  readonly source: string;
  readonly lines: readonly string[];
  readonly matcher: Ignore;
}

/** What one ignore file says about a path. */
export interface Opinion {
  readonly source: string;
  readonly line: number;
  readonly pattern: string;
  readonly negated: boolean;
}

/** The opinion of the innermost file that has one; directories above are known not to be ignored. */
export function opinionOn(path: string, rules: readonly Rules[]): Opinion | null {
  for (let index = rules.length - 1; index >= 0; index--) {
    const { base, source, lines, matcher } = rules[index]!;
    const below = path.slice(base.length);
    const { ignored, unignored, rule } = matcher.test(below);
    if (!ignored && !unignored) continue;
    // Of what takes a path back in npm `ignore` does not say the line.
    const line = ignored ? Number(rule?.mark ?? 0) : lineThatAdmits(lines, below);
    return { source, line, pattern: withoutSpaces(lines[line - 1] ?? ''), negated: !ignored };
  }
  return null;
}

/** Spaces at the end count where they are escaped. */
function withoutSpaces(line: string): string {
  return /^((?:[^\\]|\\.)*?) *$/.exec(line)?.[1] ?? line;
}

/** The last negated line that matches, from 1; 0 where it cannot be told. */
function lineThatAdmits(lines: readonly string[], path: string): number {
  const admits = (line: string): boolean =>
    line.startsWith('!') &&
    ignore({ allowRelativePaths: true, ignorecase: false }).add(line.slice(1)).ignores(path);
  return lines.findLastIndex(admits) + 1;
}

/** Whether a path (with a slash at its end where it is a directory) is ignored, its directories aside. */
export function isIgnored(path: string, rules: readonly Rules[]): boolean {
  const opinion = opinionOn(path, rules);
  return opinion !== null && !opinion.negated;
}

/**
 * The rules for what is in a directory that an inner file took back in: npm `ignore` would hold against it that an outer
 * file left the directory out.
 */
export function admitted(rules: readonly Rules[], directory: string): readonly Rules[] {
  return rules.map((outer) => {
    const path = directory.slice(outer.base.length);
    if (!outer.matcher.test(path).ignored) return outer;
    const pattern = `!/${path.replace(/[\\*?[\] ]/g, '\\$&')}`;
    return {
      ...outer,
      matcher: ignore({ allowRelativePaths: true, ignorecase: false }).add(outer.matcher).add(pattern),
    };
  });
}

/** Reads an ignore file; null where there is none, it is a link, or it cannot be read. */
export function readRules(root: string, source: string, base: string): Rules | null {
  const text = readPatterns(join(root, source));
  if (text === null) return null;
  const matcher = ignore({ allowRelativePaths: true, ignorecase: false });
  const lines = text.split(/\r?\n/);
  lines.forEach((pattern, index) => matcher.add({ pattern, mark: String(index + 1) }));
  return { base, source, lines, matcher };
}

/** A pipe would be waited for, a device read without end. */
function readPatterns(path: string): string | null {
  try {
    if (process.platform === 'win32' && !lstatSync(path).isFile()) return null;
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
    const file = openSync(path, flags);
    try {
      const stats = fstatSync(file);
      return stats.isFile() && stats.size <= MAX_BYTES
        ? readFileSync(file, 'utf8').replace(/^\ufeff/, '')
        : null;
    } finally {
      closeSync(file);
    }
  } catch {
    // Git too goes on without an ignore file that it cannot read.
    return null;
  }
}
