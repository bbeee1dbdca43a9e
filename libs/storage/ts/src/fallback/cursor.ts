/** Reading events: raw pieces of segments in a slab, and where in it the payloads are. */

import { ENTRY, type EngineCursor, type Query, RECORD_HEADER } from '../engine';
import { lineageOf } from '../history';
import { refresh } from './follow';
import type { Log } from './log';
import { decodeHeader, EVENT, isRecord, seedOf } from './record';
import { after, misfit, type Position, startOf } from './scan';
import { seek, type Segment } from './segments';
import { corrupt, readFull, withFile } from './system';

interface Place {
  readonly segment: number;
  readonly position: Position;
}

/** A piece of a segment that can be read. */
interface Piece extends Place {
  readonly end: number;
}

export class Cursor implements EngineCursor {
  private readonly lineage: ReadonlyMap<string, number> | null;
  private readonly to: number;
  private left: number;
  private place: Place | null = null;

  constructor(
    private readonly log: Log,
    private readonly query: Query,
  ) {
    refresh(log);
    this.lineage = query.stream === null ? null : lineageOf(log.catalog.branchList(), query.stream);
    this.to = query.to ?? Number.POSITIVE_INFINITY;
    this.left = query.limit ?? Number.POSITIVE_INFINITY;
  }

  fill(slab: Buffer, entries: Float64Array): number {
    this.log.assertOpen();
    while (this.left > 0) {
      const piece = this.nextPiece();
      if (piece === null || piece.position.next > this.to) return 0;
      const room = Math.min(piece.end - piece.position.offset, slab.length);
      const bytes = slab.subarray(0, room);
      const path = this.log.paths.segment(piece.segment);
      const count = withFile(path, 'r', (fd) => readFull(fd, bytes, piece.position.offset));
      if (count === null) {
        this.pass(piece.segment);
        continue;
      }
      if (count < room) {
        throw corrupt(piece.segment, piece.position.offset + count, 'the file ends within the log');
      }
      const taken = this.take(piece, bytes, entries);
      if (taken !== 0) return taken;
    }
    return 0;
  }

  /** Takes the records in the bytes at a piece's position; below 0: the size of the first one, where it does not fit. */
  private take(piece: Piece, bytes: Buffer, entries: Float64Array): number {
    const seed = seedOf(this.log.id, piece.segment);
    const first = Math.max(this.query.from, this.log.mark.before);
    let { position } = piece;
    let [at, taken] = [0, 0];
    while (at < bytes.length) {
      const rest = bytes.subarray(at);
      if (rest.length < RECORD_HEADER) {
        if (at === 0) return -4096;
        break;
      }
      const { offset } = position;
      const header = decodeHeader(rest, seed, offset);
      if (header === null) {
        throw corrupt(piece.segment, offset, 'the record header does not match its checksum');
      }
      if (header.total > piece.end - offset) {
        throw corrupt(piece.segment, offset, 'the record is longer than the log');
      }
      if (header.total > rest.length) {
        if (at === 0) return -header.total;
        break;
      }
      if (!isRecord(header, rest, seed, offset)) {
        throw corrupt(piece.segment, offset, 'the record does not match its checksum');
      }
      const reason = misfit(position, header);
      if (reason !== null) throw corrupt(piece.segment, offset, reason);
      if (header.kind === EVENT) {
        if (header.seq > this.to || this.left === 0) {
          this.left = 0;
          break;
        }
        const stream = at + RECORD_HEADER;
        const start = stream + header.stream;
        if (header.seq >= first && this.wants(bytes, stream, start, header.seq)) {
          entries.set([header.seq, header.time, stream, start, start + header.payload], taken * ENTRY);
          taken++;
          this.left--;
        }
      }
      position = after(position, header);
      at += header.total;
    }
    this.place = { segment: piece.segment, position };
    return taken;
  }

  private wants(bytes: Buffer, start: number, end: number, seq: number): boolean {
    if (this.lineage === null) return true;
    const limit = this.lineage.get(bytes.toString('utf8', start, end));
    return limit !== undefined && seq <= limit;
  }

  /** What is to be read next, if there is something. */
  private nextPiece(): Piece | null {
    const { log } = this;
    const { lastSegment } = log;
    const { place: before } = this;
    const isAtEnd =
      before !== null &&
      before.segment === lastSegment.header.number &&
      lastSegment.end <= before.position.offset;
    if (before === null || isAtEnd) refresh(log);
    const from = Math.max(this.query.from, log.mark.before);
    let place = before !== null && before.position.next >= from ? before : this.sought(from, before);
    for (;;) {
      const index = log.segments.findIndex(({ header }) => header.number >= place.segment);
      const segment = log.segments[index];
      if (segment === undefined) return null;
      if (segment.header.number !== place.segment) {
        // Pruned meanwhile: the first that is left.
        place = beginning(segment);
        continue;
      }
      this.place = place;
      if (place.position.offset < segment.end) return { ...place, end: segment.end };
      const next = log.segments[index + 1];
      if (next === undefined || !segment.sealed) return null;
      place = beginning(next);
    }
  }

  /** At the beginning, or where a prune went past us: the last segment that begins at or below the first event. */
  private sought(from: number, before: Place | null): Place {
    const { segments } = this.log;
    const segment = segments.findLast(({ header }) => header.first <= from) ?? segments[0]!;
    const sought = { segment: segment.header.number, position: seek(segment, from) };
    if (before === null || before.segment < sought.segment) return sought;
    const isBehind = before.segment > sought.segment || before.position.offset >= sought.position.offset;
    return isBehind ? before : sought;
  }

  /** Goes past a segment that a prune removed. */
  private pass(number: number): void {
    refresh(this.log);
    const next = this.log.segments.find(({ header }) => header.number > number);
    if (number >= this.log.mark.segment || next === undefined) {
      throw corrupt(number, 0, 'the segment is missing');
    }
    this.place = beginning(next);
  }
}

function beginning({ header }: Segment): Place {
  return { segment: header.number, position: startOf(header) };
}
