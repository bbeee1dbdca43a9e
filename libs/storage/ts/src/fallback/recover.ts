/** Reads the last segment when a store is opened, and mends what a crash left. See docs/formats/storage.md. */

import * as fs from 'node:fs';
import { join } from 'node:path';

import { STORAGE_CODES } from '../codes';
import type { OpenReport } from '../types';
import { Catalog } from './catalog';
import { FORMAT_VERSION, hex16, type Paths } from './format';
import { BRANCH, EVENT, OPTIONAL, SEAL } from './record';
import { after, type Ending, type Position, Scanner, startOf } from './scan';
import { emptySeal, note, type Seal, type Segment } from './segments';
import { attempt, corrupt, readFull, writeDurably, writeFull } from './system';

const PIECE = 1 << 20;

/** What the last segment holds. */
export interface Tail {
  /** Behind the last whole batch. */
  position: Position;
  readonly catalog: Catalog;
  /** Of the last record. */
  time: number;
  /** The last record says that everything below was synced. */
  synced: number;
  sealed: boolean;
  seal: Seal;
  ending: Ending;
  /** Behind the last byte that is not zero. */
  written: number;
}

/** Reads the records of a segment from the beginning. */
export function readTail(fd: number, segment: Segment, paths: Paths): Tail {
  const { header } = segment;
  const { number } = header;
  const scanner = new Scanner(fd, header.id, number, fs.fstatSync(fd).size);
  const start = startOf(header);
  const tail: Tail = {
    position: start,
    catalog: new Catalog(),
    time: header.created,
    synced: 0,
    sealed: false,
    seal: emptySeal(),
    ending: { type: 'clean', reason: null },
    written: 0,
  };
  let position = start;
  let reason: string | null = null;
  let batch: { kind: number; payload: Buffer; offset: number }[] = [];
  for (;;) {
    const found = scanner.next(position);
    if (found.type === 'end') break;
    if (found.type === 'bad' || tail.sealed) {
      reason = found.type === 'bad' ? found.reason : 'a record follows the seal';
      break;
    }
    const record = found.header;
    checkKind(record.kind, paths.segment(number));
    note(tail.seal, record, position);
    if (record.kind !== EVENT) {
      batch.push({ kind: record.kind, payload: Buffer.from(found.payload), offset: position.offset });
    }
    tail.time = record.time;
    tail.synced = record.synced;
    position = after(position, record);
    if (record.batch > 0) continue;
    for (const { kind, payload, offset } of batch) {
      const problem = tail.catalog.apply(kind, payload, number, offset);
      if (problem !== null) throw corrupt(number, offset, problem);
      tail.sealed ||= kind === SEAL;
    }
    batch = [];
    tail.position = position;
  }
  tail.seal.marks = tail.seal.marks.filter(([, offset]) => offset < tail.position.offset);
  if (tail.position === start) {
    throw corrupt(number, start.offset, 'the directory at the beginning of the segment is damaged');
  }
  tail.ending = scanner.judge(tail.position.offset, position.offset, reason);
  if (tail.ending.type === 'corrupt') {
    throw corrupt(number, position.offset, `${tail.ending.reason}, and valid records follow`);
  }
  if (tail.ending.type === 'torn') {
    tail.written = scanner.writtenEnd(tail.position.offset);
    recount(scanner, segment, tail);
  }
  return tail;
}

/** A kind that only newer releases know is a newer format. */
export function checkKind(kind: number, path: string): void {
  if (kind <= BRANCH || kind >= OPTIONAL) return;
  const message = `${path} has a record of kind ${kind}, which this release does not know: use a newer release`;
  const details = { path, found: FORMAT_VERSION + 1, needed: FORMAT_VERSION + 1, supported: FORMAT_VERSION };
  throw STORAGE_CODES.error('STORAGE_FORMAT_NEWER', message, { details });
}

/** Counts again without the batch that was cut. */
function recount(scanner: Scanner, segment: Segment, tail: Tail): void {
  tail.seal = emptySeal();
  tail.synced = 0;
  let position = startOf(segment.header);
  while (position.offset < tail.position.offset) {
    const found = scanner.next(position);
    if (found.type !== 'record') break;
    note(tail.seal, found.header, position);
    tail.time = found.header.time;
    tail.synced = found.header.synced;
    position = after(position, found.header);
  }
}

/** Tells of a torn tail. */
export function reportOf(tail: Tail, segment: number): OpenReport {
  const isTorn = tail.ending.type === 'torn';
  const { offset, next } = tail.position;
  return {
    created: false,
    recoveredTo: next - 1,
    droppedBytes: isTorn ? Math.max(0, tail.written - offset) : 0,
    reason: isTorn ? tail.ending.reason : null,
    segment: isTorn ? segment : 0,
    offset: isTorn ? offset : 0,
    quarantined: null,
  };
}

/** Puts a torn tail aside, writes zeros in its place, and makes sure that what is kept is on the disk. */
export function mend(fd: number, paths: Paths, segment: Segment, tail: Tail): OpenReport {
  const { number } = segment.header;
  return attempt('mend', paths.segment(number), () => {
    let report = reportOf(tail, number);
    const cut = tail.position.offset;
    if (report.reason !== null) {
      const bytes = readRange(fd, cut, tail.written);
      fs.mkdirSync(paths.quarantine, { recursive: true });
      const quarantined = join(paths.quarantine, `${Date.now()}-${hex16(number)}-${cut}.bin`);
      writeDurably(quarantined, [bytes]);
      report = { ...report, quarantined };
      writeFull(fd, Buffer.alloc(bytes.length), cut);
    }
    // Bytes may be in the cache of the system alone, marked as written by a sync that failed before. So they are written anew.
    for (let offset = tail.synced; offset < cut; ) {
      const end = Math.min(cut, offset + PIECE);
      writeFull(fd, readRange(fd, offset, end), offset);
      offset = end;
    }
    fs.fdatasyncSync(fd);
    return report;
  });
}

function readRange(fd: number, from: number, to: number): Buffer {
  const bytes = Buffer.alloc(Math.max(0, to - from));
  return bytes.subarray(0, readFull(fd, bytes, from));
}
