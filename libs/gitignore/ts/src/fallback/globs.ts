/** What a caller wants to see, by npm `ignore`. */

import ignore, { type Ignore } from 'ignore';

interface Glob {
  readonly isNegated: boolean;
  /** Compared with the last component alone. */
  readonly isName: boolean;
  readonly takesAllBelow: boolean;
  readonly matcher: Ignore;
}

/** Globs in the syntax of `.gitignore`; case counts. */
export class Globs {
  private readonly globs: readonly Glob[];
  /** Whether a path must be matched: all patterns with `!` leave out of everything. */
  private readonly wantsMatch: boolean;

  constructor(patterns: readonly string[]) {
    this.globs = patterns.map(compiled).reverse();
    this.wantsMatch = this.globs.some(({ isNegated }) => !isNegated);
  }

  get isEmpty(): boolean {
    return this.globs.length === 0;
  }

  /** What they say of a directory (with a slash at its end): all in it, nothing, or no word of it. */
  ofDirectory(path: string): boolean | null {
    return this.decide(path);
  }

  /** Whether a file is wanted, or a directory itself; `isSelected` says that all in a directory around it is. */
  wants(path: string, isSelected: boolean): boolean {
    return this.decide(path) ?? (isSelected || !this.wantsMatch);
  }

  private decide(path: string): boolean | null {
    const found = this.globs.find((glob) => matches(glob, path));
    return found === undefined ? null : !found.isNegated;
  }
}

function compiled(pattern: string): Glob {
  const isNegated = pattern.startsWith('!');
  const text = isNegated ? pattern.slice(1) : pattern;
  return {
    isNegated,
    isName: !/\/(?!$)/.test(text),
    takesAllBelow: text.endsWith('**'),
    matcher: ignore({ allowRelativePaths: true, ignorecase: false }).add(text),
  };
}

/** Whether a path itself matches: npm `ignore` says so too where a directory around it does. */
function matches({ isName, takesAllBelow, matcher }: Glob, path: string): boolean {
  const parent = path.lastIndexOf('/', path.length - 2) + 1;
  if (isName) return matcher.ignores(path.slice(parent));
  if (!matcher.ignores(path)) return false;
  return takesAllBelow || parent === 0 || !matcher.ignores(path.slice(0, parent));
}
