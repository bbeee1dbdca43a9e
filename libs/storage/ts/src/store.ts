/** The handle of an open store: checks, order of calls, and what is the same for every engine. */

import type { EngineName } from '@fishplate/engine';

import {
  checkBoolean,
  checkBytes,
  checkEvent,
  checkName,
  checkNumber,
  checkOptions,
  checkStream,
  invalid,
  levelOf,
  MAX_BATCH,
  MAX_CHECKPOINT,
  metadataJson,
  optionalNumber,
  tooLarge,
} from './arguments';
import { STORAGE_CODES } from './codes';
import { GROUP, type EngineCursor, type Level, RECORD_HEADER, type StorageEngine, SYNC } from './engine';
import { infoOf, restorePlan, timeline } from './history';
import { Outbox } from './outbox';
import { EventIterator, JsonIterator } from './replay';
import { tail } from './tail';
import type {
  Branch,
  BranchOptions,
  CheckpointFilter,
  CheckpointInfo,
  CheckpointOptions,
  Durability,
  Moment,
  OpenReport,
  PruneReport,
  ReplayOptions,
  Restored,
  StoredEvent,
  StoreStats,
  TailOptions,
  VerifyReport,
} from './types';

/** An open store; made by `openStore`. */
export class Store {
  /** What opening found and did. */
  readonly openReport: OpenReport;
  /** The engine that runs. */
  readonly engine: EngineName;
  private readonly outbox: Outbox;
  private readonly wakers = new Set<() => void>();
  /** The last of the changes that are made one after the other. */
  private changes: Promise<unknown> = Promise.resolve();
  private closing: Promise<void> | undefined;

  /** @internal */
  constructor(
    private readonly native: StorageEngine,
    readonly directory: string,
    private readonly level: Level,
    readonly readOnly: boolean,
    openReport: OpenReport,
  ) {
    this.engine = native.name;
    this.openReport = openReport;
    this.outbox = new Outbox(native, () => {
      this.wake();
    });
  }

  /** Appends an event; its number, when the durability is reached. The event is copied at once. */
  async append(
    event: Uint8Array | string,
    options?: { stream?: string; durability?: Durability },
  ): Promise<number> {
    this.assertOpen();
    const size = checkEvent(event);
    const { stream, durability } = checkOptions(options);
    const level = durability === undefined ? this.level : levelOf(durability);
    const appended = this.outbox.add(event, size, checkStream(stream), level);
    if (level === SYNC) this.outbox.flush();
    return appended;
  }

  /** Appends an event and returns when the durability is reached; `group` is `sync` here, since nobody can join. */
  appendSync(
    event: Uint8Array | string,
    options?: { stream?: string; durability?: 'memory' | 'os' | 'sync' },
  ): number {
    this.assertOpen();
    checkEvent(event);
    const { stream, durability } = checkOptions(options);
    const level = durability === undefined ? this.level : levelOf(durability);
    this.outbox.flush();
    const bytes = typeof event === 'string' ? Buffer.from(event) : event;
    const seq = this.native.appendOne(bytes, checkStream(stream), level === GROUP ? SYNC : level);
    this.wake();
    return seq;
  }

  /** Appends events that become visible together, or not at all; their numbers. They are copied at once. */
  async appendBatch(
    events: readonly (Uint8Array | string)[],
    options?: { stream?: string; durability?: Durability },
  ): Promise<number[]> {
    this.assertOpen();
    if (!Array.isArray(events)) throw invalid('events must be an array');
    const { stream: name, durability } = checkOptions(options);
    const stream = checkStream(name);
    const level = durability === undefined ? this.level : levelOf(durability);
    // Each record has a header, and ends at a multiple of 8.
    const head = RECORD_HEADER + Buffer.byteLength(stream);
    const sizes = new Uint32Array(events.length);
    let stored = 0;
    for (let index = 0; index < events.length; index++) {
      const size = checkEvent(events[index], index);
      sizes[index] = size;
      stored += Math.ceil((head + size) / 8) * 8;
    }
    if (stored > MAX_BATCH) throw tooLarge('a batch', stored, MAX_BATCH);
    const packed = this.outbox.packBatch(events, sizes, stream);
    const first = await new Promise<number>((resolve, reject) => {
      if ((level < GROUP && this.native.isShared !== true) || events.length === 0) {
        resolve(this.native.append(packed, level, undefined));
        this.wake();
        return;
      }
      const numbered = this.native.append(packed, level, (error, told) => {
        if (error === undefined) resolve(told ?? numbered);
        else reject(error);
      });
      this.wake();
    });
    return Array.from(sizes, (_, index) => first + index);
  }

  /** Events that are there when the iteration begins. Each iteration begins anew. */
  replay(options?: ReplayOptions): Iterable<StoredEvent> {
    const follow = this.replayed(options);
    const lend = checkBoolean(options?.lend, 'lend');
    return { [Symbol.iterator]: () => new EventIterator(follow(), lend) };
  }

  /** As `replay`, but parsed: the fast way to objects. An event that is no JSON throws EVENT_NOT_JSON. */
  replayJson<Value = unknown>(options?: ReplayOptions): Iterable<{ seq: number; value: Value }> {
    const follow = this.replayed(options);
    return { [Symbol.iterator]: () => new JsonIterator<Value>(follow()) };
  }

  /** Events as they are appended, by this process or another, until the signal aborts or the store closes. */
  tail(options?: TailOptions): AsyncIterable<StoredEvent> {
    this.assertOpen();
    const { from: first, stream: name, signal } = checkOptions(options);
    const stream = name === undefined ? null : checkStream(name);
    if (signal !== undefined && !(signal instanceof AbortSignal)) throw invalid('signal is no AbortSignal');
    this.outbox.flush();
    const from = first === undefined ? this.native.lastSeq() + 1 : checkNumber(first, 'from');
    const follow = (): EngineCursor => this.native.follow({ from, to: null, stream, limit: null });
    const isClosed = (): boolean => this.closing !== undefined;
    const followed = {
      isWriter: !this.readOnly && this.native.isShared !== true,
      get isClosed() {
        return isClosed();
      },
      follow,
      onChange: (wake: () => void) => {
        this.wakers.add(wake);
        return () => this.wakers.delete(wake);
      },
    };
    return { [Symbol.asyncIterator]: () => tail(followed, signal) };
  }

  /** Resolves when everything that was appended is on the disk. */
  async flush(): Promise<void> {
    this.assertOpen();
    this.outbox.flush();
    await new Promise<void>((resolve, reject) => {
      this.native.flush((error) => {
        if (error === undefined) resolve();
        else reject(error);
      });
    });
  }

  /** Hides events with a lower number from every reader at once, and removes segments that hold nothing else. */
  async prune(before: number): Promise<PruneReport> {
    this.assertOpen();
    checkNumber(before, 'before');
    return this.change(() => this.native.prune(before));
  }

  /** As `prune`, and waits for the disk. Not while other changes are under way. */
  pruneSync(before: number): PruneReport {
    this.assertOpen();
    checkNumber(before, 'before');
    this.outbox.flush();
    return this.native.pruneSync(before);
  }

  /** Reads every record and loads every checkpoint. Damage is in the report, and no error. */
  async verify(): Promise<VerifyReport> {
    this.assertOpen();
    return this.change(() => this.native.verify());
  }

  stats(): StoreStats {
    this.assertOpen();
    this.outbox.flush();
    return this.native.stats();
  }

  /** Puts everything on the disk and gives up the lock. A second call is the same as the first. */
  close(): Promise<void> {
    if (this.closing === undefined) {
      this.outbox.flush();
      const closed = this.changes.then(() => this.native.close());
      this.closing = closed;
      this.wake();
    }
    return this.closing;
  }

  /** Saves a state, in place of what had the id before; it must not be changed or transferred until the promise is settled. */
  async saveCheckpoint(id: string, data: Uint8Array, options?: CheckpointOptions): Promise<CheckpointInfo> {
    this.assertOpen();
    checkName(id, 'checkpoint id', 1);
    const size = checkBytes(data, 'the state');
    if (size > MAX_CHECKPOINT) throw tooLarge('a checkpoint', size, MAX_CHECKPOINT);
    const given = checkOptions(options);
    const base = given.base === undefined ? undefined : checkName(given.base, 'base', 1);
    const seq = optionalNumber(given.seq, 'seq') ?? undefined;
    const stream = checkStream(given.stream);
    const metadata = metadataJson(given.metadata);
    const state = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    this.outbox.flush();
    // What is appended while an earlier change is under way is not contained.
    const contained = seq ?? (this.native.isShared ? undefined : this.native.lastSeq());
    const saved = await this.change(() => {
      if (state.byteLength !== size) throw invalid('the state was taken away or cut before it was saved');
      return this.native.saveCheckpoint(id, state, { base, stream, seq: contained, metadata });
    });
    return infoOf(saved);
  }

  /** The state of a checkpoint, checked against its checksum; null where there is none of that id. */
  async loadCheckpoint(id: string): Promise<Buffer | null> {
    this.assertOpen();
    checkName(id, 'checkpoint id', 1);
    return this.change(() => this.native.loadCheckpoint(id));
  }

  /** Checkpoints by id, without their states. */
  listCheckpoints(filter?: CheckpointFilter): CheckpointInfo[] {
    this.assertOpen();
    const { stream, prefix = '', from = 0, to = Number.POSITIVE_INFINITY } = checkOptions(filter);
    return this.native
      .listCheckpoints()
      .map(infoOf)
      .filter((it) => it.id.startsWith(prefix) && it.seq >= from && it.seq <= to)
      .filter((it) => stream === undefined || it.stream === stream);
  }

  /** Deletes a checkpoint; those that are differences from it are stored anew. False where there was none. */
  async deleteCheckpoint(id: string): Promise<boolean> {
    this.assertOpen();
    checkName(id, 'checkpoint id', 1);
    return this.change(() => this.native.deleteCheckpoint(id));
  }

  /** Events and checkpoints of a stream, with what it continues, in order; of all without one. */
  timeline(stream?: string): Moment[] {
    this.assertOpen();
    const name = stream === undefined ? null : checkStream(stream);
    this.outbox.flush();
    return timeline(this.native, name);
  }

  /** Makes a stream that begins as its parent was after event `from`. */
  async branch(from: number, options?: BranchOptions): Promise<Branch> {
    this.assertOpen();
    checkNumber(from, 'from');
    const given = checkOptions(options);
    const parent = checkStream(given.parent);
    if (given.stream !== undefined) checkName(given.stream, 'stream', 1);
    return this.change(() => {
      const stream = given.stream ?? this.freeStream(parent, from);
      return this.native.branch(stream, parent, from);
    });
  }

  branches(): Branch[] {
    this.assertOpen();
    return this.native.branches();
  }

  /** The state of a stream after an event: the nearest checkpoint, and the events behind it. */
  async restore(seq: number, options?: { stream?: string }): Promise<Restored> {
    this.assertOpen();
    checkNumber(seq, 'seq');
    const stream = checkStream(checkOptions(options).stream);
    return this.change(async () => {
      const { checkpoint, from, to } = restorePlan(this.native, stream, seq);
      const state = checkpoint === null ? null : await this.native.loadCheckpoint(checkpoint.id);
      const events = from > to ? [] : this.replay({ from, to, stream });
      return { checkpoint: checkpoint === null ? null : infoOf(checkpoint), state, from, to, events };
    });
  }

  private replayed(options: ReplayOptions | undefined): () => EngineCursor {
    this.assertOpen();
    const given = checkOptions(options);
    const from = optionalNumber(given.from, 'from') ?? 1;
    const to = optionalNumber(given.to, 'to') ?? Number.MAX_SAFE_INTEGER;
    const limit = optionalNumber(given.limit, 'limit');
    const stream = given.stream === undefined ? null : checkStream(given.stream);
    return () => {
      this.assertOpen();
      this.outbox.flush();
      return this.native.follow({ from, to: Math.min(to, this.native.lastSeq()), stream, limit });
    };
  }

  /** Runs changes in the order of their calls. */
  private change<Result>(run: () => Promise<Result>): Promise<Result> {
    this.outbox.flush();
    const result = this.changes.then(run);
    this.changes = result.catch(() => {});
    return result;
  }

  private freeStream(parent: string, from: number): string {
    const taken = new Set(this.native.branches().map(({ stream }) => stream));
    const name = `${parent === '' ? 'main' : parent}@${from}`;
    for (let number = 1; ; number++) {
      const stream = number === 1 ? name : `${name}.${number}`;
      const cursor = this.native.follow({ from: 1, to: this.native.lastSeq(), stream, limit: 1 });
      if (!taken.has(stream) && new EventIterator(cursor).next().done) return checkName(stream, 'stream');
    }
  }

  private wake(): void {
    if (this.wakers.size === 0) return;
    for (const wake of [...this.wakers]) wake();
  }

  private assertOpen(): void {
    if (this.closing !== undefined) throw STORAGE_CODES.error('STORAGE_CLOSED', 'the store is closed');
  }
}
