/** Trees that commands started from, on the disk: by them a session that was cut off finds out what its command had changed. */

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { isSameTree, type TrackedEntry, type Tree } from './tree.js';

/** Trees of earlier processes that are kept: each may be that of a session which was cut off. */
const MAX_EARLIER = 16;

/** The trees of one journal, named by the SHA-256 of their text. */
export class Trees {
  private readonly own = new Set<string>();
  private latest: { readonly tree: Tree; readonly name: string } | null = null;

  /** @param elsewhere other directories of trees that are looked into as well. */
  constructor(
    private readonly directory: string,
    private readonly elsewhere: () => readonly string[],
  ) {}

  /** Keeps a tree, and removes those of this process that are not in `used`; its name. */
  save(tree: Tree, used: ReadonlySet<string>): string {
    if (this.latest !== null && isSameTree(this.latest.tree, tree)) return this.latest.name;
    const text = JSON.stringify([...tree]);
    const name = nameOf(text);
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    const earlier = this.newestFirst().filter((file) => !this.own.has(file));
    if (!this.own.has(name)) {
      writeFileSync(join(this.directory, `${name}.tmp`), text, { mode: 0o600 });
      renameSync(join(this.directory, `${name}.tmp`), join(this.directory, name));
      this.own.add(name);
    }
    const unused = [...this.own].filter((file) => file !== name && !used.has(file));
    for (const file of [...unused, ...earlier.slice(MAX_EARLIER)]) {
      if (file === name || used.has(file)) continue;
      rmSync(join(this.directory, file), { force: true });
      this.own.delete(file);
    }
    this.latest = { tree, name };
    return name;
  }

  /** A tree by its name, or the latest; null where there is none that is whole. */
  load(name?: string): Map<string, TrackedEntry> | null {
    const wanted = name ?? this.newestFirst()[0];
    if (wanted === undefined || !IS_NAME.test(wanted)) return null;
    for (const directory of [this.directory, ...this.elsewhere()]) {
      try {
        const text = readFileSync(join(directory, wanted), 'utf8');
        if (nameOf(text) === wanted) return new Map(JSON.parse(text) as [string, TrackedEntry][]);
      } catch {
        // Not here, or not whole.
      }
    }
    return null;
  }

  private newestFirst(): string[] {
    try {
      return readdirSync(this.directory)
        .filter((file) => IS_NAME.test(file))
        .map((file) => ({ file, at: statSync(join(this.directory, file)).mtimeMs }))
        .sort((left, right) => right.at - left.at)
        .map(({ file }) => file);
    } catch {
      return [];
    }
  }
}

const IS_NAME = /^[\da-f]{64}\.json$/;

function nameOf(text: string): string {
  return `${createHash('sha256').update(text).digest('hex')}.json`;
}
