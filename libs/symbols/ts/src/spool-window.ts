/** The first and the last bytes of an output, and where its lines begin, in little memory. */

/** The last bytes of what is pushed. */
export class Tail {
  private readonly ring: Buffer;
  private total = 0;

  constructor(size: number) {
    this.ring = Buffer.alloc(size);
  }

  push(chunk: Buffer): void {
    const { length } = this.ring;
    if (length === 0) return;
    const part = chunk.subarray(Math.max(0, chunk.length - length));
    const start = (this.total + chunk.length - part.length) % length;
    const first = Math.min(part.length, length - start);
    part.copy(this.ring, start, 0, first);
    part.copy(this.ring, 0, first);
    this.total += chunk.length;
  }

  bytes(): Buffer {
    const { length } = this.ring;
    if (this.total <= length) return Buffer.from(this.ring.subarray(0, this.total));
    const start = this.total % length;
    return Buffer.concat([this.ring.subarray(start), this.ring.subarray(0, start)]);
  }
}

/** Bytes between two places that are remembered. */
const STRIDE = 64 << 10;

const NEWLINE = 0x0a;

/** Where lines begin, as far as one look at a piece of {@link STRIDE} bytes finds the rest. */
export class LineIndex {
  /** Newlines before each multiple of the stride. */
  private readonly before: number[] = [0];
  private bytes = 0;
  newlines = 0;

  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      const end = Math.min(chunk.length, at + STRIDE - (this.bytes % STRIDE));
      for (
        let found = chunk.indexOf(NEWLINE, at);
        found >= 0 && found < end;
        found = chunk.indexOf(NEWLINE, found + 1)
      ) {
        this.newlines++;
      }
      this.bytes += end - at;
      at = end;
      if (this.bytes % STRIDE === 0) this.before.push(this.newlines);
    }
  }

  /** A place before the start of a line, and the newlines between. */
  near(line: number): { offset: number; newlines: number } {
    let [low, high] = [0, this.before.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      // The newline that begins the line may be the last byte before the place.
      if (this.before[middle]! < line) low = middle;
      else high = middle;
    }
    return { offset: low * STRIDE, newlines: line - this.before[low]! };
  }
}
