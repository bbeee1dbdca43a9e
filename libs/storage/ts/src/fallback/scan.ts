/** Reads the records of one segment in order, and judges what is behind the last valid one. */

import { isUtf8 } from 'node:buffer';

import { MAX_NAME } from '../arguments';
import { RECORD_HEADER } from '../engine';
import { HEADER_BYTES, type SegmentHeader } from './format';
import {
  ALIGNMENT,
  decodeHeader,
  EVENT,
  FLAG_CONTINUES,
  FLAG_GAP,
  isRecord,
  payloadOf,
  type RecordHeader,
  seedOf,
} from './record';
import { readFull } from './system';

const WINDOW = 1 << 20;
/** What a disk writes whole or not at all. */
const SECTOR = 512;

/** Where a reader stands in a segment, and what the next record must continue. */
export interface Position {
  /** Offset of the next record. */
  readonly offset: number;
  /** Checksum of the record before. */
  readonly previous: number;
  /** Number of the next event. */
  readonly next: number;
  /** Records of the current batch that are still to come. */
  readonly batch: number;
}

export function startOf(header: SegmentHeader): Position {
  return { offset: HEADER_BYTES, previous: header.checksum, next: header.first, batch: 0 };
}

/** What does not fit where a record should continue a position; null where all does. */
export function misfit(position: Position, header: RecordHeader): string | null {
  if (header.previous !== position.previous) return 'the record does not continue the one before it';
  const continues = (header.flags & FLAG_CONTINUES) !== 0;
  if (continues !== position.batch > 0 || (continues && header.batch !== position.batch - 1)) {
    return 'the record does not continue its batch';
  }
  const { next } = position;
  let isNumbered = header.seq === next - 1;
  if (header.kind === EVENT) {
    isNumbered = (header.flags & FLAG_GAP) === 0 ? header.seq === next : header.seq >= next;
  }
  return isNumbered ? null : 'the record has the wrong sequence number';
}

export function after(position: Position, header: RecordHeader): Position {
  return {
    offset: position.offset + header.total,
    previous: header.checksum,
    next: header.kind === EVENT ? header.seq + 1 : position.next,
    batch: header.batch,
  };
}

/** What is found at a position: a record, the end, or something else and what does not fit. */
export type Found =
  | {
      readonly type: 'record';
      readonly header: RecordHeader;
      readonly bytes: Buffer;
      readonly payload: Buffer;
    }
  | { readonly type: 'end' }
  | { readonly type: 'bad'; readonly reason: string };

/** How the written part of the last segment ends: as it should, by a write that was interrupted, or by damage. */
export interface Ending {
  readonly type: 'clean' | 'torn' | 'corrupt';
  readonly reason: string | null;
}

const END: Found = { type: 'end' };

/** A window over a segment's file. What it gives is valid until the next call. */
export class Scanner {
  private readonly seed: number;
  private window = Buffer.alloc(0);
  private windowAt = 0;

  constructor(
    private readonly fd: number,
    id: Buffer,
    segment: number,
    /** Reads up to here; at most the length of the file. */
    private readonly end: number,
  ) {
    this.seed = seedOf(id, segment);
  }

  /** What is at a position. */
  next(position: Position): Found {
    const { offset } = position;
    if (offset >= this.end) return END;
    const header = this.recordAt(offset);
    if (typeof header === 'string') {
      return this.zerosUntil(offset) >= this.end ? END : { type: 'bad', reason: header };
    }
    const reason = misfit(position, header);
    if (reason !== null) return { type: 'bad', reason };
    const bytes = this.bytes(offset, header.total);
    return { type: 'record', header, bytes, payload: payloadOf(header, bytes) };
  }

  /** The next valid record at or behind an offset, whatever is before it. */
  nextValid(from: number): { offset: number; header: RecordHeader } | null {
    let offset = Math.ceil(from / ALIGNMENT) * ALIGNMENT;
    while (offset + RECORD_HEADER <= this.end) {
      if (this.bytes(offset + 4, 4).readUInt32LE(0) === 0) {
        const zeros = this.zerosUntil(offset + 4);
        // A header checksum may itself be zero, so its record is tried all the same.
        if (zeros >= offset + RECORD_HEADER) {
          offset = Math.max(Math.floor(zeros / ALIGNMENT) * ALIGNMENT - RECORD_HEADER, offset + ALIGNMENT);
          continue;
        }
      }
      const header = this.recordAt(offset);
      if (typeof header !== 'string') return { offset, header };
      offset += ALIGNMENT;
    }
    return null;
  }

  /** Bytes of a record that `nextValid` found. */
  record(offset: number, header: RecordHeader): Buffer {
    return this.bytes(offset, header.total);
  }

  /** Last byte that is not zero, plus one; `from` where there is none behind it. */
  writtenEnd(from: number): number {
    let last = from;
    for (let offset = from; offset < this.end; ) {
      const bytes = this.bytes(offset, WINDOW);
      if (bytes.length === 0) break;
      for (let index = bytes.length - 1; index >= 0; index--) {
        if (bytes[index] !== 0) {
          last = offset + index + 1;
          break;
        }
      }
      offset += bytes.length;
    }
    return last;
  }

  /** Judges the end: `cut` is where the last whole batch ends, `bad` the first place without a valid record. */
  judge(cut: number, bad: number, reason: string | null): Ending {
    if (reason === null) {
      return cut < bad
        ? { type: 'torn', reason: 'a batch was not written whole' }
        : { type: 'clean', reason: null };
    }
    const first = this.nextValid(bad + ALIGNMENT);
    if (first === null) return { type: 'torn', reason };
    if (!this.hasLostSector(bad, first.offset)) return { type: 'corrupt', reason };
    for (let next: typeof first | null = first; next !== null; ) {
      if (next.header.synced > bad) return { type: 'corrupt', reason };
      next = this.nextValid(next.offset + next.header.total);
    }
    return { type: 'torn', reason: 'parts of the last writes did not reach the disk' };
  }

  /** Whether a sector between the bad place and the next valid record was never written: it is zero behind the bad place. */
  private hasLostSector(bad: number, next: number): boolean {
    for (let sector = Math.floor(bad / SECTOR) * SECTOR; sector < next; sector += SECTOR) {
      if (this.zerosUntil(Math.max(sector, bad)) >= Math.min(sector + SECTOR, this.end)) return true;
    }
    return false;
  }

  private recordAt(offset: number): RecordHeader | string {
    const head = this.bytes(offset, RECORD_HEADER);
    if (head.length < RECORD_HEADER) return 'the file ends within a record header';
    const header = decodeHeader(head, this.seed, offset);
    if (header === null) return 'the record header does not match its checksum';
    if (offset + header.total > this.end) return 'the file ends within a record';
    const whole = this.bytes(offset, header.total);
    if (!isRecord(header, whole, this.seed, offset)) return 'the record does not match its checksum';
    const name = whole.subarray(RECORD_HEADER, RECORD_HEADER + header.stream);
    return header.stream > MAX_NAME || !isUtf8(name) ? 'the stream name is not valid' : header;
  }

  /** Bytes of the segment; fewer where it ends. */
  private bytes(offset: number, wanted: number): Buffer {
    const available = Math.max(0, this.end - offset);
    const count = Math.min(wanted, available);
    const skip = offset - this.windowAt;
    if (skip >= 0 && skip + count <= this.window.length) return this.window.subarray(skip, skip + count);
    const window = Buffer.allocUnsafe(Math.min(Math.max(count, WINDOW), available));
    this.window = window.subarray(0, readFull(this.fd, window, offset));
    this.windowAt = offset;
    return this.window.subarray(0, count);
  }

  /** The offset of the first byte that is not zero, or the end. */
  private zerosUntil(from: number): number {
    for (let offset = from; offset < this.end; ) {
      // What is in the window first, so that small steps stay cheap.
      const inside = offset >= this.windowAt ? this.windowAt + this.window.length - offset : 0;
      const bytes = this.bytes(offset, inside > 0 ? inside : WINDOW);
      if (bytes.length === 0) break;
      for (let index = 0; index < bytes.length; index++) {
        if (bytes[index] !== 0) return offset + index;
      }
      offset += bytes.length;
    }
    return this.end;
  }
}
