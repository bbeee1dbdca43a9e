/** What an engine does, native or fallback. Arguments were checked before; errors have the codes of this track. */

import type { EngineName } from '@fishplate/engine';

import type { Branch, OpenReport, PruneReport, StoreStats, VerifyReport } from './types';

export const MEMORY = 0;
export const OS = 1;
export const GROUP = 2;
export const SYNC = 3;
export type Level = typeof MEMORY | typeof OS | typeof GROUP | typeof SYNC;

/** Called once, with the error where there is one; by an engine in another process with the number of the first event too. */
export type Done = (error?: Error, first?: number) => void;

/** Events that follow each other in `bytes`. */
export interface Packed {
  readonly bytes: Buffer;
  /** Two members an event: its end, and the index of its stream. */
  readonly layout: Uint32Array;
  readonly streams: readonly string[];
  /** All or none; one stream alone. */
  readonly isBatch: boolean;
}

export interface Query {
  readonly from: number;
  readonly to: number | null;
  readonly stream: string | null;
  readonly limit: number | null;
}

/** Members of an event in the entries of a slab: number, time, and where its stream begins, its payload begins and ends. */
export const ENTRY = 5;
export const RECORD_HEADER = 48;

export interface EngineCursor {
  /** Number of events; 0: no more for now; below 0: a slab of so many bytes is needed. */
  fill(slab: Buffer, entries: Float64Array): number;
}

/** A checkpoint as its record has it: the members are those of docs/formats/storage.md. */
export interface CheckpointRecord {
  id: string;
  stream?: string;
  seq: number;
  time: number;
  size: number;
  crc: number;
  encoding: 'raw' | 'zstd';
  stored: number;
  storedCrc: number;
  blob?: string;
  base?: string;
  depth: number;
  metadata?: unknown;
  segment?: number;
  offset?: number;
}

export interface SaveOptions {
  readonly base: string | undefined;
  readonly stream: string;
  readonly seq: number | undefined;
  /** JSON. */
  readonly metadata: string | undefined;
}

export interface EngineOptions {
  readonly readOnly: boolean;
  readonly allowNetwork: boolean;
  readonly segmentBytes: number | undefined;
  /** Of the native engine alone. */
  readonly mmap: boolean;
}

export interface StorageEngine {
  readonly name: EngineName;
  /** Whether others write by the same writer, in a process of its own: then it is asked, and waited for. */
  readonly isShared?: boolean;
  readonly openReport: OpenReport;
  /** Appends an event and waits as the level says; its number. */
  appendOne(event: Uint8Array, stream: string, level: Level): number;
  /** Appends events; the number of the first. With `done` it returns at once and calls when they are on the disk. */
  append(events: Packed, level: Level, done: Done | undefined): number;
  flush(done: Done): void;
  lastSeq(): number;
  follow(query: Query): EngineCursor;
  prune(before: number): Promise<PruneReport>;
  pruneSync(before: number): PruneReport;
  verify(): Promise<VerifyReport>;
  stats(): StoreStats;
  /** `state` does not change until the promise is settled. */
  saveCheckpoint(id: string, state: Buffer, options: SaveOptions): Promise<CheckpointRecord>;
  loadCheckpoint(id: string): Promise<Buffer | null>;
  listCheckpoints(): CheckpointRecord[];
  deleteCheckpoint(id: string): Promise<boolean>;
  branch(stream: string, parent: string, from: number): Promise<Branch>;
  branches(): Branch[];
  close(): Promise<void>;
}
