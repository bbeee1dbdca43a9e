/** Output that is too long for an answer, kept in files of a private directory and read again by ranges. */

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Both streams of a command. */
export type StreamName = 'stdout' | 'stderr';

/** Bytes kept of one stream; what is more is counted and dropped. */
const MAX_STREAM_BYTES = 64 << 20;

/** Bytes kept of all outputs together; the oldest go first. */
const MAX_TOTAL_BYTES = 512 << 20;

/** Outputs of one runtime. */
export class Spool {
  private directory: string | null = null;
  private readonly outputs = new Map<string, SpooledOutput>();

  /** A new output. */
  open(): SpooledOutput {
    // Nobody else may read what commands print.
    this.directory ??= mkdtempSync(join(tmpdir(), 'fishplate-output-'));
    this.makeRoom();
    const output = new SpooledOutput(this.directory, `out-${randomBytes(6).toString('hex')}`);
    this.outputs.set(output.id, output);
    return output;
  }

  /** The output of an id; undefined where there is none, or none any more. */
  get(id: string): SpooledOutput | undefined {
    return this.outputs.get(id);
  }

  /** Removes an output that nobody will ask for. */
  drop(output: SpooledOutput): void {
    this.outputs.delete(output.id);
    output.remove();
  }

  close(): void {
    for (const output of this.outputs.values()) output.remove();
    this.outputs.clear();
    if (this.directory !== null) rmSync(this.directory, { recursive: true, force: true });
    this.directory = null;
  }

  private makeRoom(): void {
    let used = 0;
    for (const output of this.outputs.values()) used += output.keptBytes;
    for (const output of this.outputs.values()) {
      if (used <= MAX_TOTAL_BYTES) return;
      if (output.isOpen) continue;
      used -= output.keptBytes;
      this.drop(output);
    }
  }
}

/** A piece of a stream. */
export interface OutputRange {
  readonly bytes: Buffer;
  /** Where it begins. */
  readonly offset: number;
}

/** The output of one command. */
export class SpooledOutput {
  private readonly streams: Record<StreamName, SpooledStream>;

  constructor(
    directory: string,
    readonly id: string,
  ) {
    this.streams = {
      stdout: new SpooledStream(join(directory, `${id}.stdout`)),
      stderr: new SpooledStream(join(directory, `${id}.stderr`)),
    };
  }

  /** Whether the command may still write. */
  isOpen = true;

  write(stream: StreamName, chunk: Buffer): void {
    this.streams[stream].write(chunk);
  }

  /** Bytes that the command wrote to a stream, those dropped too. */
  size(stream: StreamName): number {
    return this.streams[stream].written;
  }

  /** Bytes of a stream that are kept. */
  kept(stream: StreamName): number {
    return this.streams[stream].kept;
  }

  get keptBytes(): number {
    return this.streams.stdout.kept + this.streams.stderr.kept;
  }

  read(stream: StreamName, offset: number, maxBytes: number): OutputRange {
    return this.streams[stream].read(offset, maxBytes);
  }

  remove(): void {
    this.streams.stdout.remove();
    this.streams.stderr.remove();
  }
}

class SpooledStream {
  written = 0;
  kept = 0;
  private file: number | null = null;

  constructor(private readonly path: string) {}

  write(chunk: Buffer): void {
    this.written += chunk.length;
    const part = chunk.subarray(0, MAX_STREAM_BYTES - this.kept);
    if (part.length === 0) return;
    this.file ??= openSync(this.path, 'wx+', 0o600);
    try {
      for (let done = 0; done < part.length; ) {
        done += writeSync(this.file, part, done, part.length - done, this.kept + done);
      }
      this.kept += part.length;
    } catch {
      // A full disk: what was written so far is kept, the rest is counted as dropped.
      ftruncateSync(this.file, this.kept);
    }
  }

  read(offset: number, maxBytes: number): OutputRange {
    const start = Math.min(offset, this.kept);
    const bytes = Buffer.alloc(Math.min(maxBytes, this.kept - start));
    const length = this.file === null ? 0 : readSync(this.file, bytes, 0, bytes.length, start);
    return { bytes: bytes.subarray(0, length), offset: start };
  }

  remove(): void {
    if (this.file === null) return;
    closeSync(this.file);
    this.file = null;
    try {
      unlinkSync(this.path);
    } catch {
      // Somebody cleaned the temporary directory.
    }
  }
}
