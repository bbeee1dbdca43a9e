/** Appends of the same turn, handed to the engine in one call. */

import { GROUP, type Level, type Packed, type StorageEngine } from './engine';

const ROOM = 64 << 10;
/** Handed over at once when so much is waiting. */
const FULL = 1 << 20;

interface Waiting {
  readonly resolve: (seq: number) => void;
  readonly reject: (error: Error) => void;
}

/** Copies events as they come, so that callers may reuse their buffers at once. */
export class Outbox {
  private bytes = Buffer.allocUnsafeSlow(ROOM);
  private used = 0;
  private layout: number[] = [];
  private streams = new Map<string, number>();
  private waiting: Waiting[] = [];
  private level: Level = GROUP;

  constructor(
    private readonly engine: StorageEngine,
    /** Called when events were handed over. */
    private readonly onAppend: () => void,
  ) {}

  /** Takes an event in; its number. `size` is that of its bytes. */
  add(event: Uint8Array | string, size: number, stream: string, level: Level): Promise<number> {
    if (this.waiting.length > 0 && (this.level !== level || this.used + size > FULL)) this.flush();
    if (this.waiting.length === 0) queueMicrotask(this.flush);
    this.level = level;
    this.reserve(size);
    if (typeof event === 'string') this.bytes.write(event, this.used, size, 'utf8');
    else this.bytes.set(event, this.used);
    this.used += size;
    let index = this.streams.get(stream);
    if (index === undefined) {
      index = this.streams.size;
      this.streams.set(stream, index);
    }
    this.layout.push(this.used, index);
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
    });
  }

  /** Hands everything to the engine. */
  readonly flush = (): void => {
    if (this.waiting.length === 0) return;
    const { waiting, level } = this;
    const packed: Packed = {
      bytes: this.bytes.subarray(0, this.used),
      layout: Uint32Array.from(this.layout),
      streams: [...this.streams.keys()],
      isBatch: false,
    };
    this.waiting = [];
    this.layout = [];
    this.streams = new Map();
    this.used = 0;
    if (this.bytes.length > 4 * FULL) this.bytes = Buffer.allocUnsafeSlow(ROOM);
    // Nobody is waited for, where the writer is this process.
    const isSettled = level < GROUP && this.engine.isShared !== true;
    let first = 0;
    const settle = (error?: Error, told?: number): void => {
      first = told ?? first;
      for (const [index, { resolve, reject }] of waiting.entries()) {
        if (error === undefined) resolve(first + index);
        else reject(error);
      }
    };
    try {
      first = this.engine.append(packed, level, isSettled ? undefined : settle);
    } catch (error) {
      settle(error as Error);
      return;
    }
    if (isSettled) settle();
    this.onAppend();
  };

  /** The events of a batch, in the room of the turn, which is handed over before: good until the next event is taken in. */
  packBatch(events: readonly (Uint8Array | string)[], sizes: Uint32Array, stream: string): Packed {
    this.flush();
    const layout = new Uint32Array(2 * events.length);
    let total = 0;
    for (const size of sizes) total += size;
    this.reserve(total);
    const { bytes } = this;
    let used = 0;
    for (let index = 0; index < events.length; index++) {
      const event = events[index]!;
      const size = sizes[index]!;
      if (typeof event === 'string') bytes.write(event, used, size, 'utf8');
      else bytes.set(event, used);
      used += size;
      layout[2 * index] = used;
    }
    if (bytes.length > 4 * FULL) this.bytes = Buffer.allocUnsafeSlow(ROOM);
    return { bytes: bytes.subarray(0, used), layout, streams: [stream], isBatch: true };
  }

  private reserve(size: number): void {
    const needed = this.used + size;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.bytes.length));
    larger.set(this.bytes.subarray(0, this.used));
    this.bytes = larger;
  }
}
