/** Answers about single paths by npm `ignore`. */

import { lstatSync } from 'node:fs';
import { join } from 'node:path';

import type { IgnoreDecision, MatcherEngine } from '../matcher';
import { belowRoot } from '../paths';
import { checkTree, repositoryAt } from './repository';
import { admitted, type Opinion, opinionOn, readRules, type Rules } from './rules';

/** Directories that are remembered, at most. */
const MOST_KNOWN = 50_000;

interface Known {
  readonly rules: readonly Rules[];
  /** What leaves the directory out as a whole. */
  readonly excluded: Opinion | null;
}

/** Keeps what it has read of each directory. */
export class ScriptMatcher implements MatcherEngine {
  private readonly known = new Map<string, Known>();
  private readonly reached = new Map<string, boolean>();

  constructor(
    private readonly root: string,
    private readonly extra: readonly string[],
  ) {
    checkTree(root, true);
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

  isListed(path: string): boolean {
    const bare = path.replace(/\/$/, '');
    return (
      this.isReached(bare.slice(0, Math.max(0, bare.lastIndexOf('/')))) &&
      !this.isIgnored(bare, path !== bare)
    );
  }

  isReached(directory: string): boolean {
    if (directory === '') return true;
    let known = this.reached.get(directory);
    if (known === undefined) {
      known =
        this.isReached(directory.slice(0, Math.max(0, directory.lastIndexOf('/')))) &&
        this.isDirectory(directory) &&
        repositoryAt(join(this.root, directory)) === null;
      this.reached.set(directory, known);
    }
    return known;
  }

  refresh(paths: readonly string[]): boolean {
    this.known.clear();
    this.reached.clear();
    const names = new Set(['.gitignore', ...this.extra]);
    const isMore = (path: string): boolean =>
      names.has(path.slice(path.lastIndexOf('/') + 1)) || /(?:^|\/)\.git(?:\/|$)/i.test(path);
    if (!paths.some(isMore)) return false;
    checkTree(this.root, true);
    return true;
  }

  refreshAll(): void {
    checkTree(this.root, true);
    this.known.clear();
    this.reached.clear();
  }

  readIndex(): Promise<void> {
    return Promise.resolve();
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
      // A caller may ask about any number of directories that are not there.
      if (this.known.size >= MOST_KNOWN) this.known.clear();
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
