/** An engine whose writer is a sidecar: changes go over the socket, and what is read comes from the files themselves. */

import {
  type CheckpointRecord,
  type Done,
  type EngineCursor,
  type Level,
  OS,
  type Packed,
  type Query,
  type SaveOptions,
  type StorageEngine,
} from '../engine';
import type { Branch, CheckpointInfo, OpenReport, PruneReport, StoreStats, VerifyReport } from '../types';
import type { Link } from './link';

export class SidecarEngine implements StorageEngine {
  readonly isShared = true;
  readonly name: StorageEngine['name'];

  constructor(
    private readonly link: Link,
    /** The same store, read-only. */
    private readonly reader: StorageEngine,
    readonly openReport: OpenReport,
    private readonly onClose: () => void,
  ) {
    this.name = reader.name;
  }

  appendOne(event: Uint8Array, stream: string, level: Level): number {
    const params = paramsOf([event.byteLength, 0], [stream], false, level);
    return this.link.callSync('append', params, event);
  }

  append({ bytes, layout, streams, isBatch }: Packed, level: Level, done: Done | undefined): number {
    const params = paramsOf([...layout], streams, isBatch, level);
    if (done === undefined) return this.link.callSync('append', params, bytes);
    this.link.call<number>('append', params, bytes).then((first) => done(undefined, first), done);
    // It is told with `done`.
    return 0;
  }

  flush(done: Done): void {
    this.link.call('flush').then(() => done(), done);
  }

  lastSeq(): number {
    return this.link.callSync('lastSeq');
  }

  follow(query: Query): EngineCursor {
    return this.reader.follow(query);
  }

  prune(before: number): Promise<PruneReport> {
    return this.link.call('prune', { before });
  }

  pruneSync(before: number): PruneReport {
    return this.link.callSync('prune', { before });
  }

  verify(): Promise<VerifyReport> {
    return this.reader.verify();
  }

  stats(): StoreStats {
    return this.link.callSync('stats');
  }

  async saveCheckpoint(id: string, state: Buffer, options: SaveOptions): Promise<CheckpointRecord> {
    const info = await this.link.call<CheckpointInfo>('saveCheckpoint', { id, ...options }, state);
    const { base, ...rest } = info;
    // What a caller is told of a record; checksums are the sidecar's own.
    return { ...rest, ...(base === null ? {} : { base }), crc: 0, encoding: 'raw', storedCrc: 0 };
  }

  loadCheckpoint(id: string): Promise<Buffer | null> {
    return this.reader.loadCheckpoint(id);
  }

  listCheckpoints(): CheckpointRecord[] {
    return this.reader.listCheckpoints();
  }

  deleteCheckpoint(id: string): Promise<boolean> {
    return this.link.call('deleteCheckpoint', { id });
  }

  branch(stream: string, parent: string, from: number): Promise<Branch> {
    return this.link.call('branch', { stream, parent, from });
  }

  branches(): Branch[] {
    return this.reader.branches();
  }

  async close(): Promise<void> {
    try {
      await this.link.call('close');
      // Answers come in any order.
      await this.link.settled();
    } finally {
      await this.link.close();
      this.onClose();
      await this.reader.close();
    }
  }
}

/** `memory` has no sense here: what the sidecar acknowledged, readers must find in the file. */
function paramsOf(layout: number[], streams: readonly string[], isBatch: boolean, level: Level) {
  return { layout, streams, isBatch, level: Math.max(level, OS) };
}
