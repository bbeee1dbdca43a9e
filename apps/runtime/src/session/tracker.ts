/**
 * Finds out what commands change: a look at the workspace before each, and one after it.
 *
 * What the tools write meanwhile is told to it, and is not the command's. Of commands that run at once, changes are those of the one
 * that ends first; so are changes that a person makes while a command runs.
 */

import { isAbsolute, join, relative, resolve } from 'node:path';

import type { EngineChoice } from '@fishplate/engine';

import type { ResolvedConfig } from '../config/schema.js';
import { leadsThroughLink, lstatOrNone } from './entry.js';
import type { RecordedChange } from './events.js';
import type { Journal } from './journal.js';
import { netChanges } from './session-state.js';
import { inspect, isSameTracked, lookAt, type TrackedEntry, type Tree, type TreeOptions } from './tree.js';

/** How a tracker looks. */
export interface TrackerOptions {
  readonly undo: ResolvedConfig['undo'];
  /** Paths that the policy hides, as the policy has them. */
  readonly readDeny: readonly string[];
  /** Engine of the gitignore track, decided at each use. */
  readonly engine: () => EngineChoice;
}

/** A command that runs. */
export interface Tracked {
  readonly id: string;
  /** Name of the tree that it started from. */
  readonly tree: string;
  /** When, in milliseconds since 1970. */
  readonly since: number;
  readonly notCovered: readonly string[];
}

/** What the files of a workspace were, and what they have become. */
interface Difference {
  readonly changes: RecordedChange[];
  readonly notCovered: string[];
}

/** Clocks of file systems lag behind by so much. */
const CLOCK_LAG_MS = 50;

/** Follows one workspace, for all sessions of a runtime. Its calls are made under the write lock. */
export class Tracker {
  private model: Tree | null = null;
  /** What tools wrote since the last look. */
  private readonly written = new Map<string, TrackedEntry | null>();
  private readonly running = new Map<
    string,
    { tracked: Tracked; changes: RecordedChange[]; notCovered: string[] }
  >();
  private looking: Set<string> | null = null;
  private readonly hidden: readonly string[];

  constructor(
    private readonly root: string,
    private readonly journal: Journal,
    private readonly options: TrackerOptions,
  ) {
    this.hidden = options.readDeny
      .map((path) => relative(root, resolve(root, path)).replaceAll('\\', '/'))
      .filter((path) => path !== '' && !path.startsWith('..') && !path.startsWith('~') && !isAbsolute(path));
    journal.spare = { hashes: () => this.hashes(), giveUp: () => this.giveUp() };
  }

  /** Looks at the workspace before a command, and keeps what a command might change. */
  async begin(id: string, signal: AbortSignal | undefined): Promise<Tracked> {
    const { tree, notCovered } = await this.look(this.model ?? this.journal.loadTree() ?? new Map(), signal);
    this.adopt(tree);
    const used = new Set([...this.running.values()].map(({ tracked }) => tracked.tree));
    const name = this.journal.saveTree(tree, used);
    const tracked = { id, tree: name, since: Date.now(), notCovered: this.excuses(notCovered) };
    this.running.set(id, { tracked, changes: [], notCovered: [] });
    return tracked;
  }

  /** Looks at the workspace after a command: what it changed. */
  async end(id: string): Promise<Difference> {
    const run = this.running.get(id);
    if (run === undefined || this.model === null) return { changes: [], notCovered: [] };
    try {
      const before = this.model;
      const { tree } = await this.look(before, undefined);
      const { changes, notCovered } = this.differences(before, tree, run.tracked.since);
      this.running.delete(id);
      this.adopt(tree, false);
      return {
        changes: changed([...run.changes, ...changes]),
        notCovered: [...new Set([...run.notCovered, ...notCovered])],
      };
    } finally {
      this.running.delete(id);
    }
  }

  /** A command that has not run after all. */
  drop(id: string): void {
    this.running.delete(id);
  }

  /** What changed since a tree that was saved before the process ended; `known` is what tools changed since. */
  async since(saved: Tree, sinceMs: number, known: readonly RecordedChange[]): Promise<Difference> {
    const { tree } = await this.look(saved, undefined);
    const base = new Map(saved);
    for (const { path, after } of known) {
      if (after === null) base.delete(path);
      else base.set(path, { entry: after, stamp: base.get(path)?.stamp.split(':')[0] ?? '' });
    }
    const difference = this.differences(base, tree, sinceMs);
    this.adopt(tree, false);
    return difference;
  }

  /** Told what tools wrote or removed. */
  wrote(paths: readonly string[]): void {
    if (this.model === null) return;
    for (const path of paths) this.written.set(path, this.inspect(path));
  }

  private async look(previous: Tree, signal: AbortSignal | undefined) {
    this.looking = new Set();
    try {
      return await lookAt(this.root, previous, { ...this.treeOptions(), signal });
    } catch (error) {
      this.looking = null;
      throw error;
    }
  }

  /** What was found besides is of the command that runs for longest. */
  private adopt(tree: Tree, attribute = true): void {
    const first = this.running.values().next().value;
    if (attribute && first !== undefined && this.model !== null) {
      const { changes, notCovered } = this.differences(this.model, tree, first.tracked.since);
      first.changes.push(...changes);
      first.notCovered.push(...notCovered);
    }
    this.model = tree;
    this.written.clear();
    this.looking = null;
  }

  private differences(before: Tree, after: Tree, sinceMs: number): Difference {
    const changes: RecordedChange[] = [];
    const notCovered: string[] = [];
    let inodes: Set<string> | undefined;
    const wasThere = ({ stamp }: TrackedEntry): boolean => {
      inodes ??= new Set([...before.values()].map((old) => inodeOf(old.stamp)));
      return inodes.has(inodeOf(stamp));
    };
    for (const path of this.suspects(before, after)) {
      const old = this.written.has(path) ? (this.written.get(path) ?? undefined) : before.get(path);
      const now = after.get(path) ?? (old === undefined ? undefined : this.unlisted(path));
      if (isSameTracked(old, now)) continue;
      if (old === undefined && now !== undefined && !wasThere(now) && this.isOlder(path, sinceMs)) {
        notCovered.push(`${path} (it was ignored before)`);
        continue;
      }
      if ((old ?? now)?.entry.kind === 'file' && contentOf(old) === null)
        notCovered.push(`${path} (it was not kept)`);
      changes.push({ path, before: old?.entry ?? null, after: now?.entry ?? null });
    }
    return { changes, notCovered };
  }

  /** Paths that may differ, in order: of a file that was not touched, both trees hold the same entry. */
  private suspects(before: Tree, after: Tree): string[] {
    const paths = new Set(this.written.keys());
    for (const [path, old] of before) if (after.get(path) !== old) paths.add(path);
    for (const [path, now] of after) if (before.get(path) !== now) paths.add(path);
    return [...paths].sort();
  }

  /** Whether a file was made before a moment. */
  private isOlder(path: string, moment: number): boolean {
    const stats = lstatOrNone(join(this.root, path));
    if (stats === undefined) return false;
    const born = Number(stats.birthtimeMs > 0n ? stats.birthtimeMs : stats.ctimeMs);
    return born + CLOCK_LAG_MS < moment;
  }

  /** What is no longer listed may be ignored now, and still there; what a link leads to is elsewhere. */
  private unlisted(path: string): TrackedEntry | undefined {
    return leadsThroughLink(this.root, path) ? undefined : (this.inspect(path) ?? undefined);
  }

  private inspect(path: string): TrackedEntry | null {
    return inspect(this.root, path, undefined, this.treeOptions());
  }

  private treeOptions(): TreeOptions {
    const { contents } = this.journal;
    let full = false;
    return {
      engine: this.options.engine(),
      ignored: this.options.undo.ignored,
      hidden: this.hidden,
      maxFileBytes: this.options.undo.maxFileBytes,
      has: (hash) => {
        if (!contents.has(hash)) return false;
        this.looking?.add(hash);
        return true;
      },
      keep: (hash, bytes) => {
        // Room is looked for once: to find out what is needed takes as long for one as for a thousand.
        full ||= !contents.makeRoom(bytes.length);
        if (full && contents.usedBytes + bytes.length > contents.budgetBytes) return false;
        contents.putAs(hash, bytes);
        this.looking?.add(hash);
        return true;
      },
    };
  }

  private excuses(notCovered: readonly string[]): string[] {
    return [...notCovered, ...(this.options.undo.ignored ? [] : ['what git ignores'])];
  }

  private *hashes(): Generator<string> {
    yield* this.looking ?? [];
    for (const { entry } of this.model?.values() ?? []) {
      if (entry.kind === 'file' && entry.hash !== null) yield entry.hash;
    }
    for (const { changes } of this.running.values()) {
      for (const { before } of changes)
        if (before?.kind === 'file' && before.hash !== null) yield before.hash;
    }
  }

  /** What a running command might still change stays. */
  private giveUp(): void {
    if (this.running.size > 0 || this.looking !== null) return;
    this.model = null;
    this.written.clear();
  }
}

/** The sum of changes, without paths that came back to where they were. */
function changed(changes: readonly RecordedChange[]): RecordedChange[] {
  const step = { number: 0, tool: '', createdDirectories: [], changes };
  return netChanges([step]).filter(({ before, after }) => {
    const [left, right] = [before, after].map((entry) => (entry === null ? undefined : { entry, stamp: '' }));
    return !isSameTracked(left, right);
  });
}

function inodeOf(stamp: string): string {
  return stamp.split(':', 1)[0] ?? '';
}

/** The hash of a file; undefined where it is none, null where its content is not kept. */
function contentOf(tracked: TrackedEntry | undefined): string | null | undefined {
  return tracked?.entry.kind === 'file' ? tracked.entry.hash : undefined;
}
