/** The native engine behind the interface of engines: tickets for callbacks, JSON for reports. */

import type { NativeStore } from '@fishplate/storage-native';

import type {
  CheckpointRecord,
  Done,
  EngineCursor,
  EngineOptions,
  Level,
  Packed,
  Query,
  SaveOptions,
  StorageEngine,
} from './engine';
import { coded, fromText, type StorageNative, withCodes, withCodesAsync } from './native';
import type { Branch, OpenReport, PruneReport, SalvageReport, StoreStats, VerifyReport } from './types';

/** Longest time that a timer takes; it never fires. */
const FOR_EVER = 2 ** 31 - 1;

/** What waits for the threads of a store; while something does, the process stays. */
class Pending {
  private readonly waiting = new Map<number, Done>();
  private readonly stay = setInterval(() => {}, FOR_EVER).unref();
  private last = 0;
  private onIdle: (() => void) | null = null;

  add(done: Done): number {
    // 0 is no ticket.
    this.last = (this.last % 0xff_ff_ff_ff) + 1;
    if (this.waiting.size === 0) this.stay.ref();
    this.waiting.set(this.last, done);
    return this.last;
  }

  readonly settle = (ticket: number, error: string | null): void => {
    const done = this.take(ticket);
    if (error === null) done?.();
    else done?.(fromText(error));
  };

  take(ticket: number): Done | undefined {
    const done = this.waiting.get(ticket);
    this.waiting.delete(ticket);
    if (this.waiting.size === 0) {
      this.stay.unref();
      this.onIdle?.();
    }
    return done;
  }

  /** Resolves when nobody waits any more: callbacks come after what they tell of, so many at a time. */
  async settled(): Promise<void> {
    if (this.waiting.size > 0) await new Promise<void>((resolve) => (this.onIdle = resolve));
  }

  end(): void {
    clearInterval(this.stay);
  }
}

/** Opens a store with the binding. */
export async function openNative(
  native: StorageNative,
  directory: string,
  options: EngineOptions,
): Promise<StorageEngine> {
  const pending = new Pending();
  try {
    const store = await native.openStore(directory, given(options), pending.settle);
    return new NativeEngine(store, pending);
  } catch (error) {
    pending.end();
    throw coded(error);
  }
}

/** Salvages a store with the binding. */
export function salvageNative(
  native: StorageNative,
  directory: string,
  options: EngineOptions,
): Promise<SalvageReport> {
  return withCodesAsync(async () =>
    parsed<SalvageReport>(await native.salvageStore(directory, given(options))),
  );
}

function given({ readOnly, allowNetwork, segmentBytes, mmap }: EngineOptions) {
  return { readOnly, allowNetwork, mapSealed: mmap, ...(segmentBytes === undefined ? {} : { segmentBytes }) };
}

function parsed<Value>(json: string): Value {
  return JSON.parse(json) as Value;
}

class NativeEngine implements StorageEngine {
  readonly name = 'native';
  readonly openReport: OpenReport;

  constructor(
    private readonly store: NativeStore,
    private readonly pending: Pending,
  ) {
    this.openReport = parsed(store.openReport());
  }

  appendOne(event: Uint8Array, stream: string, level: Level): number {
    return withCodes(() => this.store.appendOne(event, level, stream === '' ? undefined : stream));
  }

  append({ bytes, layout, streams, isBatch }: Packed, level: Level, done: Done | undefined): number {
    const ticket = done === undefined ? 0 : this.pending.add(done);
    try {
      return this.store.append(bytes, layout, streams as string[], isBatch, level, ticket);
    } catch (error) {
      this.pending.take(ticket);
      throw coded(error);
    }
  }

  flush(done: Done): void {
    const ticket = this.pending.add(done);
    try {
      this.store.flush(ticket);
    } catch (error) {
      this.pending.take(ticket);
      throw coded(error);
    }
  }

  lastSeq(): number {
    return withCodes(() => this.store.lastSeq());
  }

  follow({ from, to, stream, limit }: Query): EngineCursor {
    const cursor = withCodes(() => this.store.follow(from, to, stream, limit));
    return { fill: (slab, entries) => withCodes(() => cursor.fill(slab, entries)) };
  }

  async prune(before: number): Promise<PruneReport> {
    return parsed(await withCodesAsync(() => this.store.prune(before)));
  }

  pruneSync(before: number): PruneReport {
    return parsed(withCodes(() => this.store.pruneSync(before)));
  }

  async verify(): Promise<VerifyReport> {
    return parsed(await withCodesAsync(() => this.store.verify()));
  }

  stats(): StoreStats {
    return parsed(withCodes(() => this.store.stats()));
  }

  async saveCheckpoint(id: string, state: Buffer, options: SaveOptions): Promise<CheckpointRecord> {
    const { base, stream, seq, metadata } = options;
    const native = {
      stream,
      ...(base === undefined ? {} : { base }),
      ...(seq === undefined ? {} : { seq }),
      ...(metadata === undefined ? {} : { metadata }),
    };
    return parsed(await withCodesAsync(() => this.store.saveCheckpoint(id, state, native)));
  }

  loadCheckpoint(id: string): Promise<Buffer | null> {
    return withCodesAsync(() => this.store.loadCheckpoint(id));
  }

  listCheckpoints(): CheckpointRecord[] {
    return parsed(withCodes(() => this.store.listCheckpoints()));
  }

  deleteCheckpoint(id: string): Promise<boolean> {
    return withCodesAsync(() => this.store.deleteCheckpoint(id));
  }

  async branch(stream: string, parent: string, from: number): Promise<Branch> {
    return parsed(await withCodesAsync(() => this.store.branch(stream, parent, from)));
  }

  branches(): Branch[] {
    return parsed(withCodes(() => this.store.branches()));
  }

  async close(): Promise<void> {
    try {
      await withCodesAsync(() => this.store.close());
    } finally {
      await this.pending.settled();
      this.pending.end();
    }
  }
}
