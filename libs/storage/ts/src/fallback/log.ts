/** What an open store holds, and how records get into the log. */

import * as fs from 'node:fs';

import { STORAGE_CODES } from '../codes';
import { type Catalog } from './catalog';
import { encodeSegmentHeader, HEADER_BYTES, type Paths, type PruneMark, type SegmentHeader } from './format';
import {
  DIRECTORY,
  encodeRecord,
  EVENT,
  FLAG_CONTINUES,
  FLAG_GAP,
  recordBytes,
  SEAL,
  seedOf,
  sizeOf,
} from './record';
import { type Position, startOf } from './scan';
import { SegmentFile } from './segment-file';
import { emptySeal, encodeSeal, note, type Seal, type Segment } from './segments';
import { attempt, ioError, writeDurably } from './system';

/** Written without being asked when so much is waiting. */
const FULL = 256 << 10;
export const NO_STREAM: Uint8Array = Buffer.alloc(0);

/** A record that is to be appended. */
export interface Draft {
  readonly kind: number;
  readonly stream: Uint8Array;
  /** In parts. */
  readonly payload: readonly Uint8Array[];
  /** Number of an event where some are missing before it. */
  readonly jump?: number;
}

/** The segment that is written. */
export interface Active {
  readonly file: SegmentFile;
  readonly seed: number;
  /** Everything below was handed to the system. */
  written: number;
  /** Everything below is on the disk. */
  synced: number;
  /** What was not handed over yet: the first `used` bytes. */
  buffer: Buffer;
  used: number;
  seal: Seal;
}

export interface LogState {
  readonly paths: Paths;
  readonly id: Buffer;
  readonly segmentBytes: number;
  readonly readOnly: boolean;
  readonly segments: Segment[];
  readonly catalog: Catalog;
  readonly position: Position;
  readonly time: number;
  readonly active: Active | null;
  readonly mark: PruneMark;
  /** Milliseconds since 1970, for new segments. Default: that of the system. */
  readonly now?: () => number;
}

export class Log {
  readonly paths: Paths;
  readonly id: Buffer;
  readonly readOnly: boolean;
  /** Never empty. */
  segments: Segment[];
  catalog: Catalog;
  /** Where the next record goes (writer), or is expected (reader). */
  position: Position;
  /** Last event that was handed to the system. */
  private handed: number;
  /** Of the last record. */
  time: number;
  active: Active | null;
  /** First event and first segment that are still there. */
  mark: PruneMark;
  /** The first failure; after it nothing is written or acknowledged. */
  poisoned: string | null = null;
  closed = false;
  private readonly segmentBytes: number;
  private readonly now: () => number;

  constructor(state: LogState) {
    this.paths = state.paths;
    this.id = state.id;
    this.readOnly = state.readOnly;
    this.segments = state.segments;
    this.catalog = state.catalog;
    this.position = state.position;
    this.handed = state.position.next - 1;
    this.time = state.time;
    this.active = state.active;
    this.mark = state.mark;
    this.segmentBytes = state.segmentBytes;
    this.now = state.now ?? Date.now;
  }

  /** Number of the last event; 0 before the first. After a failure, of the last that can be read. */
  get last(): number {
    return this.poisoned === null ? this.position.next - 1 : this.handed;
  }

  /** Number of the last segment. */
  get segment(): number {
    return this.lastSegment.header.number;
  }

  get lastSegment(): Segment {
    return this.segments.at(-1)!;
  }

  assertOpen(): void {
    if (this.closed) throw STORAGE_CODES.error('STORAGE_CLOSED', 'the store is closed');
  }

  /** The segment that is written; throws where nothing may be. */
  writing(): Active {
    this.assertOpen();
    if (this.readOnly || this.active === null) {
      throw STORAGE_CODES.error('STORAGE_READ_ONLY', 'the store is open read-only');
    }
    if (this.poisoned !== null) {
      const message = `the store takes no more writes since one failed (${this.poisoned}); close it and open it again`;
      throw STORAGE_CODES.error('STORAGE_POISONED', message);
    }
    return this.active;
  }

  /** Remembers the first failure, and gives it as an error. */
  poison(action: string, path: string, error: unknown): Error {
    const failure = ioError(action, path, error);
    this.poisoned ??= failure.message;
    return failure;
  }

  /** Appends records, all or none, to the buffer. `time`: that of the records, where it is not now. */
  push(drafts: readonly Draft[], time = Date.now()): void {
    const active = this.writing();
    this.time = Math.max(this.time, time);
    let size = 0;
    for (const { stream, payload } of drafts) size += recordBytes(stream.length, sizeOf(payload));
    if (active.seal.records > 1 && this.position.offset + size > this.segmentBytes) this.roll();
    for (const [index, draft] of drafts.entries()) this.encode(draft, drafts.length - index - 1);
  }

  /** Whether the buffer has grown so much that it should be written. */
  get isFull(): boolean {
    return (this.active?.used ?? 0) >= FULL;
  }

  /** Hands the buffer to the system. */
  writeOut(): void {
    const active = this.writing();
    if (active.used === 0) return;
    try {
      active.file.write(active.buffer.subarray(0, active.used), active.written);
    } catch (error) {
      throw this.poison('write', this.paths.segment(this.segment), error);
    }
    this.handed = this.position.next - 1;
    active.written += active.used;
    active.used = 0;
    if (active.buffer.length > 4 * FULL) active.buffer = Buffer.allocUnsafeSlow(FULL);
    const segment = this.lastSegment;
    segment.end = active.written;
    segment.marks = active.seal.marks.filter(([, offset]) => offset < active.written);
  }

  /** Writes and syncs everything. */
  sync(): void {
    this.writeOut();
    const active = this.writing();
    if (active.synced === active.written) return;
    try {
      active.file.syncSync();
    } catch (error) {
      throw this.poison('sync', this.paths.segment(this.segment), error);
    }
    active.synced = active.written;
  }

  /** Seals the segment and begins the next. */
  roll(): void {
    const number = this.segment;
    this.seal();
    this.begin(number + 1);
  }

  /** Ends the segment. */
  seal(): void {
    const active = this.writing();
    this.encode({ kind: SEAL, stream: NO_STREAM, payload: [encodeSeal(active.seal)] }, 0);
    this.writeOut();
    try {
      active.file.truncate(this.position.offset);
      active.file.syncSync();
    } catch (error) {
      throw this.poison('seal', this.paths.segment(this.segment), error);
    }
    active.synced = active.written;
    this.lastSegment.sealed = true;
  }

  /** Makes a segment and writes to it from now on. */
  begin(number: number): void {
    const created = Math.max(this.time, this.now());
    const { next: first, previous } = this.position;
    const path = this.paths.segment(number);
    try {
      const header = { id: this.id, number, first, created, previous };
      const made = createSegment(path, header, this.catalog);
      this.active?.file.close();
      this.segments.push(made.segment);
      this.active = made.active;
      this.position = made.position;
      this.time = created;
    } catch (error) {
      throw this.poison('create', path, error);
    }
  }

  /** Trims and closes the file. */
  end(): void {
    this.closed = true;
    if (this.active === null) return;
    if (this.poisoned === null) {
      try {
        this.active.file.truncate(this.active.written);
      } catch {
        // Only saves room: what is cut off are zeros.
      }
    }
    this.active.file.close();
    this.active = null;
  }

  /** Appends a record to the buffer, and takes it into the catalog. */
  private encode({ kind, stream, payload, jump }: Draft, batch: number): void {
    const active = this.writing();
    let flags = this.position.batch > 0 ? FLAG_CONTINUES : 0;
    let { next } = this.position;
    const { offset, previous } = this.position;
    if (jump !== undefined) {
      flags |= FLAG_GAP;
      next = Math.max(next, jump);
    }
    const isEvent = kind === EVENT;
    const seq = isEvent ? next : next - 1;
    note(active.seal, { kind, seq }, { ...this.position, next });
    const total = recordBytes(stream.length, sizeOf(payload));
    const needed = active.used + total;
    if (needed > active.buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * active.buffer.length));
      active.buffer.copy(larger, 0, 0, active.used);
      active.buffer = larger;
    }
    const record = { kind, flags, stream, batch, seq, time: this.time, synced: active.synced, payload };
    const checksum = encodeRecord(active.buffer, active.used, active.seed, offset, previous, record);
    active.used = needed;
    this.position = {
      offset: offset + total,
      previous: checksum,
      next: isEvent ? next + 1 : next,
      batch,
    };
    if (!isEvent) this.catalog.apply(kind, Buffer.concat(payload), this.segment, offset);
  }
}

/** Writes a segment with its directory. */
export function createSegment(
  path: string,
  fields: Omit<SegmentHeader, 'checksum'>,
  catalog: Catalog,
): { segment: Segment; active: Active; position: Position } {
  const head = encodeSegmentHeader(fields);
  const header = { ...fields, checksum: head.readUInt32LE(HEADER_BYTES - 4) };
  const start = startOf(header);
  const seed = seedOf(header.id, header.number);
  const directory = catalog.directory();
  const bytes = Buffer.alloc(recordBytes(0, directory.length));
  const previous = encodeRecord(bytes, 0, seed, start.offset, start.previous, {
    kind: DIRECTORY,
    flags: 0,
    stream: NO_STREAM,
    batch: 0,
    seq: header.first - 1,
    time: header.created,
    synced: 0,
    payload: [directory],
  });
  writeDurably(path, [head, bytes]);
  const end = start.offset + bytes.length;
  const fd = attempt('open', path, () => fs.openSync(path, 'r+'));
  return {
    segment: { header, end, sealed: false, marks: [] },
    active: activeOf(new SegmentFile(fd), seed, end, { ...emptySeal(), records: 1 }),
    position: { ...start, previous, offset: end },
  };
}

/** A segment that is written up to an offset, and synced. */
export function activeOf(file: SegmentFile, seed: number, end: number, seal: Seal): Active {
  return { file, seed, written: end, synced: end, buffer: Buffer.allocUnsafeSlow(4096), used: 0, seal };
}
