/** zstd without the core: frames are read by `fzstd`, and written without compression (RFC 8878). */

import { Decompress } from 'fzstd';

import { TOKENIZER_CODES } from '../codes';

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
/** Of all numbers but the last four bits: sixteen of them open frames that hold no data. */
const SKIPPABLE = 0x184d2a5;
/** A block holds at most 128 KiB. */
const BLOCK = 1 << 17;
/** The largest window that is taken, as in the core: 128 MiB. */
const WINDOW = 2 ** 27;
/** Bytes that are handed over at once, so that what comes of them is bounded. */
const STEP = 1 << 12;

/** One frame of raw blocks. */
export function storedFrame(data: Uint8Array): Uint8Array {
  const blocks = Math.max(1, Math.ceil(data.length / BLOCK));
  const frame = new Uint8Array(13 + data.length + 3 * blocks);
  frame.set(MAGIC);
  // A single segment, whose size takes eight bytes.
  frame[4] = 0xe0;
  new DataView(frame.buffer).setBigUint64(5, BigInt(data.length), true);
  let at = 13;
  for (let block = 0; block < blocks; block++) {
    const part = data.subarray(block * BLOCK, (block + 1) * BLOCK);
    const header = (part.length << 3) | (block === blocks - 1 ? 1 : 0);
    frame.set([header & 0xff, (header >> 8) & 0xff, header >> 16], at);
    frame.set(part, at + 3);
    at += 3 + part.length;
  }
  return frame;
}

/** The data of all frames. @throws FishplateError `OUTPUT_TOO_LARGE`, `DATA_DAMAGED`. */
export function readFrames(data: Uint8Array, maxBytes: number): Uint8Array {
  checkFrames(data, maxBytes);
  const parts: Uint8Array[] = [];
  let length = 0;
  const stream = new Decompress((part) => {
    length += part.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    // fzstd uses its memory again.
    parts.push(part.slice());
  });
  try {
    for (let at = 0; at < data.length; at += STEP) {
      stream.push(data.subarray(at, at + STEP), at + STEP >= data.length);
    }
  } catch (cause) {
    if (cause instanceof Error && 'track' in cause) throw cause;
    const message = `the data cannot be read as zstd: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw TOKENIZER_CODES.error('DATA_DAMAGED', message, { cause });
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Looks at what all frames ask for, before memory is given to them. */
function checkFrames(data: Uint8Array, maxBytes: number): void {
  if (data.length < 6) throw damaged('the data ends within the header of a frame');
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let size = 0;
  for (let at = 0; at < data.length; ) {
    if (data.length - at < 6) throw damaged('the data ends within the header of a frame');
    const magic = view.getUint32(at, true);
    if (magic >>> 4 === SKIPPABLE) {
      if (data.length - at < 8) throw damaged('the data ends within a skippable frame');
      at += 8 + view.getUint32(at + 4, true);
      if (at > data.length) throw damaged('the data ends within a skippable frame');
      continue;
    }
    if (MAGIC.some((byte, index) => data[at + index] !== byte)) {
      throw damaged(at === 0 ? 'the data does not begin as zstd does' : `no frame begins at byte ${at}`);
    }
    const header = frameHeader(data, at);
    if ((size += header.size) > maxBytes) throw tooLarge(maxBytes);
    at = header.end;
    for (let last = false; !last; ) {
      if (at + 3 > data.length) throw damaged('the data ends within a frame');
      const block = data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16);
      last = (block & 1) === 1;
      // A block that repeats one byte holds that byte.
      at += 3 + (((block >> 1) & 3) === 1 ? 1 : block >> 3);
    }
    if (header.hasChecksum) at += 4;
    if (at > data.length) throw damaged('the data ends within a frame');
  }
}

/** Where the blocks of a frame begin, and what the header says. */
function frameHeader(data: Uint8Array, start: number): { end: number; size: number; hasChecksum: boolean } {
  const descriptor = data[start + 4]!;
  const isSingle = (descriptor & 0x20) !== 0;
  if ((descriptor & 3) !== 0) {
    throw TOKENIZER_CODES.error('NATIVE_ONLY', 'the data was compressed with a dictionary');
  }
  if (!isSingle) {
    const window = data[start + 5]!;
    const size = 2 ** (10 + (window >> 3)) * (1 + (window & 7) / 8);
    if (size > WINDOW) throw damaged(`the frame asks for a window of ${size} bytes`);
  }
  const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  const sizeStart = start + (isSingle ? 5 : 6);
  let size = 0;
  for (let index = sizeBytes - 1; index >= 0; index--) size = size * 256 + (data[sizeStart + index] ?? 0);
  if (sizeBytes === 2) size += 256;
  return { end: sizeStart + sizeBytes, size, hasChecksum: (descriptor & 4) !== 0 };
}

function damaged(message: string): Error {
  return TOKENIZER_CODES.error('DATA_DAMAGED', message);
}

function tooLarge(maxBytes: number): Error {
  const message = `the data is larger than ${maxBytes} bytes when it is decompressed`;
  return TOKENIZER_CODES.error('OUTPUT_TOO_LARGE', message);
}
