/** Records: what they look like, and their checksums. See docs/formats/storage.md. */

import { RECORD_HEADER } from '../engine';
import { crc32 } from './crc';
import { putU64, u64At } from './format';

export const ALIGNMENT = 8;
/** Flag: numbers are missing before this event. */
export const FLAG_GAP = 1;
/** Flag: the record continues a batch. */
export const FLAG_CONTINUES = 2;

export const EVENT = 1;
export const CHECKPOINT = 2;
export const TOMBSTONE = 3;
export const DIRECTORY = 4;
export const SEAL = 5;
export const BRANCH = 6;
/** Kinds from here on may be skipped by who does not know them. */
export const OPTIONAL = 128;

export interface RecordHeader {
  readonly checksum: number;
  readonly previous: number;
  readonly payload: number;
  readonly kind: number;
  readonly flags: number;
  readonly stream: number;
  readonly batch: number;
  readonly seq: number;
  readonly time: number;
  readonly synced: number;
  /** Size of the record with its padding. */
  readonly total: number;
}

export interface NewRecord {
  readonly kind: number;
  readonly flags: number;
  readonly stream: Uint8Array;
  readonly batch: number;
  readonly seq: number;
  readonly time: number;
  readonly synced: number;
  /** The payload, in parts. */
  readonly payload: readonly Uint8Array[];
}

const OFFSET = Buffer.alloc(8);

/** Where the checksums of a segment begin. */
export function seedOf(id: Buffer, segment: number): number {
  const bytes = Buffer.alloc(8);
  putU64(bytes, segment, 0);
  return crc32(bytes, crc32(id));
}

function at(seed: number, offset: number): number {
  putU64(OFFSET, offset, 0);
  return crc32(OFFSET, seed);
}

export function recordBytes(stream: number, payload: number): number {
  return Math.ceil((RECORD_HEADER + stream + payload) / ALIGNMENT) * ALIGNMENT;
}

export function sizeOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

/** Writes a record that will stand at `offset` into `out` at `start`, which has room for it; its checksum. */
export function encodeRecord(
  out: Buffer,
  start: number,
  seed: number,
  offset: number,
  previous: number,
  record: NewRecord,
): number {
  const payload = sizeOf(record.payload);
  const total = recordBytes(record.stream.length, payload);
  const bytes = out.subarray(start, start + total);
  bytes.writeUInt32LE(previous, 8);
  bytes.writeUInt32LE(payload, 12);
  bytes[16] = record.kind;
  bytes[17] = record.flags;
  bytes.writeUInt16LE(record.stream.length, 18);
  bytes.writeUInt32LE(record.batch, 20);
  putU64(bytes, record.seq, 24);
  putU64(bytes, record.time, 32);
  putU64(bytes, record.synced, 40);
  const begun = at(seed, offset);
  bytes.writeUInt32LE(crc32(bytes.subarray(8, RECORD_HEADER), begun), 4);
  bytes.set(record.stream, RECORD_HEADER);
  let end = RECORD_HEADER + record.stream.length;
  for (const part of record.payload) {
    bytes.set(part, end);
    end += part.length;
  }
  bytes.fill(0, end);
  const checksum = crc32(bytes.subarray(4), begun);
  bytes.writeUInt32LE(checksum, 0);
  return checksum;
}

/** Reads a header; null unless its checksum says that it was written for this place. */
export function decodeHeader(bytes: Buffer, seed: number, offset: number): RecordHeader | null {
  // No record has kind 0, so that zeros are never one.
  if (bytes.length < RECORD_HEADER || bytes[16] === 0) return null;
  if (crc32(bytes.subarray(8, RECORD_HEADER), at(seed, offset)) !== bytes.readUInt32LE(4)) return null;
  const [payload, stream] = [bytes.readUInt32LE(12), bytes.readUInt16LE(18)];
  return {
    checksum: bytes.readUInt32LE(0),
    previous: bytes.readUInt32LE(8),
    payload,
    kind: bytes[16]!,
    flags: bytes[17]!,
    stream,
    batch: bytes.readUInt32LE(20),
    seq: u64At(bytes, 24),
    time: u64At(bytes, 32),
    synced: u64At(bytes, 40),
    total: recordBytes(stream, payload),
  };
}

/** Whether the whole record, with its padding, is what was written for this place. */
export function isRecord(header: RecordHeader, bytes: Buffer, seed: number, offset: number): boolean {
  if (bytes.length < header.total) return false;
  return crc32(bytes.subarray(4, header.total), at(seed, offset)) === header.checksum;
}

/** The payload in the bytes of a record. */
export function payloadOf(header: RecordHeader, bytes: Buffer): Buffer {
  const start = RECORD_HEADER + header.stream;
  return bytes.subarray(start, start + header.payload);
}
