/** The engine in TypeScript. Files are read and written on the calling thread; only shared syncs wait elsewhere. */

import {
  type CheckpointRecord,
  type Done,
  type EngineCursor,
  type Level,
  MEMORY,
  OS,
  type Packed,
  type Query,
  type SaveOptions,
  type StorageEngine,
} from '../engine';
import type { Branch, OpenReport, PruneReport, StoreStats, VerifyReport } from '../types';
import { deleteCheckpoint, loadCheckpoint, saveCheckpoint } from './checkpoints';
import { Committer } from './commit';
import { Cursor } from './cursor';
import { refresh } from './follow';
import { makeBranch } from './history';
import type { Lock } from './lock';
import type { Draft, Log } from './log';
import { prune } from './prune';
import { EVENT } from './record';
import { verify } from './verify';

/** Longest time that what was appended without waiting stays in memory, in ms. */
const SOON = 2;
/** Open stores: at the end of the process they write what is in memory, and give up their locks. */
const OPEN = new Set<FallbackEngine>();

function onExit(): void {
  for (const engine of OPEN) engine.end();
}

export class FallbackEngine implements StorageEngine {
  readonly name = 'js';
  private readonly committer: Committer;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly log: Log,
    private readonly lock: Lock | null,
    readonly openReport: OpenReport,
  ) {
    this.committer = new Committer(log);
    if (lock === null) return;
    if (OPEN.size === 0) process.on('exit', onExit);
    OPEN.add(this);
  }

  appendOne(event: Uint8Array, stream: string, level: Level): number {
    const { next } = this.log.position;
    this.log.push([{ kind: EVENT, stream: Buffer.from(stream), payload: [event] }]);
    this.settle(level);
    return next;
  }

  append({ bytes, layout, streams, isBatch }: Packed, level: Level, done: Done | undefined): number {
    this.log.writing();
    const { next } = this.log.position;
    const names = streams.map((stream) => Buffer.from(stream));
    const drafts: Draft[] = [];
    let start = 0;
    for (let index = 0; index < layout.length; index += 2) {
      const [end, stream] = [layout[index]!, names[layout[index + 1]!]!];
      const draft = { kind: EVENT, stream, payload: [bytes.subarray(start, end)] };
      start = end;
      if (isBatch) drafts.push(draft);
      else this.push(draft);
    }
    if (drafts.length > 0) this.log.push(drafts);
    if (done === undefined) this.settle(level);
    else this.committer.wait(done);
    return next;
  }

  flush(done: Done): void {
    this.log.writing();
    this.committer.wait(done);
  }

  lastSeq(): number {
    refresh(this.log);
    return this.log.last;
  }

  follow(query: Query): EngineCursor {
    return new Cursor(this.log, query);
  }

  async prune(before: number): Promise<PruneReport> {
    return Promise.resolve(prune(this.log, before));
  }

  pruneSync(before: number): PruneReport {
    return prune(this.log, before);
  }

  verify(): Promise<VerifyReport> {
    return verify(this.log);
  }

  stats(): StoreStats {
    refresh(this.log);
    const { segments, catalog, mark, last, poisoned } = this.log;
    const blobs = new Set<string>();
    let checkpointBytes = 0;
    for (const { blob, stored } of catalog.checkpoints.values()) {
      if (blob === undefined || !blobs.has(blob)) checkpointBytes += stored;
      if (blob !== undefined) blobs.add(blob);
    }
    return {
      firstSeq: Math.max(mark.before, segments[0]!.header.first),
      lastSeq: last,
      segments: segments.length,
      logBytes: segments.reduce((sum, { end }) => sum + end, 0),
      checkpoints: catalog.checkpoints.size,
      checkpointBytes,
      branches: catalog.branches.size,
      poisoned,
    };
  }

  async saveCheckpoint(id: string, state: Buffer, options: SaveOptions): Promise<CheckpointRecord> {
    return Promise.resolve(saveCheckpoint(this.log, id, state, options));
  }

  async loadCheckpoint(id: string): Promise<Buffer | null> {
    return Promise.resolve(loadCheckpoint(this.log, id));
  }

  listCheckpoints(): CheckpointRecord[] {
    refresh(this.log);
    return this.log.catalog.listed();
  }

  async deleteCheckpoint(id: string): Promise<boolean> {
    return Promise.resolve(deleteCheckpoint(this.log, id));
  }

  async branch(stream: string, parent: string, from: number): Promise<Branch> {
    return Promise.resolve(makeBranch(this.log, stream, parent, from));
  }

  branches(): Branch[] {
    refresh(this.log);
    return this.log.catalog.branchList();
  }

  async close(): Promise<void> {
    await this.committer.ended();
    try {
      if (!this.log.readOnly) this.log.sync();
    } finally {
      this.end();
    }
  }

  /** Without waiting for the disk. */
  end(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    if (!this.log.closed) {
      try {
        refresh(this.log);
      } catch {
        // What cannot be written is lost, as the level says.
      }
      this.log.end();
    }
    this.lock?.release();
    OPEN.delete(this);
    if (OPEN.size === 0) process.off('exit', onExit);
  }

  private push(draft: Draft): void {
    this.log.push([draft]);
    if (this.log.isFull) this.log.writeOut();
  }

  private settle(level: Level): void {
    if (level === MEMORY && !this.log.isFull) {
      this.timer ??= setTimeout(this.writeSoon, SOON).unref();
    } else if (level === MEMORY || level === OS) this.log.writeOut();
    else this.log.sync();
  }

  private readonly writeSoon = (): void => {
    this.timer = null;
    try {
      if (!this.log.closed) this.log.writeOut();
    } catch {
      // Remembered: the next call is refused.
    }
  };
}
