/** Going through events: slabs that the engine fills, cut into events here. */

import { STORAGE_CODES } from './codes';
import { ENTRY, type EngineCursor, RECORD_HEADER } from './engine';
import type { StoredEvent } from './types';

const SMALLEST = 16 << 10;
const LARGEST = 256 << 10;
/** Of slabs that views keep alive: smaller ones are let go sooner. */
const LARGEST_KEPT = 64 << 10;

/** Fills slabs from a cursor. */
export class Slabs {
  slab = Buffer.alloc(0);
  entries = new Float64Array(0);
  private size = SMALLEST;

  constructor(
    private readonly cursor: EngineCursor,
    /** Whether the same slab is filled again and again: then nothing may keep a view of it. */
    private readonly reuse: boolean,
  ) {}

  /** Number of events in the next slab; 0: no more for now. */
  next(): number {
    for (;;) {
      if (!this.reuse || this.slab.length < this.size) this.renew();
      const count = this.cursor.fill(this.slab, this.entries);
      if (count >= 0) {
        // Short replays need little room, long ones fewer steps.
        this.size = Math.min(2 * this.size, this.reuse ? LARGEST : LARGEST_KEPT);
        return count;
      }
      this.size = -count;
    }
  }

  private renew(): void {
    this.slab = Buffer.allocUnsafeSlow(this.size);
    // No record is shorter than its header.
    const most = ENTRY * (Math.floor(this.size / RECORD_HEADER) + 1);
    if (this.entries.length < most) this.entries = new Float64Array(most);
  }

  stream(index: number): string {
    const [start, end] = [this.entries[index * ENTRY + 2]!, this.entries[index * ENTRY + 3]!];
    return start === end ? '' : this.slab.toString('utf8', start, end);
  }
}

/** Events, each with its payload as a view of a slab: of one that nothing else uses, or one that is lent until the next event. */
export class EventIterator implements IterableIterator<StoredEvent> {
  private readonly slabs: Slabs;
  private index = 0;
  private count = 0;

  constructor(cursor: EngineCursor, lend = false) {
    this.slabs = new Slabs(cursor, lend);
  }

  next(): IteratorResult<StoredEvent, undefined> {
    if (this.index === this.count) {
      this.count = this.slabs.next();
      this.index = 0;
      if (this.count === 0) return { done: true, value: undefined };
    }
    const { slab, entries } = this.slabs;
    const at = this.index * ENTRY;
    const stream = this.slabs.stream(this.index);
    this.index++;
    const value = {
      seq: entries[at]!,
      time: entries[at + 1]!,
      stream,
      data: slab.subarray(entries[at + 3], entries[at + 4]),
    };
    return { done: false, value };
  }

  [Symbol.iterator](): this {
    return this;
  }
}

/** Values of events that are JSON; one slab serves for all. */
export class JsonIterator<Value> implements IterableIterator<{ seq: number; value: Value }> {
  private readonly slabs: Slabs;
  private index = 0;
  private count = 0;

  constructor(cursor: EngineCursor) {
    this.slabs = new Slabs(cursor, true);
  }

  next(): IteratorResult<{ seq: number; value: Value }, undefined> {
    if (this.index === this.count) {
      this.count = this.slabs.next();
      this.index = 0;
      if (this.count === 0) return { done: true, value: undefined };
    }
    const { slab, entries } = this.slabs;
    const at = this.index * ENTRY;
    this.index++;
    const seq = entries[at]!;
    const text = slab.toString('utf8', entries[at + 3], entries[at + 4]);
    return { done: false, value: { seq, value: parseEvent<Value>(text, seq) } };
  }

  [Symbol.iterator](): this {
    return this;
  }
}

function parseEvent<Value>(text: string, seq: number): Value {
  try {
    return JSON.parse(text) as Value;
  } catch (error) {
    const message = `event ${seq} is no JSON: ${(error as Error).message}`;
    throw STORAGE_CODES.error('EVENT_NOT_JSON', message, { cause: error, details: { seq } });
  }
}
