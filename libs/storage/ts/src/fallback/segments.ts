/** Segments on the disk: their seals, which are there and which are left over. */

import * as fs from 'node:fs';

import { RECORD_HEADER } from '../engine';
import {
  decodeMark,
  decodeSegmentHeader,
  HEADER_BYTES,
  type Paths,
  type PruneMark,
  type SegmentHeader,
  segmentNumber,
} from './format';
import {
  ALIGNMENT,
  decodeHeader,
  EVENT,
  isRecord,
  payloadOf,
  type RecordHeader,
  SEAL,
  seedOf,
} from './record';
import { type Position, startOf } from './scan';
import { corrupt, list, readFile, readFull, withFile } from './system';

/** How far marks are apart. */
export const MARK_EVERY = 256 << 10;
const MAGIC = Buffer.from('SEAL');

/** A place in a segment where a replay can begin: number of the next event, offset, checksum before. */
export type Mark = readonly [next: number, offset: number, previous: number];

/** What a seal says about its segment. */
export interface Seal {
  first: number;
  last: number;
  events: number;
  records: number;
  marks: Mark[];
}

export interface Segment {
  readonly header: SegmentHeader;
  /** Up to where it can be read. */
  end: number;
  sealed: boolean;
  marks: Mark[];
}

export function emptySeal(): Seal {
  return { first: 0, last: 0, events: 0, records: 0, marks: [] };
}

/** Takes a record into what the seal will say. */
export function note(
  seal: Seal,
  { kind, seq }: Pick<RecordHeader, 'kind' | 'seq'>,
  position: Position,
): void {
  if (kind === SEAL) return;
  seal.records++;
  if (kind !== EVENT) return;
  // A mark stands before a batch, never within one.
  if (position.offset >= (seal.marks.at(-1)?.[1] ?? 0) + MARK_EVERY && position.batch === 0) {
    seal.marks.push([position.next, position.offset, position.previous]);
  }
  if (seal.events === 0) seal.first = seq;
  seal.last = seq;
  seal.events++;
}

/** JSON, zeros, the size of the record and a magic word, so that it is found from the end of the file. */
export function encodeSeal(seal: Seal): Buffer {
  const json = Buffer.from(JSON.stringify(seal));
  const total = Math.ceil((RECORD_HEADER + json.length + 8) / ALIGNMENT) * ALIGNMENT;
  const payload = Buffer.alloc(total - RECORD_HEADER);
  json.copy(payload);
  payload.writeUInt32LE(total, payload.length - 8);
  MAGIC.copy(payload, payload.length - 4);
  return payload;
}

function decodeSeal(payload: Buffer): Seal | null {
  try {
    let end = payload.length - 8;
    while (end > 0 && payload[end - 1] === 0) end--;
    const seal = JSON.parse(payload.toString('utf8', 0, end)) as Seal;
    return { ...seal, marks: seal.marks ?? [] };
  } catch {
    return null;
  }
}

/** The best place in a segment to begin a replay from an event. */
export function seek(segment: Segment, from: number): Position {
  const mark = segment.marks.findLast(([next]) => next <= from);
  if (mark === undefined) return startOf(segment.header);
  const [next, offset, previous] = mark;
  return { offset, previous, next, batch: 0 };
}

/** Reads the header of a segment. */
export function readHeader(fd: number, number: number, path: string, writes: boolean): SegmentHeader {
  const bytes = Buffer.alloc(HEADER_BYTES);
  return decodeSegmentHeader(bytes.subarray(0, readFull(fd, bytes, 0)), number, path, writes);
}

/** Reads the seal of a segment that is not the last: its end, its checksum and what it says. */
function readSeal(fd: number, header: SegmentHeader): { end: number; checksum: number; seal: Seal } {
  const { number, id } = header;
  const end = contentEnd(fd);
  const missing = (offset: number): Error =>
    corrupt(number, offset, 'the seal at the end of the segment is missing or damaged');
  const trailer = Buffer.alloc(8);
  const at = end - 8;
  if (at < HEADER_BYTES || readFull(fd, trailer, at) < 8 || !trailer.subarray(4).equals(MAGIC)) {
    throw missing(Math.max(at, 0));
  }
  const size = trailer.readUInt32LE(0);
  const start = end - size;
  if (start < HEADER_BYTES) throw missing(at);
  const bytes = Buffer.alloc(size);
  const count = readFull(fd, bytes, start);
  const seed = seedOf(id, number);
  const record = decodeHeader(bytes, seed, start);
  const isSeal = record !== null && record.kind === SEAL && record.total === count && count === size;
  if (!isSeal || !isRecord(record, bytes, seed, start)) throw missing(start);
  const seal = decodeSeal(payloadOf(record, bytes));
  if (seal === null) throw missing(start);
  return { end, checksum: record.checksum, seal };
}

/** The end of a file without the zeros behind its content: a crash may keep those that were cut off. */
function contentEnd(fd: number): number {
  const bytes = Buffer.alloc(4096);
  for (let end = fs.fstatSync(fd).size; end > 0; ) {
    const start = Math.max(0, end - bytes.length);
    const count = Math.min(readFull(fd, bytes, start), end - start);
    for (let index = count - 1; index >= 0; index--) if (bytes[index] !== 0) return start + index + 1;
    end = start;
  }
  return 0;
}

/** The prune mark; that of a log that was never pruned where there is none. */
export function readMark(paths: Paths, id: Buffer): PruneMark {
  const bytes = readFile(paths.mark, 64);
  return bytes === null ? { before: 1, segment: 1 } : decodeMark(bytes, id);
}

/** Numbers of the segments on the disk, rising. */
export function segmentNumbers(paths: Paths): number[] {
  const numbers = (list(paths.log) ?? []).map(segmentNumber).filter((number) => number > 0);
  return numbers.sort((a, b) => a - b);
}

/** The segments of a log, and those that a prune left over. */
export interface Listing {
  /** In order. The last has neither end nor marks yet. */
  readonly segments: Segment[];
  readonly leftovers: number[];
}

/** Reads headers and seals, and checks that they make one log. */
export function loadSegments(paths: Paths, id: Buffer, mark: PruneMark, writes: boolean): Listing {
  const all = segmentNumbers(paths);
  const leftovers = all.filter((number) => number < mark.segment);
  const segments: Segment[] = [];
  let next: SegmentHeader | undefined;
  for (const number of all.filter((it) => it >= mark.segment).reverse()) {
    if (next !== undefined && next.number !== number + 1) {
      throw corrupt(number + 1, 0, 'the segment is missing');
    }
    const segment = loadSegment(paths, id, number, next, writes);
    segments.push(segment);
    next = segment.header;
  }
  segments.reverse();
  if ((segments[0]?.header.number ?? 0) !== mark.segment) {
    throw corrupt(mark.segment, 0, 'the segment is missing');
  }
  return { segments, leftovers };
}

function loadSegment(
  paths: Paths,
  id: Buffer,
  number: number,
  next: SegmentHeader | undefined,
  writes: boolean,
): Segment {
  const path = paths.segment(number);
  const segment = withFile(path, 'r', (fd): Segment => {
    const header = readHeader(fd, number, path, writes);
    if (!header.id.equals(id)) throw corrupt(number, 16, 'the segment belongs to another store');
    if (next === undefined) return { header, end: HEADER_BYTES, sealed: false, marks: [] };
    const { end, checksum, seal } = readSeal(fd, header);
    if (next.previous !== checksum || next.first < header.first) {
      throw corrupt(next.number, 56, 'the segment does not continue the one before it');
    }
    return { header, end, sealed: true, marks: seal.marks };
  });
  // A prune beside us removed it; whoever reads beside a writer looks again.
  if (segment === null) throw corrupt(number, 0, 'the segment is missing');
  return segment;
}
