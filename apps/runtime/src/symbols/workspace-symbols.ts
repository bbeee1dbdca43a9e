/** The symbols of a workspace, indexed ahead or when they are first asked for, and kept as the files are. */

import { lstat } from 'node:fs/promises';
import { join } from 'node:path';

import type { EngineChoice } from '@fishplate/engine';
import { indexWorkspace, refreshFiles, type SymbolIndex } from '@fishplate/symbols';

import { orCancelled, throwIfCancelled } from '../cancellation.js';
import { listWorkspace } from '../workspace/listing.js';

/** What it works with. */
export interface WorkspaceSymbolsOptions {
  /** Absolute path, free of symbolic links. */
  readonly root: string;
  /** Whether the policy lets a file be read, by its absolute path: what a command may not read, is not read for it. */
  readonly mayRead: (path: string) => boolean;
  /** Engines asked for, decided at each use. */
  readonly engines: () => { readonly gitignore: EngineChoice; readonly symbols: EngineChoice };
}

/** How a caller waits. */
export interface Waiting {
  readonly signal?: AbortSignal | undefined;
  /** Told how many files are read, and of how many. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** What is known of a file: when it changes, this does. `denied`: the policy hides it. */
type Stamp = string;

const DENIED: Stamp = 'denied';

/** A look at all files is good for so long, unless a call has changed something meanwhile. */
const LOOK_MS = 2000;

/** Files that are asked about at once. */
const AT_ONCE = 64;

/** Keeps one index for a runtime. */
export class WorkspaceSymbols {
  private index: { readonly engine: EngineChoice; readonly symbols: SymbolIndex } | null = null;
  private stamps = new Map<string, Stamp>();
  private looked = Number.NEGATIVE_INFINITY;
  private touches = 0;
  private queue: Promise<unknown> = Promise.resolve();
  /** Told of the reading of files that is under way, whoever began it. */
  private readonly listeners = new Set<NonNullable<Waiting['onProgress']>>();
  private readonly ending = new AbortController();

  constructor(private readonly options: WorkspaceSymbolsOptions) {}

  /** The index, as the files are now. @throws FishplateError `CANCELLED` and those of listing. */
  async fresh({ signal, onProgress }: Waiting = {}): Promise<SymbolIndex> {
    throwIfCancelled(signal);
    if (onProgress !== undefined) this.listeners.add(onProgress);
    try {
      // Who stops waiting takes nothing from the others: what was read by then is of use to the next question.
      return await orCancelled(this.inTurn(), signal);
    } finally {
      if (onProgress !== undefined) this.listeners.delete(onProgress);
    }
  }

  /** Indexes before anybody asks; what is asked meanwhile waits for the rest of it only. */
  async ahead(): Promise<void> {
    await this.inTurn();
  }

  /** Something may have changed: the next question looks at the files again. */
  touched(): void {
    this.touches += 1;
    this.looked = Number.NEGATIVE_INFINITY;
  }

  close(): void {
    this.ending.abort();
    this.index?.symbols.close();
    this.index = null;
  }

  private inTurn(): Promise<SymbolIndex> {
    const turn = this.queue.then(() => this.bringUpToDate());
    this.queue = turn.catch(() => undefined);
    return turn;
  }

  private async bringUpToDate(): Promise<SymbolIndex> {
    const { signal } = this.ending;
    throwIfCancelled(signal);
    const { root, engines } = this.options;
    const { gitignore, symbols: engine } = engines();
    if (this.index !== null && this.index.engine !== engine) {
      this.index.symbols.close();
      this.index = null;
      this.stamps = new Map();
      this.touched();
    }
    if (this.index !== null && performance.now() - this.looked < LOOK_MS) return this.index.symbols;
    const [begun, touches] = [performance.now(), this.touches];
    const { files: paths } = await listWorkspace(root, { engine: gitignore, signal });
    const stamps = await this.stampsOf(paths, signal);
    const options = { signal, onProgress: this.tell };
    if (this.index === null) {
      const readable = [...stamps].filter(([, stamp]) => stamp !== DENIED).map(([path]) => path);
      const symbols = await indexWorkspace(root, { ...options, files: readable, engine });
      if (signal.aborted) symbols.close();
      throwIfCancelled(signal);
      this.index = { engine, symbols };
      this.adopt(stamps, begun, touches);
      return symbols;
    }
    const { symbols } = this.index;
    const changed = [...stamps].filter(
      ([path, stamp]) => stamp !== DENIED && this.stamps.get(path) !== stamp,
    );
    const gone = [...this.stamps.keys()].filter((path) => !stamps.has(path));
    const again = [...changed.map(([path]) => path), ...gone];
    if (again.length > 0) await refreshFiles(symbols, root, again, options);
    throwIfCancelled(signal);
    this.adopt(stamps, begun, touches);
    return symbols;
  }

  private readonly tell = ({ filesDone, filesTotal }: { filesDone: number; filesTotal: number }): void => {
    for (const listener of this.listeners) listener(filesDone, filesTotal);
  };

  private adopt(stamps: Map<string, Stamp>, begun: number, touches: number): void {
    this.stamps = stamps;
    // What was touched meanwhile has to be looked at again.
    if (this.touches === touches) this.looked = begun;
  }

  /** Of the regular files among them. */
  private async stampsOf(
    paths: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<Map<string, Stamp>> {
    const stamps = new Map<string, Stamp>();
    for (let from = 0; from < paths.length; from += AT_ONCE) {
      throwIfCancelled(signal);
      const some = paths.slice(from, from + AT_ONCE);
      const found = await Promise.all(some.map((path) => this.stampOf(path)));
      for (const [at, stamp] of found.entries()) if (stamp !== null) stamps.set(some[at]!, stamp);
    }
    return stamps;
  }

  private async stampOf(path: string): Promise<Stamp | null> {
    const absolute = join(this.options.root, path);
    // Gone since it was listed, or closed.
    const stats = await lstat(absolute, { bigint: true }).catch(() => null);
    // A link shows another file under its name, which is indexed under its own.
    if (stats === null || !stats.isFile()) return null;
    const known = this.stamps.get(path);
    if (known === DENIED || (known === undefined && !this.options.mayRead(absolute))) return DENIED;
    return `${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`;
  }
}
