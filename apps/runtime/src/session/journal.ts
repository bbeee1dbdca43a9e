/**
 * What one process at a time writes of the sessions of a workspace: a store with a stream for each session, the contents that their steps
 * need, and the trees that commands started from.
 *
 * Several processes on one workspace each have a journal of their own, so that none waits for another.
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { type EngineChoice, isFishplateError } from '@fishplate/engine';
import { type Durability, openStore, type Store } from '@fishplate/storage';

import { RUNTIME_CODES } from '../codes.js';
import { type NoteEvent, NOTES, notesToKeep, replayNotes } from '../memory/notes.js';
import { Contents } from './contents.js';
import { parseEvent, type SessionEvent } from './events.js';
import { type Mask, maskAll } from './masking.js';
import { forgettable, type Keep, type SessionExtent } from './retention.js';
import { SessionState } from './session-state.js';
import { journalNumbers, journalPath } from './state-folder.js';
import type { TrackedEntry, Tree } from './tree.js';
import { Trees } from './trees.js';

/** How a journal is opened. */
export interface JournalOptions {
  readonly engine: EngineChoice;
  readonly budgetBytes: number;
  readonly mask: Mask;
}

/** Stream that names the sessions of a journal. */
const INDEX = 'index';

/** Stream of a session. */
export function streamOf(session: string): string {
  return `session/${session}`;
}

function sessionOf(stream: string): string | null {
  const prefix = streamOf('');
  return stream.startsWith(prefix) ? stream.slice(prefix.length) : null;
}

/** A journal that this process writes. */
export class Journal {
  readonly contents: Contents;
  private readonly trees: Trees;
  /** Ids of its sessions. */
  readonly sessions: Set<string>;
  /** Gives up the contents that are kept only because a command might change them. */
  spare: { hashes(): Iterable<string>; giveUp(): void } | null = null;
  private readonly live = new Map<string, SessionState>();
  private others: Map<string, ReadonlySet<string>> | null = null;
  /** Events of things that have happened, and could not be written. */
  private readonly unwritten: { stream: string; data: string }[] = [];
  private broken = false;

  private constructor(
    readonly directory: string,
    private store: Store,
    private readonly options: JournalOptions,
    state: string,
  ) {
    this.sessions = indexOf(store);
    this.contents = new Contents(join(directory, 'objects'), options.budgetBytes, () =>
      journalNumbers(state).map((number) => join(journalPath(state, number), 'objects')),
    );
    this.trees = new Trees(join(directory, 'trees'), () =>
      journalNumbers(state).map((number) => join(journalPath(state, number), 'trees')),
    );
    this.contents.guard({
      needed: () => this.needed(),
      giveUpSpare: () => this.spare?.giveUp(),
      giveUpOldest: () => this.giveUpOldest(),
    });
  }

  /** Opens a journal, and makes it where there is none. @throws FishplateError `STORAGE_LOCKED` and others of openStore. */
  static async open(state: string, number: number, options: JournalOptions): Promise<Journal> {
    const directory = journalPath(state, number);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return new Journal(directory, await open(directory, options.engine), options, state);
  }

  /** What recovery cut or salvaged when the store was opened, in words; null where all was whole. */
  get repaired(): string | null {
    const { reason, droppedBytes, quarantined, salvaged } = this.store.openReport;
    if (salvaged !== undefined) {
      return `damaged and salvaged: ${salvaged.events} events kept, the old log is in ${salvaged.quarantined}`;
    }
    return reason === null
      ? null
      : `${reason}: ${droppedBytes} bytes cut, kept in ${quarantined ?? 'nothing'}`;
  }

  get engine(): string {
    return this.store.engine;
  }

  /** The state of a session; from now on what it needs is kept. */
  load(session: string): SessionState {
    const state = readState(this.store, session);
    this.live.set(session, state);
    this.others?.delete(session);
    return state;
  }

  /** Begins a session. */
  async begin(session: string): Promise<void> {
    if (this.sessions.has(session)) return;
    await this.write(INDEX, JSON.stringify({ id: session, at: new Date().toISOString() }), 'os');
    this.sessions.add(session);
  }

  /** Takes back that a session was begun: it is another process's. */
  async withdraw(session: string): Promise<void> {
    await this.write(INDEX, JSON.stringify({ id: session, withdrawn: true }), 'os');
    this.sessions.delete(session);
  }

  /** Appends what is about to happen. @throws FishplateError `STATE_WRITE_FAILED`: then it must not happen. */
  append(session: string, event: SessionEvent, durability: Durability): Promise<number> {
    return this.write(streamOf(session), this.encode(event), durability);
  }

  /** Appends what has happened. What cannot be written is written with the next event that can. */
  async appendDone(session: string, event: SessionEvent, durability: Durability): Promise<number> {
    const [stream, data] = [streamOf(session), this.encode(event)];
    try {
      return await this.write(stream, data, durability);
    } catch (error) {
      this.unwritten.push({ stream, data });
      throw error;
    }
  }

  /** Appends an event of a note, which is on the disk then. @throws FishplateError `STATE_WRITE_FAILED`. */
  async appendNote(event: NoteEvent): Promise<void> {
    await this.write(NOTES, JSON.stringify(maskAll(event, this.options.mask)), 'group');
  }

  /** Calls back with the notes' records from a number on; answers the number of the last one. */
  eachNote(from: number, each: (data: Buffer) => void): number | undefined {
    return replayNotes(this.store, from, each);
  }

  /** The event of a number; null where it is gone. */
  read(seq: number): SessionEvent | null {
    for (const { data } of this.store.replay({ from: seq, to: seq })) return parseEvent(data);
    return null;
  }

  /** Keeps a tree; `used` are names of those that commands under way started from. @throws FishplateError `STATE_WRITE_FAILED`. */
  saveTree(tree: Tree, used: ReadonlySet<string>): string {
    try {
      return this.trees.save(tree, new Set([...used, ...[...this.live.values()].flatMap(treesOf)]));
    } catch (cause) {
      const message = `what the workspace is cannot be kept in ${this.directory}: ${(cause as Error).message}`;
      throw RUNTIME_CODES.error('STATE_WRITE_FAILED', message, { cause });
    }
  }

  /** A tree by its name, or the latest; null where there is none that is whole. */
  loadTree(name?: string): Map<string, TrackedEntry> | null {
    return this.trees.load(name);
  }

  /** Forgets sessions that nobody has open here, as the configuration says: their ids, and how many of their steps could still be undone. */
  async forget(keep: Keep): Promise<readonly { readonly id: string; readonly steps: number }[]> {
    if (keep.keepDays === undefined && keep.keepBytes === undefined) return [];
    const isOpen = (id: string): boolean => this.live.has(id);
    const { before, ids } = forgettable(extentsOf(this.store), isOpen, keep, Date.now());
    const forgotten = ids.map((id) => ({ id, steps: readState(this.store, id).active.length }));
    if (forgotten.length === 0) return [];
    // Notes outlive their sessions.
    for (const note of notesToKeep(this.store, before)) await this.write(NOTES, note, 'group');
    await this.store.prune(before);
    // One that was withdrawn is nobody's loss.
    const lost = forgotten.filter(({ id }) => this.sessions.delete(id));
    this.others = null;
    return lost;
  }

  async close(): Promise<void> {
    if (this.unwritten.length > 0) await this.reopen().catch(() => undefined);
    await this.store.close().catch(() => undefined);
  }

  private encode(event: SessionEvent): string {
    return JSON.stringify(maskAll(event, this.options.mask));
  }

  private async write(stream: string, data: string, durability: Durability): Promise<number> {
    try {
      if (this.broken) await this.reopen();
      return await this.store.append(data, { stream, durability });
    } catch (cause) {
      this.broken = true;
      throw RUNTIME_CODES.error(
        'STATE_WRITE_FAILED',
        `the log of the session cannot be written in ${this.directory}: ${(cause as Error).message}`,
        { cause },
      );
    }
  }

  /** After a failed write the store takes nothing more until it is opened anew, which checks what has reached the disk. */
  private async reopen(): Promise<void> {
    await this.store.close().catch(() => undefined);
    this.store = await open(this.directory, this.options.engine);
    while (this.unwritten.length > 0) {
      const { stream, data } = this.unwritten[0]!;
      await this.store.append(data, { stream, durability: 'os' });
      this.unwritten.shift();
    }
    this.broken = false;
  }

  private needed(): Set<string> {
    const hashes = new Set<string>(this.spare?.hashes());
    const add = (more: Iterable<string>): void => {
      for (const hash of more) hashes.add(hash);
    };
    for (const state of this.live.values()) add(state.contents(false));
    for (const contents of this.sleeping().values()) add(contents);
    return hashes;
  }

  private giveUpOldest(): boolean {
    const sleeping = this.sleeping();
    for (const id of sleeping.keys()) {
      sleeping.delete(id);
      return true;
    }
    return false;
  }

  /** What sessions need that nobody has opened here, the one that has rested for longest first. */
  private sleeping(): Map<string, ReadonlySet<string>> {
    if (this.others !== null) return this.others;
    const found = [...this.sessions]
      .filter((id) => !this.live.has(id))
      .map((id) => ({ id, state: readState(this.store, id) }))
      .sort((left, right) => (lastCall(left.state) < lastCall(right.state) ? -1 : 1));
    this.others = new Map(found.map(({ id, state }) => [id, state.contents(false)]));
    return this.others;
  }
}

/** The ids of the sessions in a store. */
export function indexOf(store: Store): Set<string> {
  const ids = new Set<string>();
  for (const { data } of store.replay({ stream: INDEX })) {
    const { id, withdrawn } = indexEntry(data);
    if (id === null) continue;
    if (withdrawn) ids.delete(id);
    else ids.add(id);
  }
  return ids;
}

/** The session that a record of the index names, null for none, and whether it was taken back. */
function indexEntry(data: Buffer): { readonly id: string | null; readonly withdrawn: boolean } {
  try {
    const { id, withdrawn } = JSON.parse(data.toString('utf8')) as { id?: unknown; withdrawn?: unknown };
    return { id: typeof id === 'string' ? id : null, withdrawn: withdrawn === true };
  } catch {
    return { id: null, withdrawn: false };
  }
}

/** What each session takes of a store. */
function extentsOf(store: Store): SessionExtent[] {
  const extents = new Map<string, SessionExtent>();
  for (const { seq, time, stream, data } of store.replay({ lend: true })) {
    const id = stream === INDEX ? indexEntry(data).id : sessionOf(stream);
    if (id === null) continue;
    const { first = seq, bytes = 0 } = extents.get(id) ?? {};
    extents.set(id, { id, first, last: seq, time, bytes: bytes + data.length });
  }
  return [...extents.values()];
}

/** The state of a session, from its events. */
export function readState(store: Store, session: string): SessionState {
  const state = new SessionState();
  for (const { seq, data } of store.replay({ stream: streamOf(session), lend: true })) {
    const event = parseEvent(data);
    if (event === null) state.unreadable += 1;
    else state.apply(event, seq);
  }
  return state;
}

/** Opens a journal's store for reading; null where there is none yet. */
export async function openReader(directory: string, engine: EngineChoice): Promise<Store | null> {
  try {
    return await openStore(join(directory, 'store'), { readOnly: true, engine });
  } catch (error) {
    if (isFishplateError(error) && error.code === 'STORAGE_NOT_FOUND') return null;
    throw error;
  }
}

function open(directory: string, engine: EngineChoice): Promise<Store> {
  // What is damaged is cut out and kept aside; the rest of the sessions goes on.
  return openStore(join(directory, 'store'), { durability: 'os', engine, salvage: true });
}

function treesOf({ watches }: SessionState): string[] {
  return [...watches.values()].map(({ tree }) => tree);
}

function lastCall({ timeline, createdAt }: SessionState): string {
  return timeline.entries().at(-1)?.startedAt ?? createdAt;
}
