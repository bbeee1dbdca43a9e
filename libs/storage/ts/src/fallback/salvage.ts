/** Making a damaged store usable again, with all that is still valid. */

import * as fs from 'node:fs';
import { join } from 'node:path';

import { isFishplateError } from '@fishplate/engine';

import { type EngineOptions, RECORD_HEADER } from '../engine';
import type { SalvageReport, StoreProblem } from '../types';
import { Catalog, checkpointHead } from './catalog';
import { loadState, readInline } from './checkpoints';
import { decodeStore, encodeMark, encodeStore, HEADER_BYTES, Paths, type PruneMark } from './format';
import { Lock } from './lock';
import { createSegment, type Draft, Log, NO_STREAM } from './log';
import { checkNetwork, DEFAULT_SEGMENT, finishSalvage, notFound } from './open';
import { BRANCH, CHECKPOINT, EVENT, FLAG_CONTINUES, payloadOf, type RecordHeader } from './record';
import { Scanner } from './scan';
import { readHeader, readMark, segmentNumbers } from './segments';
import { attempt, corrupt, list, readFile, syncDirectory, withFile, writeDurably } from './system';

/** Writes the log of a damaged store anew, and puts the old one into `quarantine/`. */
export async function salvageFallback(directory: string, options: EngineOptions): Promise<SalvageReport> {
  const paths = new Paths(directory);
  const isLocal = checkNetwork(directory, options.allowNetwork);
  if (list(directory) === null) throw notFound(directory);
  const lock = await Lock.take(paths, isLocal);
  try {
    finishSalvage(paths);
    const numbers = segmentNumbers(paths);
    if (numbers.length === 0) throw notFound(directory);
    return new Salvage(paths, numbers, options.segmentBytes ?? DEFAULT_SEGMENT).run();
  } finally {
    lock.release();
  }
}

/** A valid record, copied out of its segment. */
interface Kept {
  readonly header: RecordHeader;
  readonly stream: Buffer;
  readonly payload: Buffer;
  readonly offset: number;
}

class Salvage {
  private readonly problems: StoreProblem[] = [];
  private readonly missing: [number, number][] = [];
  private readonly lost: string[] = [];
  private readonly alive = new Catalog();
  private readonly id: Buffer;
  private readonly mark: PruneMark;
  private readonly target: Log;
  /** Records of a batch that is not whole yet. */
  private pending: Kept[] = [];
  /** Number of the next event, if none is missing. */
  private next: number;
  /** Numbers below were certainly given. */
  private floor: number;
  private events = 0;
  private checkpoints = 0;

  constructor(
    private readonly old: Paths,
    private readonly numbers: readonly number[],
    segmentBytes: number,
  ) {
    this.id = this.identity();
    this.mark = this.pruneMark();
    this.next = this.mark.before;
    this.floor = this.mark.before;
    const paths = new Paths(old.root, 'log.salvage.tmp');
    attempt('clear', paths.log, () => {
      fs.rmSync(paths.log, { recursive: true, force: true });
      fs.mkdirSync(paths.log, { recursive: true });
    });
    const { segment: number, before: first } = this.mark;
    // Times of events are kept, so that this one must not be above them.
    const header = { id: this.id, number, first, created: 0, previous: 0 };
    const made = createSegment(paths.segment(number), header, new Catalog());
    this.target = new Log({
      paths,
      id: this.id,
      segmentBytes,
      readOnly: false,
      segments: [made.segment],
      catalog: new Catalog(),
      position: made.position,
      time: 0,
      active: made.active,
      mark: this.mark,
      now: () => 0,
    });
  }

  run(): SalvageReport {
    try {
      for (const number of this.numbers) this.copySegment(number);
      this.finishEvents();
      this.keepCheckpoints();
      this.target.sync();
    } finally {
      this.target.end();
    }
    writeDurably(join(this.target.paths.log, 'COMPLETE'), [Buffer.from('1')]);
    return {
      events: this.events,
      missing: this.missing,
      checkpoints: this.checkpoints,
      lostCheckpoints: this.lost,
      problems: this.problems,
      quarantined: this.replace(),
    };
  }

  /** The id of the store, from whatever still tells it. */
  private identity(): Buffer {
    const stored = readFile(this.old.store, 128);
    try {
      if (stored !== null) return decodeStore(stored, this.old.store, true);
    } catch (error) {
      if (isNewer(error)) throw error;
    }
    this.problems.push({ segment: 0, offset: 0, reason: 'the file STORE is missing or damaged' });
    for (const number of this.numbers) {
      const header = this.headerOf(number);
      if (header !== null) return header.id;
    }
    const reason =
      'neither STORE nor any segment tells the id of the store, without which no record can be checked';
    throw corrupt(0, 0, reason);
  }

  private pruneMark(): PruneMark {
    try {
      return readMark(this.old, this.id);
    } catch (error) {
      this.problems.push({ segment: 0, offset: 0, reason: (error as Error).message });
      return { before: 1, segment: 1 };
    }
  }

  private headerOf(number: number) {
    const path = this.old.segment(number);
    try {
      return withFile(path, 'r', (fd) => readHeader(fd, number, path, true));
    } catch (error) {
      if (isNewer(error)) throw error;
      return null;
    }
  }

  private copySegment(number: number): void {
    const header = this.headerOf(number);
    if (header === null) this.problem(number, 0, 'the segment header is damaged');
    else this.floor = Math.max(this.floor, header.first);
    withFile(this.old.segment(number), 'r', (fd) => {
      const scanner = new Scanner(fd, this.id, number, fs.fstatSync(fd).size);
      let offset = HEADER_BYTES;
      for (let found = scanner.nextValid(offset); found !== null; found = scanner.nextValid(offset)) {
        if (found.offset > offset) {
          this.problem(number, offset, 'no valid record');
          this.pending = [];
        }
        const bytes = Buffer.from(scanner.record(found.offset, found.header));
        offset = found.offset + found.header.total;
        this.take(number, {
          header: found.header,
          stream: bytes.subarray(RECORD_HEADER, RECORD_HEADER + found.header.stream),
          payload: payloadOf(found.header, bytes),
          offset: found.offset,
        });
      }
      if (scanner.writtenEnd(offset) > offset) this.problem(number, offset, 'no valid record');
      this.pending = [];
    });
  }

  private take(number: number, kept: Kept): void {
    const { header } = kept;
    const last = this.pending.at(-1)?.header;
    const continues = (header.flags & FLAG_CONTINUES) !== 0;
    const fits = last !== undefined && last.checksum === header.previous && last.batch === header.batch + 1;
    if (!continues || !fits) this.pending = [];
    if (continues && !fits) {
      this.problem(number, kept.offset, 'a batch is not whole');
      return;
    }
    this.pending.push(kept);
    if (header.batch === 0) this.keepBatch(number);
  }

  /** Writes the events of a whole batch, and notes what else it says. */
  private keepBatch(number: number): void {
    const batch = this.pending.splice(0);
    const drafts: Draft[] = [];
    let time = 0;
    for (const { header, stream, payload, offset } of batch) {
      if (header.kind !== EVENT) {
        const problem = this.alive.apply(header.kind, payload, number, offset);
        if (problem !== null) this.problem(number, offset, problem);
        continue;
      }
      if (header.seq < this.next) continue;
      const isGap = header.seq > this.next;
      if (isGap) this.missing.push([this.next, header.seq - 1]);
      this.next = header.seq + 1;
      time = Math.max(time, header.time);
      drafts.push({ kind: EVENT, stream, payload: [payload], ...(isGap ? { jump: header.seq } : {}) });
    }
    if (drafts.length === 0) return;
    this.events += drafts.length;
    this.target.push(drafts, time);
    if (this.target.isFull) this.target.writeOut();
  }

  /** Makes sure that numbers which were given are not given again, and writes the branches. */
  private finishEvents(): void {
    const { target } = this;
    if (this.floor > this.next) {
      this.missing.push([this.next, this.floor - 1]);
      const { segment } = target;
      target.seal();
      target.position = { ...target.position, next: this.floor };
      target.begin(segment + 1);
    }
    for (const branch of this.alive.branchList()) {
      target.push([{ kind: BRANCH, stream: NO_STREAM, payload: [Buffer.from(JSON.stringify(branch))] }]);
    }
    target.sync();
  }

  /** Copies the checkpoints that can still be decoded, bases first. */
  private keepCheckpoints(): void {
    const { target } = this;
    const { segments, position, time } = target;
    const source = new Log({
      paths: this.old,
      id: this.id,
      segmentBytes: 0,
      readOnly: true,
      segments,
      catalog: this.alive,
      position,
      time,
      active: null,
      mark: this.mark,
    });
    const kept = new Set<string>();
    for (const record of this.alive.listed().sort((a, b) => a.depth - b.depth)) {
      const { id, base, blob, segment, offset, stream = '' } = record;
      try {
        if (base !== undefined && !kept.has(base)) throw corrupt(0, 0, 'its base is lost');
        loadState(source, this.alive, record);
        const inline = blob === undefined ? readInline(source, segment!, offset!) : NO_STREAM;
        const payload = [checkpointHead(record), inline];
        target.push([{ kind: CHECKPOINT, stream: Buffer.from(stream), payload }]);
        kept.add(id);
        this.checkpoints++;
      } catch (error) {
        if (target.poisoned !== null) throw error;
        this.lost.push(id);
      }
    }
  }

  /** Puts the new log in the place of the old one; where the old one is now. */
  private replace(): string {
    const { old, id, mark } = this;
    writeDurably(old.store, [encodeStore(id, Date.now())]);
    writeDurably(old.mark, [encodeMark(id, mark)]);
    return attempt('replace', old.log, () => {
      fs.mkdirSync(old.quarantine, { recursive: true });
      const names = new Set(fs.readdirSync(old.quarantine));
      let time = Date.now();
      while (names.has(`log-${time}`)) time++;
      const kept = join(old.quarantine, `log-${time}`);
      fs.renameSync(old.log, kept);
      syncDirectory(old.root);
      fs.renameSync(this.target.paths.log, old.log);
      syncDirectory(old.root);
      syncDirectory(old.quarantine);
      fs.unlinkSync(join(old.log, 'COMPLETE'));
      return kept;
    });
  }

  private problem(segment: number, offset: number, reason: string): void {
    this.problems.push({ segment, offset, reason });
  }
}

function isNewer(error: unknown): boolean {
  return isFishplateError(error) && error.code === 'STORAGE_FORMAT_NEWER';
}
