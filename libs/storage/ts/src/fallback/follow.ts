/** How a reader sees what a writer in another process appends. */

import * as fs from 'node:fs';

import { isFishplateError } from '@fishplate/engine';

import { HEADER_BYTES } from './format';
import type { Log } from './log';
import { loadBesideWriter } from './open';
import { EVENT, SEAL } from './record';
import { checkKind } from './recover';
import { after, Scanner, startOf } from './scan';
import { emptySeal, note, readHeader, readMark, type Segment, segmentNumbers } from './segments';
import { corrupt, readFull, withFile } from './system';

/** Makes everything visible that was appended until now. */
export function refresh(log: Log): void {
  log.assertOpen();
  if (!log.readOnly) {
    // After a failure, what was written before it can still be read.
    if (log.poisoned === null) log.writeOut();
    return;
  }
  log.mark = readMark(log.paths, log.id);
  if (!follow(log)) {
    // The writer pruned the segment that we were in.
    const { segments, tail } = loadBesideWriter(log.paths, log.id);
    log.segments = segments;
    log.catalog = tail.catalog;
    log.position = tail.position;
  }
  while (log.segments.length > 1 && log.segments[0]!.header.number < log.mark.segment) log.segments.shift();
}

/** False where a segment is not there any more. */
function follow(log: Log): boolean {
  for (;;) {
    const last = log.lastSegment;
    const { number } = last.header;
    if (!last.sealed) {
      const isThere = withFile(log.paths.segment(number), 'r', (fd) => {
        readNew(log, last, fd);
        return true;
      });
      if (isThere === null) return false;
      if (!last.sealed) return true;
    }
    const next = number + 1;
    const path = log.paths.segment(next);
    const header = withFile(path, 'r', (fd) => readHeader(fd, next, path, false));
    // Not begun yet, or pruned already: then a later one is there.
    if (header === null) return (segmentNumbers(log.paths).at(-1) ?? 0) <= next;
    if (header.previous !== log.position.previous || !header.id.equals(log.id)) {
      throw corrupt(next, 56, 'the segment does not continue the one before it');
    }
    log.position = startOf(header);
    log.segments.push({ header, end: HEADER_BYTES, sealed: false, marks: [] });
  }
}

/** Takes whole batches in; what is not whole yet is the end for now. */
function readNew(log: Log, segment: Segment, fd: number): void {
  const head = Buffer.alloc(8);
  readFull(fd, head, log.position.offset);
  if (head.readUInt32LE(0) === 0 && head.readUInt32LE(4) === 0) return;
  const { number } = segment.header;
  const scanner = new Scanner(fd, log.id, number, fs.fstatSync(fd).size);
  const seal = { ...emptySeal(), marks: [...segment.marks] };
  let { position } = log;
  let batch: { kind: number; payload: Buffer; offset: number }[] = [];
  while (!segment.sealed) {
    const found = scanner.next(position);
    if (found.type !== 'record') break;
    const { header } = found;
    checkKind(header.kind, log.paths.segment(number));
    note(seal, header, position);
    if (header.kind !== EVENT) {
      batch.push({ kind: header.kind, payload: Buffer.from(found.payload), offset: position.offset });
    }
    position = after(position, header);
    if (header.batch > 0) continue;
    for (const { kind, payload, offset } of batch) {
      const problem = log.catalog.apply(kind, payload, number, offset);
      if (problem !== null) throw corrupt(number, offset, problem);
      segment.sealed ||= kind === SEAL;
    }
    batch = [];
    log.position = position;
    segment.end = position.offset;
  }
  segment.marks = seal.marks.filter(([, offset]) => offset < segment.end);
}

/** Whether an error is one of damage. */
export function isCorruption(error: unknown): boolean {
  return isFishplateError(error) && error.code === 'STORAGE_CORRUPT';
}
