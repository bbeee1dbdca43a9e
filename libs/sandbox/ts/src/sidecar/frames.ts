/** Messages on a stream of bytes: a header with `Content-Length`, an empty line, a body. */

/** The most bytes of a body that the sidecar takes. */
export const MAX_BODY_BYTES = 64 << 20;

const MAX_HEADER_BYTES = 4 << 10;
const END = '\r\n\r\n';

/** A body with its header. */
export function frame(body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`Content-Length: ${body.length}${END}`), body]);
}

/** Takes bytes in pieces of any size, and gives whole bodies. */
export class Frames {
  private pieces: Buffer[] = [];
  private size = 0;
  /** Of the body that is awaited. */
  private length: number | null = null;

  /** The bodies that are whole now. @throws Error where the bytes are no messages. */
  *take(piece: Buffer): Generator<Buffer> {
    this.pieces.push(piece);
    this.size += piece.length;
    for (;;) {
      this.length ??= this.takeHeader();
      // Put together once, when all of it is there.
      if (this.length === null || this.size < this.length) return;
      const length = this.length;
      this.length = null;
      yield this.takeBytes(length);
    }
  }

  private takeHeader(): number | null {
    const start = this.joined().subarray(0, MAX_HEADER_BYTES);
    const end = start.indexOf(END);
    if (end === -1) {
      if (start.length === MAX_HEADER_BYTES) throw new Error('a header without an end');
      return null;
    }
    const header = this.takeBytes(end + END.length).toString('latin1');
    const [, digits] = /^content-length:[ \t]*(\d{1,9})[ \t]*\r$/im.exec(header) ?? [];
    if (digits === undefined)
      throw new Error(`a header without a length: ${JSON.stringify(header.slice(0, 80))}`);
    return Number(digits);
  }

  private takeBytes(count: number): Buffer {
    const all = this.joined();
    const rest = all.subarray(count);
    this.pieces = rest.length === 0 ? [] : [rest];
    this.size = rest.length;
    return all.subarray(0, count);
  }

  private joined(): Buffer {
    const [first] = this.pieces;
    if (first !== undefined && this.pieces.length === 1) return first;
    const all = Buffer.concat(this.pieces, this.size);
    this.pieces = [all];
    return all;
  }
}
