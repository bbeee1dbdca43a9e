/** A synchronous log of events that have sequence ids of their caller's. */

import { checkNumber, checkOptions, checkStream, invalid, kindOf } from './arguments';
import { STORAGE_CODES } from './codes';
import type { Store } from './store';

/** An event; whatever it holds is kept as JSON. */
export interface LoggedEvent {
  /** The caller's number; where it is left out, the one after the last. */
  readonly sequenceId?: number;
  readonly [member: string]: unknown;
}

export interface EventLogOptions {
  /** Stream of the store that holds the log. Default: `event-log`. */
  readonly stream?: string;
  /** What an append waits for. Default: `os`. */
  readonly durability?: 'memory' | 'os' | 'sync';
}

export interface EventLog {
  /** Number of the last event; null before the first, and where all were pruned before the log was opened. */
  readonly lastSequenceId: number | null;
  /** Appends an event; its sequence id, which must be above the last one. */
  append(event: LoggedEvent): number;
  /** Events from a sequence id on, in order, each with its `sequenceId`. */
  replay<Event extends LoggedEvent = LoggedEvent>(
    fromSequenceId?: number,
    limit?: number,
  ): (Event & { sequenceId: number })[];
  /** Forgets events with a lower sequence id; how many there were. Their room is freed as far as nothing else is in it. */
  prune(beforeSequenceId: number): number;
}

/** Every so many events a place is remembered where a replay can begin. */
const STEP = 256;

/** Written beside the events: those with a lower sequence id are gone. */
interface Floor {
  readonly prunedBefore: number;
  readonly lastSequenceId: number;
}

/** Keeps a log of events in a stream of a store. One log writes a stream at a time. */
export function createEventLog(store: Store, options?: EventLogOptions): EventLog {
  const { stream, durability = 'os' } = checkOptions(options);
  return new StoredEventLog(store, stream === undefined ? 'event-log' : checkStream(stream), durability);
}

class StoredEventLog implements EventLog {
  private last: number | null = null;
  private floor = Number.NEGATIVE_INFINITY;
  private count = 0;
  /** Places that rise in both numbers: a sequence id, and that of the store. */
  private marks: { id: number; seq: number }[] = [];
  private readonly floorStream: string;

  constructor(
    private readonly store: Store,
    private readonly stream: string,
    private readonly durability: 'memory' | 'os' | 'sync',
  ) {
    this.floorStream = checkStream(`${stream}.pruned`);
    for (const { value } of store.replayJson<Floor>({ stream: this.floorStream })) {
      this.floor = value.prunedBefore;
      this.last = value.lastSequenceId;
    }
    for (const { seq, value } of store.replayJson<{ sequenceId: number }>({ stream })) {
      this.note(value.sequenceId, seq);
    }
  }

  get lastSequenceId(): number | null {
    return this.last;
  }

  append(event: LoggedEvent): number {
    if (typeof event !== 'object' || event === null || Array.isArray(event)) {
      throw invalid(`the event is ${kindOf(event)}; it must be an object`);
    }
    const { sequenceId: given } = event;
    const next = this.last === null ? 1 : this.last + 1;
    const sequenceId = given === undefined ? next : checkNumber(given, 'sequenceId');
    if (this.last !== null && sequenceId <= this.last) {
      const message = `sequence id ${sequenceId} is not above the last one, ${this.last}`;
      const details = { sequenceId, last: this.last };
      throw STORAGE_CODES.error('EVENT_OUT_OF_ORDER', message, { details });
    }
    const json = jsonOf({ ...event, sequenceId });
    const seq = this.store.appendSync(json, { stream: this.stream, durability: this.durability });
    this.note(sequenceId, seq);
    return sequenceId;
  }

  replay<Event extends LoggedEvent = LoggedEvent>(
    fromSequenceId = 0,
    limit = Number.MAX_SAFE_INTEGER,
  ): (Event & { sequenceId: number })[] {
    const from = Math.max(checkNumber(fromSequenceId, 'fromSequenceId'), this.floor);
    checkNumber(limit, 'limit');
    const events: (Event & { sequenceId: number })[] = [];
    if (limit === 0) return events;
    const mark = this.marks.findLast(({ id }) => id <= from);
    const options = { stream: this.stream, from: mark?.seq ?? 1 };
    for (const { value } of this.store.replayJson<Event & { sequenceId: number }>(options)) {
      if (value.sequenceId < from) continue;
      events.push(value);
      if (events.length === limit) break;
    }
    return events;
  }

  prune(beforeSequenceId: number): number {
    checkNumber(beforeSequenceId, 'beforeSequenceId');
    if (this.last === null) return 0;
    const before = Math.min(beforeSequenceId, this.last + 1);
    if (before <= this.floor) return 0;
    let gone = 0;
    let kept: number | null = null;
    for (const { seq, value } of this.store.replayJson<{ sequenceId: number }>({ stream: this.stream })) {
      if (value.sequenceId >= before) {
        kept = seq;
        break;
      }
      if (value.sequenceId >= this.floor) gone++;
    }
    const floor: Floor = { prunedBefore: before, lastSequenceId: this.last };
    const written = this.store.appendSync(JSON.stringify(floor), {
      stream: this.floorStream,
      durability: 'sync',
    });
    this.floor = before;
    this.marks = this.marks.filter(({ id }) => id >= before);
    this.free(kept ?? written, written);
    return gone;
  }

  /** Prunes the store up to an event, but not past one of another stream, nor past the floor that was just written. */
  private free(until: number, written: number): void {
    let before = 0;
    for (const { seq, stream } of this.store.replay({ to: Math.min(until, written) - 1 })) {
      if (stream !== this.stream && stream !== this.floorStream) break;
      before = seq + 1;
    }
    if (before > 0) this.store.pruneSync(before);
  }

  private note(id: number, seq: number): void {
    if (this.count % STEP === 0) this.marks.push({ id, seq });
    this.count++;
    this.last = id;
  }
}

function jsonOf(event: LoggedEvent): string {
  try {
    return JSON.stringify(event);
  } catch (error) {
    throw STORAGE_CODES.error('INPUT_INVALID', 'the event has no JSON form', { cause: error });
  }
}
