/** Output that is too long to hold: kept in a file, with its head, its tail and its counts, and read again by ranges. */

import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { SYMBOLS_CODES } from './codes';
import { LineIndex, Tail } from './spool-window';

/** Options of a spool. */
export interface SpoolOptions {
  /** An existing directory for the file, which nobody but its user can read; the system's temporary one unless given. */
  readonly directory?: string;
  /** Most bytes in the file, 16 GiB at most; 64 MiB unless given. What is more is counted and dropped. */
  readonly maxBytes?: number;
  /** First bytes that are held in memory, 1 MiB at most; 4096 unless given. */
  readonly headBytes?: number;
  /** Last bytes that are held in memory, those that were dropped from the file too; 1 MiB at most, 4096 unless given. */
  readonly tailBytes?: number;
  /** Ends the reading of a stream; what was kept stays. */
  readonly signal?: AbortSignal;
}

/** How much was written. */
export interface SpoolCounts {
  readonly bytes: number;
  /** Bytes that are in the file and can be read again. */
  readonly keptBytes: number;
  /** Lines, a last one without a newline too. */
  readonly lines: number;
  /** Why not everything is kept: `limit`, or the system's name of an error such as `ENOSPC`. */
  readonly droppedBy?: string;
}

/** A piece of what was kept. */
export interface SpoolRange {
  readonly bytes: Buffer;
  /** Where it begins. */
  readonly offset: number;
  /** Where to go on; absent at the end of what is kept. */
  readonly nextOffset?: number;
}

/** Some lines of what was kept. */
export interface SpoolLines extends SpoolRange {
  /** The first line, from 0. */
  readonly line: number;
  /** Lines that begin in the bytes. */
  readonly count: number;
}

/** What a stream of output can be. */
export type OutputStream = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>;

const MAX_KEPT = 16 * 2 ** 30;
const MAX_WINDOW = 1 << 20;
const MAX_READ = 64 << 20;
const NEWLINE = 0x0a;

/** An output that is being written, or has been. */
export class Spool {
  private readonly path: string;
  private readonly maxBytes: number;
  private readonly headBytes: number;
  private readonly lastBytes: Tail;
  private readonly lines = new LineIndex();
  private head = Buffer.alloc(0);
  private file: FileHandle | null = null;
  private queue: Promise<void> = Promise.resolve();
  private total = 0;
  private kept = 0;
  private newlines = 0;
  private endsLine = true;
  private dropped: string | undefined;
  private state: 'open' | 'ended' | 'removed' = 'open';

  constructor(options: SpoolOptions = {}) {
    const { directory = tmpdir() } = options;
    if (typeof directory !== 'string' || directory === '' || directory.includes('\0')) {
      throw SYMBOLS_CODES.error('OPTION_INVALID', 'directory must be the path of a directory');
    }
    this.path = join(directory, `fishplate-spool-${randomBytes(12).toString('hex')}`);
    this.maxBytes = whole(options.maxBytes ?? 64 << 20, 'maxBytes', MAX_KEPT);
    this.headBytes = whole(options.headBytes ?? 4096, 'headBytes', MAX_WINDOW);
    this.lastBytes = new Tail(whole(options.tailBytes ?? 4096, 'tailBytes', MAX_WINDOW));
  }

  /** Whether more may be written. */
  get isOpen(): boolean {
    return this.state === 'open';
  }

  /** How much was written, with what is on its way to the disk. */
  get counts(): SpoolCounts {
    return {
      bytes: this.total,
      keptBytes: this.kept,
      lines: this.newlines + (this.endsLine ? 0 : 1),
      ...(this.dropped === undefined ? {} : { droppedBy: this.dropped }),
    };
  }

  /** The first bytes. */
  get firstBytes(): Buffer {
    return Buffer.from(this.head);
  }

  /** The last bytes, those that were dropped too. */
  get tail(): Buffer {
    return this.lastBytes.bytes();
  }

  /**
   * Adds a chunk, behind those that were added before, and settles once it is written: waiting for it is what keeps a fast
   * writer from filling the memory. A disk that is full is no error: what does not fit is counted and dropped.
   *
   * @throws FishplateError `SPOOL_CLOSED` behind its end.
   */
  write(chunk: Uint8Array | string): Promise<void> {
    if (this.state !== 'open') return Promise.reject(closed('it has ended'));
    if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) {
      return Promise.reject(
        SYMBOLS_CODES.error(
          'INPUT_INVALID',
          `a chunk must be bytes or a string, and is of type ${typeof chunk}`,
        ),
      );
    }
    // The caller may use its buffer again.
    const bytes = Buffer.from(chunk as Uint8Array);
    this.count(bytes);
    const step = this.queue.then(() => this.keep(bytes));
    this.queue = step;
    return step;
  }

  /** Waits until everything is written; nothing can be added any more. */
  async end(): Promise<SpoolCounts> {
    if (this.state === 'open') this.state = 'ended';
    await this.queue;
    return this.counts;
  }

  /** Bytes from an offset on, 64 MiB at most; none behind the end. */
  async read(offset: number, maxBytes: number): Promise<SpoolRange> {
    const from = whole(offset, 'offset', Number.MAX_SAFE_INTEGER);
    const most = Math.min(whole(maxBytes, 'maxBytes', Number.MAX_SAFE_INTEGER), MAX_READ);
    await this.settled();
    const start = Math.min(from, this.kept);
    const bytes = await this.bytesAt(start, Math.min(most, this.kept - start));
    const end = start + bytes.length;
    return { bytes, offset: start, ...(end < this.kept ? { nextOffset: end } : {}) };
  }

  /** Lines from a line on, counted from 0: as many as fit `maxBytes`, and of one that does not fit its beginning. */
  async readLines(line: number, count: number, maxBytes = 1 << 20): Promise<SpoolLines> {
    const first = whole(line, 'line', Number.MAX_SAFE_INTEGER);
    const wanted = whole(count, 'count', Number.MAX_SAFE_INTEGER);
    const most = Math.min(whole(maxBytes, 'maxBytes', Number.MAX_SAFE_INTEGER), MAX_READ);
    await this.settled();
    const offset = await this.startOf(first);
    if (offset === null || wanted === 0) {
      return { bytes: Buffer.alloc(0), offset: offset ?? this.kept, line: first, count: 0 };
    }
    const bytes = await this.bytesAt(offset, Math.min(most, this.kept - offset));
    let [end, found] = [0, 0];
    while (found < wanted && end < bytes.length) {
      const newline = bytes.indexOf(NEWLINE, end);
      if (newline < 0) {
        // What is cut by the limit belongs to the answer only where it would be empty.
        const isLast = offset + bytes.length === this.kept;
        if (isLast || found === 0) [end, found] = [bytes.length, found + 1];
        break;
      }
      [end, found] = [newline + 1, found + 1];
    }
    const next = offset + end;
    return {
      bytes: bytes.subarray(0, end),
      offset,
      line: first,
      count: found,
      ...(next < this.kept ? { nextOffset: next } : {}),
    };
  }

  /** Deletes the file. What reads or writes from here on gets `SPOOL_CLOSED`. */
  async remove(): Promise<void> {
    this.state = 'removed';
    await this.queue;
    const { file } = this;
    this.file = null;
    if (file === null) return;
    await file.close();
    // Somebody may have cleaned the temporary directory.
    await unlink(this.path).catch(() => undefined);
  }

  private count(bytes: Buffer): void {
    this.total += bytes.length;
    if (this.head.length < this.headBytes) {
      this.head = Buffer.concat([this.head, bytes.subarray(0, this.headBytes - this.head.length)]);
    }
    this.lastBytes.push(bytes);
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) this.newlines++;
    if (bytes.length > 0) this.endsLine = bytes.at(-1) === NEWLINE;
  }

  private async keep(bytes: Buffer): Promise<void> {
    // A gap would make lies of all offsets behind it: once something is dropped, all that follows is.
    if (this.dropped !== undefined || bytes.length === 0 || this.state === 'removed') return;
    const part = bytes.subarray(0, this.maxBytes - this.kept);
    if (part.length < bytes.length) this.dropped = 'limit';
    if (part.length === 0) return;
    try {
      this.file ??= await open(this.path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
      for (let done = 0; done < part.length; ) {
        const { bytesWritten } = await this.file.write(part, done, part.length - done, this.kept);
        this.lines.push(part.subarray(done, done + bytesWritten));
        this.kept += bytesWritten;
        done += bytesWritten;
      }
    } catch (error) {
      this.dropped = (error as NodeJS.ErrnoException).code ?? 'EUNKNOWN';
    }
  }

  private async settled(): Promise<void> {
    if (this.state !== 'removed') await this.queue;
    if (this.state === 'removed') throw closed('it has been removed');
  }

  private async bytesAt(offset: number, length: number): Promise<Buffer> {
    const bytes = Buffer.alloc(length);
    if (this.file === null || length === 0) return bytes.subarray(0, 0);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await this.file.read(bytes, done, length - done, offset + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return bytes.subarray(0, done);
  }

  /** Null where there is no such line. */
  private async startOf(line: number): Promise<number | null> {
    if (line === 0) return this.kept === 0 ? null : 0;
    if (line > this.lines.newlines) return null;
    let { offset, newlines } = this.lines.near(line);
    for (;;) {
      const piece = await this.bytesAt(offset, Math.min(64 << 10, this.kept - offset));
      if (piece.length === 0) return null;
      for (let at = piece.indexOf(NEWLINE); at >= 0; at = piece.indexOf(NEWLINE, at + 1)) {
        newlines--;
        if (newlines === 0) return offset + at + 1 < this.kept ? offset + at + 1 : null;
      }
      offset += piece.length;
    }
  }
}

/** An output that is read from a stream; it can be read again while it grows. */
export interface SpoolingOutput {
  readonly spool: Spool;
  /**
   * Settles at the end of the stream. Rejects with the signal's reason, or with what the stream throws; what was kept until
   * then stays, until it is removed.
   */
  readonly finished: Promise<SpoolCounts>;
}

/**
 * Reads a stream to its end into a file, chunk by chunk, as fast as the disk takes it.
 *
 * @throws FishplateError `OPTION_INVALID`, `INPUT_INVALID`.
 */
export function spoolOutput(stream: OutputStream, options: SpoolOptions = {}): SpoolingOutput {
  const isStream =
    typeof stream === 'object' &&
    stream !== null &&
    (Symbol.asyncIterator in stream || Symbol.iterator in stream);
  if (!isStream) throw SYMBOLS_CODES.error('INPUT_INVALID', 'the stream must be an iterable of chunks');
  const spool = new Spool(options);
  const finished = drain(stream, spool, options.signal);
  // Who reads the spool alone need not listen.
  finished.catch(() => undefined);
  return { spool, finished };
}

async function drain(
  stream: OutputStream,
  spool: Spool,
  signal: AbortSignal | undefined,
): Promise<SpoolCounts> {
  let abort: (() => void) | undefined;
  const aborted = new Promise<'aborted'>((resolve) => {
    abort = () => resolve('aborted');
    if (signal?.aborted) resolve('aborted');
    signal?.addEventListener('abort', abort, { once: true });
  });
  const chunks = Symbol.asyncIterator in stream ? stream[Symbol.asyncIterator]() : stream[Symbol.iterator]();
  let done = false;
  try {
    for (;;) {
      // A stream that is silent must not outlive its signal.
      const next = await Promise.race([aborted, chunks.next()]);
      if (next === 'aborted') break;
      if (next.done === true) {
        done = true;
        break;
      }
      await spool.write(next.value);
    }
  } catch (error) {
    done = true;
    throw error;
  } finally {
    if (abort !== undefined) signal?.removeEventListener('abort', abort);
    // The iterator may wait for a chunk that never comes: nobody waits for it in turn.
    if (!done) void Promise.resolve(chunks.return?.()).catch(() => undefined);
    await spool.end();
  }
  signal?.throwIfAborted();
  return spool.counts;
}

function whole(value: unknown, name: string, to: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= to) return value;
  throw SYMBOLS_CODES.error('OPTION_INVALID', `${name} must be a whole number from 0 to ${to}`);
}

function closed(why: string): Error {
  return SYMBOLS_CODES.error('SPOOL_CLOSED', `the spool takes no more calls: ${why}`);
}
