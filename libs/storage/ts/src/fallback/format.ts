/** The fixed-size parts of a store's files: identity, segment header, prune mark. See docs/formats/storage.md. */

import { join } from 'node:path';

import { STORAGE_CODES } from '../codes';
import { crc32 } from './crc';
import { corrupt } from './system';

export const FORMAT_VERSION = 1;
export const MINIMUM_READER = 1;
export const HEADER_BYTES = 64;
export const MARK_BYTES = 40;

const STORE_MAGIC = Buffer.from('FPSTORE\0', 'latin1');
const SEGMENT_MAGIC = Buffer.from('FPSEGMT\0', 'latin1');
const MARK_MAGIC = Buffer.from('FPMARK\0\0', 'latin1');

/** Where the parts of a store are. */
export class Paths {
  readonly store: string;
  readonly mark: string;
  readonly lock: string;
  readonly log: string;
  readonly salvaged: string;
  readonly blobs: string;
  readonly quarantine: string;

  constructor(
    readonly root: string,
    log = 'log',
  ) {
    this.store = join(root, 'STORE');
    this.mark = join(root, 'MARK');
    this.lock = join(root, 'lock');
    this.log = join(root, log);
    this.salvaged = join(root, 'log.salvage.tmp');
    this.blobs = join(root, 'blobs');
    this.quarantine = join(root, 'quarantine');
  }

  segment(number: number): string {
    return join(this.log, segmentName(number));
  }

  blob(name: string): string {
    return join(this.blobs, name.slice(0, 2), name);
  }
}

export function hex16(number: number): string {
  return number.toString(16).padStart(16, '0');
}

function segmentName(number: number): string {
  return `${hex16(number)}.seg`;
}

/** Number of a segment from its file name; 0 where it is none. */
export function segmentNumber(name: string): number {
  const number = /^[0-9a-f]{16}\.seg$/.test(name) ? Number.parseInt(name, 16) : 0;
  return Number.isSafeInteger(number) ? number : 0;
}

/** A number of 8 bytes; those that we write are below 2^53. */
export function u64At(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset) + bytes.readUInt32LE(offset + 4) * 2 ** 32;
}

export function putU64(bytes: Buffer, value: number, offset: number): void {
  bytes.writeUInt32LE(value % 2 ** 32, offset);
  bytes.writeUInt32LE(Math.floor(value / 2 ** 32), offset + 4);
}

function versioned(magic: Buffer, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  magic.copy(bytes);
  bytes.writeUInt32LE(FORMAT_VERSION, 8);
  bytes.writeUInt32LE(MINIMUM_READER, 12);
  return bytes;
}

function sealed(bytes: Buffer): Buffer {
  bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
  return bytes;
}

function isWhole(bytes: Buffer, magic: Buffer, size: number): boolean {
  return (
    bytes.length >= size &&
    bytes.subarray(0, 8).equals(magic) &&
    crc32(bytes.subarray(0, size - 4)) === bytes.readUInt32LE(size - 4)
  );
}

/** A newer format is refused before anything else of it is judged. */
function checkVersion(bytes: Buffer, magic: Buffer, path: string, writes: boolean): void {
  if (bytes.length < 16 || !bytes.subarray(0, 8).equals(magic)) return;
  const [found, minimum] = [bytes.readUInt32LE(8), bytes.readUInt32LE(12)];
  const needed = writes ? found : minimum;
  // A checksum that fits tells a newer format from a damaged one; what a newer one checks is not known.
  if (needed > FORMAT_VERSION && (isWhole(bytes, magic, HEADER_BYTES) || found < 1 << 16)) {
    const message = `${path} has format version ${found}, which needs a reader of version ${needed}; this one has version ${FORMAT_VERSION}: use a newer release`;
    const details = { path, found, needed, supported: FORMAT_VERSION };
    throw STORAGE_CODES.error('STORAGE_FORMAT_NEWER', message, { details });
  }
}

/** Content of the identity file. */
export function encodeStore(id: Buffer, created: number): Buffer {
  const bytes = versioned(STORE_MAGIC, HEADER_BYTES);
  id.copy(bytes, 16);
  putU64(bytes, created, 32);
  return sealed(bytes);
}

/** The store's id. */
export function decodeStore(bytes: Buffer, path: string, writes: boolean): Buffer {
  checkVersion(bytes, STORE_MAGIC, path, writes);
  if (!isWhole(bytes, STORE_MAGIC, HEADER_BYTES)) throw corrupt(0, 0, 'the file STORE is not whole');
  return Buffer.from(bytes.subarray(16, 32));
}

export interface SegmentHeader {
  readonly id: Buffer;
  readonly number: number;
  /** Number that the next event gets. */
  readonly first: number;
  readonly created: number;
  /** Checksum of the last record of the segment before. */
  readonly previous: number;
  /** The header's own CRC, which the first record continues. */
  readonly checksum: number;
}

export function encodeSegmentHeader(header: Omit<SegmentHeader, 'checksum'>): Buffer {
  const bytes = versioned(SEGMENT_MAGIC, HEADER_BYTES);
  header.id.copy(bytes, 16);
  putU64(bytes, header.number, 32);
  putU64(bytes, header.first, 40);
  putU64(bytes, header.created, 48);
  bytes.writeUInt32LE(header.previous, 56);
  return sealed(bytes);
}

export function decodeSegmentHeader(
  bytes: Buffer,
  number: number,
  path: string,
  writes: boolean,
): SegmentHeader {
  checkVersion(bytes, SEGMENT_MAGIC, path, writes);
  if (!isWhole(bytes, SEGMENT_MAGIC, HEADER_BYTES))
    throw corrupt(number, 0, 'the segment header is not whole');
  const header = {
    id: Buffer.from(bytes.subarray(16, 32)),
    number: u64At(bytes, 32),
    first: u64At(bytes, 40),
    created: u64At(bytes, 48),
    previous: bytes.readUInt32LE(56),
    checksum: bytes.readUInt32LE(60),
  };
  if (header.number !== number) {
    throw corrupt(number, 0, `the header says that this is segment ${header.number}`);
  }
  if (header.first === 0) throw corrupt(number, 0, 'events are numbered from 1');
  return header;
}

/** What a prune left: first event and first segment that are still there. */
export interface PruneMark {
  readonly before: number;
  readonly segment: number;
}

export function encodeMark(id: Buffer, { before, segment }: PruneMark): Buffer {
  const bytes = Buffer.alloc(MARK_BYTES);
  MARK_MAGIC.copy(bytes);
  putU64(bytes, before, 8);
  putU64(bytes, segment, 16);
  id.copy(bytes, 24, 0, 12);
  return sealed(bytes);
}

export function decodeMark(bytes: Buffer, id: Buffer): PruneMark {
  const isOurs = bytes.length >= MARK_BYTES && bytes.subarray(24, 36).equals(id.subarray(0, 12));
  if (!isOurs || !isWhole(bytes, MARK_MAGIC, MARK_BYTES)) {
    throw corrupt(0, 0, 'the prune mark (MARK) is not whole');
  }
  return { before: u64At(bytes, 8), segment: u64At(bytes, 16) };
}
