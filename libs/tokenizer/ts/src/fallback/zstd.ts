/** zstd without the core: frames are read by `fzstd`, and written without compression (RFC 8878). */

import { Decompress } from 'fzstd';

import { TOKENIZER_CODES } from '../codes';

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
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
  checkHeader(data, maxBytes);
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

/** Looks at what the first frame asks for, before memory is given to it. */
function checkHeader(data: Uint8Array, maxBytes: number): void {
  if (data.length < 6 || MAGIC.some((byte, index) => data[index] !== byte)) {
    throw TOKENIZER_CODES.error('DATA_DAMAGED', 'the data does not begin as zstd does');
  }
  const descriptor = data[4]!;
  const isSingle = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!;
  if (dictionaryBytes > 0) {
    throw TOKENIZER_CODES.error('NATIVE_ONLY', 'the data was compressed with a dictionary');
  }
  if (!isSingle) {
    const window = data[5]!;
    const size = 2 ** (10 + (window >> 3)) * (1 + (window & 7) / 8);
    if (size > WINDOW) {
      throw TOKENIZER_CODES.error('DATA_DAMAGED', `the frame asks for a window of ${size} bytes`);
    }
  }
  const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  const start = isSingle ? 5 : 6;
  let size = 0;
  for (let index = sizeBytes - 1; index >= 0; index--) size = size * 256 + (data[start + index] ?? 0);
  if (sizeBytes === 2) size += 256;
  if (size > maxBytes) throw tooLarge(maxBytes);
}

function tooLarge(maxBytes: number): Error {
  const message = `the data is larger than ${maxBytes} bytes when it is decompressed`;
  return TOKENIZER_CODES.error('OUTPUT_TOO_LARGE', message);
}
