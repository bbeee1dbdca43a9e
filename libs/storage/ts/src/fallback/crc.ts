/** CRC-32 as zlib has it. */

import * as zlib from 'node:zlib';

type Crc = (bytes: Uint8Array, start?: number) => number;

/** Node has it from 20.15 and 22.2 on; the types of Node 20 do not name it. */
const builtin = (zlib as unknown as { crc32?: Crc }).crc32;
/** Below this a call into the runtime takes longer than the table. */
const SHORT = 64;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** CRC of bytes that follow those whose CRC is `start`, by table. */
export function tableCrc(bytes: Uint8Array, start = 0): number {
  let value = ~start;
  for (let index = 0; index < bytes.length; index++) {
    value = TABLE[(value ^ bytes[index]!) & 0xff]! ^ (value >>> 8);
  }
  return ~value >>> 0;
}

/** CRC of bytes that follow those whose CRC is `start`. */
export function crc32(bytes: Uint8Array, start = 0): number {
  return builtin === undefined || bytes.length < SHORT ? tableCrc(bytes, start) : builtin(bytes, start);
}
