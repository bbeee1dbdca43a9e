/** Keeps the beginning of what a command prints. */

import type { OutputStream } from './runner';

/** Both streams of one command. */
export class Output {
  private readonly kept = { stdout: new Kept(), stderr: new Kept() };
  private droppedBytes = 0;

  /** @param most - Bytes of each stream that are kept. */
  constructor(private readonly most: number) {}

  take(stream: OutputStream, chunk: Buffer): void {
    this.droppedBytes += this.kept[stream].take(chunk, this.most);
  }

  get truncated(): boolean {
    return this.droppedBytes > 0;
  }

  bytes(stream: OutputStream): Buffer {
    return this.kept[stream].bytes();
  }
}

class Kept {
  private readonly chunks: Buffer[] = [];
  private length = 0;

  /** The bytes that found no room. */
  take(chunk: Buffer, most: number): number {
    const room = most - this.length;
    const part = chunk.length > room ? chunk.subarray(0, room) : chunk;
    if (part.length > 0) this.chunks.push(part);
    this.length += part.length;
    return chunk.length - part.length;
  }

  bytes(): Buffer {
    return Buffer.concat(this.chunks, this.length);
  }
}
