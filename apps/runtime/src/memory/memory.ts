/** Notes of a workspace, found again by their words (BM25) and, where the host gives an embedding function, by meaning too. */

import { randomBytes } from 'node:crypto';

import type { EngineChoice } from '@fishplate/engine';
import { createHybridIndex, type Embed, type HybridIndex } from '@fishplate/vector';

import type { RuntimeLogger } from '../logger.js';
import type { Journal } from '../session/journal.js';
import type { Session } from '../session/session.js';
import { type Note, type NoteEvent, NoteReader } from './notes.js';

/** What a memory works with. */
export interface MemoryOptions {
  /** Folder of the sessions' journals. */
  readonly state: () => string;
  /** Those that this process writes. */
  readonly journals: () => ReadonlyMap<number, Journal>;
  readonly engines: () => { readonly storage: EngineChoice; readonly vector: EngineChoice };
  readonly embed: Embed | undefined;
  readonly logger: RuntimeLogger;
}

/** Which notes to look for. */
export interface RecallOptions {
  readonly limit: number;
  /** Only those that have all of these tags. */
  readonly tags: readonly string[];
  /** Only those of this session. */
  readonly session: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** A note that was found. */
export interface Recalled {
  readonly note: Note;
  /** Higher is better; comparable within one answer only. */
  readonly score: number;
  /** BM25; null where the words did not find it. */
  readonly textScore: number | null;
  /** Cosine similarity; null where vectors did not find it, or there are none. */
  readonly vectorScore: number | null;
}

/** The notes of one workspace, of all its sessions. */
export class Memory {
  private readonly notes = new Map<string, Note>();
  /** Journals are read one after the other: a note may be forgotten in one before it is found in another. */
  private readonly forgotten = new Set<string>();
  /** Notes that are not in the index yet: an embedding function may fail. */
  private readonly pending = new Map<string, Note>();
  private reader: NoteReader | null = null;
  private index: { readonly engine: EngineChoice; readonly hybrid: HybridIndex } | null = null;
  private queue: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: MemoryOptions) {}

  /** Notes that are not forgotten. */
  get size(): number {
    return this.notes.size;
  }

  /** Engine of the index; null before the first note or question. */
  get engine(): string | null {
    return this.index?.hybrid.stats().engine ?? null;
  }

  /** Keeps a note; it is on the disk then. @throws FishplateError `STATE_WRITE_FAILED`. */
  remember(session: Session, callId: string, text: string, tags: readonly string[]): Promise<Note> {
    return this.inTurn(async () => {
      const id = `note-${randomBytes(6).toString('hex')}`;
      const at = new Date().toISOString();
      const note = { id, text, tags: [...new Set(tags)], session: session.id, callId, at };
      await session.noteMemory({ type: 'remembered', ...note });
      await this.catchUp().catch((error: unknown) => {
        // It is kept, which is what was asked for; who recalls is told.
        this.options.logger.warn({ note: id, reason: (error as Error).message }, 'a note is not indexed yet');
      });
      // As the log has it: without secrets.
      return this.notes.get(id) ?? note;
    });
  }

  /** Lets a note be found no more; false where there is none of that id. @throws FishplateError `STATE_WRITE_FAILED`. */
  forget(session: Session, callId: string, id: string): Promise<boolean> {
    return this.inTurn(async () => {
      await this.catchUp();
      if (!this.notes.has(id)) return false;
      const at = new Date().toISOString();
      await session.noteMemory({ type: 'forgotten', id, session: session.id, callId, at });
      await this.catchUp();
      return true;
    });
  }

  /** The notes that fit a question best. @throws FishplateError `EMBEDDING_FAILED`, and the reason of `signal`. */
  recall(query: string, { limit, tags, session, signal }: RecallOptions): Promise<Recalled[]> {
    return this.inTurn(async () => {
      await this.catchUp();
      if (this.notes.size === 0) return [];
      const narrow = tags.length > 0 || session !== undefined;
      const hits = await this.hybrid().search(query, narrow ? this.notes.size : limit, {
        ...(session === undefined ? {} : { filter: { session } }),
        ...(signal === undefined ? {} : { signal }),
      });
      return hits
        .flatMap(({ key, score, text, vector }): Recalled[] => {
          const note = this.notes.get(key);
          if (note === undefined || !tags.every((tag) => note.tags.includes(tag))) return [];
          return [{ note, score, textScore: text?.score ?? null, vectorScore: vector?.score ?? null }];
        })
        .slice(0, limit);
    });
  }

  close(): void {
    this.index?.hybrid.close();
    this.index = null;
  }

  /** Calls of one memory run one after the other: each sees what those before it did. */
  private inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.queue.then(work, work);
    this.queue = turn.catch(() => undefined);
    return turn;
  }

  /** Takes in what this and other processes wrote since the last look. */
  private async catchUp(): Promise<void> {
    const { engines, journals, logger, state } = this.options;
    this.reader ??= new NoteReader(state(), () => engines().storage, logger);
    await this.reader.catchUp(journals(), (event) => this.apply(event));
    if (this.index !== null && this.index.engine !== engines().vector) this.close();
    if (this.index === null) {
      this.index = { engine: engines().vector, hybrid: this.newIndex() };
      for (const [id, note] of this.notes) this.pending.set(id, note);
    }
    const entries = [...this.pending].map(([id, note]) => [id, entryOf(note)] as const);
    await this.index.hybrid.addMany(entries);
    for (const [id] of entries) this.pending.delete(id);
  }

  private apply(event: NoteEvent): void {
    if (event.type === 'forgotten') {
      this.forgotten.add(event.id);
      this.notes.delete(event.id);
      this.pending.delete(event.id);
      this.index?.hybrid.remove(event.id);
    } else if (!this.forgotten.has(event.id) && !this.notes.has(event.id)) {
      const { type: _, ...note } = event;
      this.notes.set(note.id, note);
      this.pending.set(note.id, note);
    }
  }

  private newIndex(): HybridIndex {
    const { embed, engines } = this.options;
    return createHybridIndex({ engine: engines().vector, ...(embed === undefined ? {} : { embed }) });
  }

  private hybrid(): HybridIndex {
    return this.index!.hybrid;
  }
}

function entryOf({ text, tags, session }: Note) {
  // Tags are words to be found by, too.
  return { text: tags.length === 0 ? text : `${text}\n${tags.join(' ')}`, metadata: { session } };
}
