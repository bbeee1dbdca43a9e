/** Messages on a stream of bytes: a header with lengths, JSON, and bytes that would only be longer as JSON. */

/** JSON of a message at most, in bytes. */
const MOST_JSON = 64 << 20;
/** Bytes behind it at most: those of a batch or checkpoint. */
const MOST_BYTES = 1 << 30;
const MOST_HEADER = 256;
const END = Buffer.from('\r\n\r\n');
const HEADER = /^Content-Length: (\d{1,10})(?:\r\nAttachment-Length: (\d{1,10}))?$/;
const NOTHING = Buffer.alloc(0);

export interface Frame {
  readonly message: unknown;
  readonly attachment: Buffer;
}

/** The bytes of a message, in pieces. */
export function frame(message: unknown, attachment: Uint8Array = NOTHING): Uint8Array[] {
  const json = Buffer.from(JSON.stringify(message));
  const more = attachment.byteLength === 0 ? '' : `\r\nAttachment-Length: ${attachment.byteLength}`;
  const head = Buffer.from(`Content-Length: ${json.length}${more}\r\n\r\n`);
  return attachment.byteLength === 0
    ? [Buffer.concat([head, json])]
    : [Buffer.concat([head, json]), attachment];
}

/** Takes bytes as they come, in pieces of any size, and gives whole messages. */
export class Frames {
  private pieces: Buffer[] = [];
  private held = 0;
  /** Bytes of JSON and of the attachment that are awaited. */
  private awaited: readonly [number, number] | null = null;

  feed(bytes: Buffer): void {
    this.pieces.push(bytes);
    this.held += bytes.length;
  }

  /** The next message, or null where it has not come whole. @throws Error where the bytes are no messages. */
  next(): Frame | null {
    this.awaited ??= this.takeHeader();
    if (this.awaited === null) return null;
    const [json, bytes] = this.awaited;
    if (this.held < json + bytes) return null;
    this.awaited = null;
    const message = JSON.parse(this.take(json).toString()) as unknown;
    return { message, attachment: this.take(bytes) };
  }

  private takeHeader(): readonly [number, number] | null {
    const end = this.joined(MOST_HEADER).indexOf(END);
    if (end === -1) {
      if (this.held >= MOST_HEADER) throw new Error('a header does not end');
      return null;
    }
    const [, json, bytes = '0'] = HEADER.exec(this.take(end + END.length).toString('latin1', 0, end)) ?? [];
    if (json === undefined) throw new Error('a header has no Content-Length');
    const lengths = [Number(json), Number(bytes)] as const;
    if (lengths[0] > MOST_JSON || lengths[1] > MOST_BYTES) throw new Error('a message is too large');
    return lengths;
  }

  /** The first bytes, at most so many, without taking them. */
  private joined(count: number): Buffer {
    while (this.pieces.length > 1 && this.pieces[0]!.length < count) {
      this.pieces.splice(0, 2, Buffer.concat(this.pieces.slice(0, 2)));
    }
    return (this.pieces[0] ?? NOTHING).subarray(0, count);
  }

  private take(count: number): Buffer {
    const taken: Buffer[] = [];
    for (let left = count; left > 0; ) {
      const piece = this.pieces[0]!;
      taken.push(piece.subarray(0, left));
      if (piece.length > left) this.pieces[0] = piece.subarray(left);
      else this.pieces.shift();
      left -= Math.min(left, piece.length);
    }
    this.held -= count;
    return taken.length === 1 ? taken[0]! : Buffer.concat(taken);
  }
}
