/** The public types of a store. */

import type { EngineChoice } from '@fishplate/engine';

/**
 * What an append waits for: `memory` nothing (a crash of the process may lose it), `os` that the operating system has it (it survives
 * kill -9, not a loss of power), `group` a sync that is shared with others, `sync` a sync at once.
 */
export type Durability = 'memory' | 'os' | 'group' | 'sync';

/**
 * Where the writer is: `inproc` in this process, `sidecar` in one of its own, which all who open the store so share. It is started by
 * the first, and ends with the last.
 */
export type Transport = 'inproc' | 'sidecar';

/** Which engine is to run. */
export type EngineFlag = EngineChoice;

export interface OpenOptions {
  /** Of appends that say nothing else. Default: `group`. */
  readonly durability?: Durability;
  /** Open for reading; any number of readers may stand beside one writer. Default: false. */
  readonly readOnly?: boolean;
  /** Default: the environment variable FISHPLATE_STORAGE_ENGINE, else `auto`. */
  readonly engine?: EngineFlag;
  /** Size at which a new segment is begun, in bytes: 4096 to 1 GiB. Default: 16 MiB. */
  readonly segmentBytes?: number;
  /** Where the store is corrupt, salvage it and open what is left; `openReport.salvaged` tells. Default: false. */
  readonly salvage?: boolean;
  /** Open also on a network file system. Default: false. */
  readonly allowNetwork?: boolean;
  /** Default: `inproc`. With `sidecar`, a store that is open already keeps the options of who opened it first. */
  readonly transport?: Transport;
  /** Read sealed segments through memory that the system maps (native engine). It is measured to be no faster. Default: false. */
  readonly mmap?: boolean;
}

/** What opening found and did. */
export interface OpenReport {
  /** Whether the store was made. */
  readonly created: boolean;
  /** Last event that was kept; 0 where there is none. */
  readonly recoveredTo: number;
  /** Bytes that were cut off the end of the log; by a reader: that it passes over. */
  readonly droppedBytes: number;
  /** Why; null when nothing was cut. */
  readonly reason: string | null;
  /** Segment that was cut, and the offset from which; 0 when nothing was. */
  readonly segment: number;
  readonly offset: number;
  /** File that keeps what was cut. */
  readonly quarantined: string | null;
  /** Where `salvage: true` was needed: what it did. */
  readonly salvaged?: SalvageReport;
}

export interface SalvageReport {
  /** Events that were kept. */
  readonly events: number;
  /** First and last numbers of events that are missing. */
  readonly missing: readonly (readonly [number, number])[];
  readonly checkpoints: number;
  /** Ids of checkpoints that cannot be decoded any more. */
  readonly lostCheckpoints: readonly string[];
  readonly problems: readonly StoreProblem[];
  /** Directory that keeps the old log. */
  readonly quarantined: string;
}

/** Something that is damaged. */
export interface StoreProblem {
  /** 0 where it is a file outside the log. */
  readonly segment: number;
  readonly offset: number;
  readonly reason: string;
}

export interface StoredEvent {
  /** Number; the first is 1, and none is used twice. */
  readonly seq: number;
  /** Milliseconds since 1970, never below that of the event before. */
  readonly time: number;
  /** Empty: the unnamed stream. */
  readonly stream: string;
  readonly data: Buffer;
}

export interface ReplayOptions {
  /** First number. Default: the first that is still there. */
  readonly from?: number;
  /** Last number. Default: the last there is when the iteration begins. */
  readonly to?: number;
  /** Only those of a stream, with what it continues where it is a branch. */
  readonly stream?: string;
  /** At most so many. */
  readonly limit?: number;
  /** `replay`: `data` is valid until the iteration goes on, and overwritten then. Takes less memory. Default: false. */
  readonly lend?: boolean;
}

export interface TailOptions {
  /** First number. Default: what is appended from now on. */
  readonly from?: number;
  readonly stream?: string;
  /** Ends the iteration with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface PruneReport {
  /** First event that is still there. */
  readonly before: number;
  /** Segments that were removed, and their bytes. */
  readonly segments: number;
  readonly bytes: number;
}

export interface VerifyReport {
  readonly segments: number;
  readonly records: number;
  readonly events: number;
  readonly checkpoints: number;
  /** Empty when all is well. */
  readonly problems: readonly StoreProblem[];
}

export interface StoreStats {
  /** First event that is still there; one above the last where there is none. */
  readonly firstSeq: number;
  /** Last event; 0 before the first. */
  readonly lastSeq: number;
  readonly segments: number;
  /** Bytes of the log, without zeros ahead of it. */
  readonly logBytes: number;
  readonly checkpoints: number;
  /** Stored bytes of checkpoints, shared ones counted once. */
  readonly checkpointBytes: number;
  readonly branches: number;
  /** The first failure, after which nothing is written. */
  readonly poisoned: string | null;
}

export interface CheckpointOptions {
  /** Id of a checkpoint that the state has much in common with: only the difference is stored, where that pays. */
  readonly base?: string;
  /** Any JSON value. */
  readonly metadata?: unknown;
  /** Stream that it belongs to. Default: the unnamed one. */
  readonly stream?: string;
  /** Last event that the state contains. Default: the last that was appended. */
  readonly seq?: number;
}

export interface CheckpointInfo {
  readonly id: string;
  readonly stream: string;
  /** Last event that the state contains; 0 is the state before the first. */
  readonly seq: number;
  /** When it was saved, in milliseconds since 1970. */
  readonly time: number;
  /** Bytes of the state. */
  readonly size: number;
  /** Bytes that it takes. */
  readonly stored: number;
  /** Checkpoint that it is stored as a difference from. */
  readonly base: string | null;
  /** How many records are read to load it: 1 to 8. */
  readonly depth: number;
  readonly metadata: unknown;
}

export interface CheckpointFilter {
  readonly stream?: string;
  /** Ids that begin with it. */
  readonly prefix?: string;
  /** Those of states after at least, and at most, this event. */
  readonly from?: number;
  readonly to?: number;
}

/** A stream that begins as another was after an event. */
export interface Branch {
  readonly stream: string;
  readonly parent: string;
  readonly from: number;
}

export interface BranchOptions {
  /** Name of the new stream. Default: one that is free, made from parent and number. */
  readonly stream?: string;
  /** Default: the unnamed stream. */
  readonly parent?: string;
}

/** Something that happened. */
export type Moment =
  | {
      readonly type: 'event';
      readonly seq: number;
      readonly time: number;
      readonly stream: string;
      readonly size: number;
    }
  | {
      readonly type: 'checkpoint';
      readonly seq: number;
      readonly time: number;
      readonly stream: string;
      readonly id: string;
    };

/** How a state is restored: begin with `state`, then apply `events`. */
export interface Restored {
  /** Nearest checkpoint; null: begin with nothing. */
  readonly checkpoint: CheckpointInfo | null;
  readonly state: Buffer | null;
  /** Events to apply; `from` is above `to` when there is none. */
  readonly from: number;
  readonly to: number;
  readonly events: Iterable<StoredEvent>;
}
