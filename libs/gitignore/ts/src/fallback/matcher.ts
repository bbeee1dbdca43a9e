/** Answers about single paths by npm `ignore`. */

import { lstatSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { GITIGNORE_CODES } from '../codes';
import type { IgnoreDecision, MatcherEngine } from '../matcher';
import { belowRoot } from '../paths';
import { admitted, type Opinion, opinionOn, readRules, type Rules } from './rules';

interface Known {
  readonly rules: readonly Rules[];
  /** What leaves the directory out as a whole. */
  readonly excluded: Opinion | null;
}

/** Keeps what it has read of each directory. */
export class ScriptMatcher implements MatcherEngine {
  private readonly known = new Map<string, Known>();

  constructor(
    private readonly root: string,
    private readonly extra: readonly string[],
  ) {
    if (!(statSync(root, { throwIfNoEntry: false })?.isDirectory() ?? false)) {
      throw GITIGNORE_CODES.error('ROOT_INVALID', `${root} is no directory`);
    }
  }

  isIgnored(path: string, isDirectory: boolean | undefined): boolean {
    const decision = this.explain(path, isDirectory);
    return decision !== null && !decision.negated;
  }

  areIgnored(paths: readonly string[]): boolean[] {
    return paths.map((given) => {
      const { path, isDirectory } = belowRoot(this.root, given);
      return this.isIgnored(path, isDirectory);
    });
  }

  explain(path: string, isDirectory = this.isDirectory(path)): IgnoreDecision | null {
    const { rules, excluded } = this.directory(path.slice(0, path.lastIndexOf('/') + 1));
    return excluded ?? opinionOn(isDirectory ? `${path}/` : path, rules);
  }

  /** The index is not read. */
  isTracked(): boolean {
    return false;
  }

  refresh(paths: readonly string[]): boolean {
    this.known.clear();
    const names = new Set(['.gitignore', ...this.extra]);
    return paths.some(
      (path) => names.has(path.slice(path.lastIndexOf('/') + 1)) || /^\.git(?:\/|$)/.test(path),
    );
  }

  private isDirectory(path: string): boolean {
    try {
      return lstatSync(join(this.root, path), { throwIfNoEntry: false })?.isDirectory() ?? false;
    } catch {
      // It leads through a file, or a directory that is closed.
      return false;
    }
  }

  /** What is known of a directory: empty, or with a slash at its end. */
  private directory(path: string): Known {
    let known = this.known.get(path);
    if (known === undefined) {
      known = path === '' ? this.top() : this.below(path);
      this.known.set(path, known);
    }
    return known;
  }

  private top(): Known {
    const exclude = readRules(this.root, '.git/info/exclude', '');
    return { rules: this.entered(exclude === null ? [] : [exclude], ''), excluded: null };
  }

  private below(path: string): Known {
    const { rules, excluded } = this.directory(path.slice(0, path.lastIndexOf('/', path.length - 2) + 1));
    if (excluded !== null) return { rules, excluded };
    const opinion = opinionOn(path, rules);
    if (opinion !== null && !opinion.negated) return { rules, excluded: opinion };
    return { rules: this.entered(admitted(rules, path), path), excluded: null };
  }

  private entered(rules: readonly Rules[], path: string): readonly Rules[] {
    const own = ['.gitignore', ...this.extra].map((name) => readRules(this.root, path + name, path));
    return [...rules, ...own.filter((one) => one !== null)];
  }
}
