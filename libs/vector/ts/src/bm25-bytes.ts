/** A text index as bytes and back, as docs/formats/hybrid.md has them: the same bytes as the native engine's. */

import { crc32 } from 'node:zlib';

import type { Bm25Weights, TextDocument } from './bm25';
import { ByteReader, ByteWriter, writeMetadata } from './encoding';

const MAGIC = 'FISHTEXT';
const VERSION = 1;

/** Texts with the terms that they have. */
export function writeDocuments({ k1, b }: Bm25Weights, documents: ReadonlyMap<string, TextDocument>): Buffer {
  const numbers = new Map<string, number>();
  const texts = new ByteWriter();
  for (const { key, length, counts, metadata } of documents.values()) {
    texts.text(key, 2);
    writeNumber(length, texts);
    writeMetadata(metadata, texts);
    writeNumber(counts.size, texts);
    for (const [term, count] of [...counts].sort(([left], [right]) => byBytes(left, right))) {
      const number = numbers.get(term) ?? numbers.size;
      numbers.set(term, number);
      writeNumber(number, texts);
      writeNumber(count, texts);
    }
  }
  const head = new ByteWriter();
  for (const character of MAGIC) head.u8(character.charCodeAt(0));
  head.u32(VERSION);
  head.f64(k1);
  head.f64(b);
  head.u32(numbers.size);
  head.u32(documents.size);
  for (const term of numbers.keys()) head.text(term, 2);
  const body = Buffer.concat([head.written(), texts.written()]);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32LE(crc32(body));
  return Buffer.concat([body, checksum]);
}

/** @throws RangeError where the bytes are anything else. */
export function readDocuments(bytes: Buffer): { weights: Bm25Weights; documents: TextDocument[] } {
  const reader = new ByteReader(bytes);
  if (reader.text(MAGIC.length) !== MAGIC) throw new RangeError('it does not begin as one does');
  if (reader.u32() !== VERSION) throw new RangeError('it is of a newer format');
  const end = bytes.length - 4;
  if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32LE(end)) {
    throw new RangeError('its checksum is another one');
  }
  const weights = { k1: reader.f64(), b: reader.f64() };
  const termCount = reader.u32();
  const documentCount = reader.u32();
  const terms: string[] = [];
  for (let term = 0; term < termCount; term++) terms.push(reader.text(reader.u16()));
  const documents: TextDocument[] = [];
  for (let document = 0; document < documentCount; document++) {
    const key = reader.text(reader.u16());
    const length = readNumber(reader);
    const metadata = reader.metadata();
    const counts = new Map<string, number>();
    for (let left = readNumber(reader); left > 0; left--) {
      const term = terms[readNumber(reader)];
      if (term === undefined) throw new RangeError('a term has no such number');
      counts.set(term, readNumber(reader));
    }
    documents.push({ key, length, counts, metadata });
  }
  if (reader.at !== end) throw new RangeError('there is more than what it says');
  return { weights, documents };
}

/** In groups of 7 bits, lowest first; all but the last have their highest bit set (LEB128). */
function writeNumber(number: number, to: ByteWriter): void {
  let rest = number;
  for (; rest > 0x7f; rest >>>= 7) to.u8((rest & 0x7f) | 0x80);
  to.u8(rest);
}

function readNumber(reader: ByteReader): number {
  let number = 0;
  for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
    const byte = reader.u8();
    number += (byte & 0x7f) * scale;
    if (byte < 0x80) return number;
  }
  throw new RangeError('a number has more than 32 bits');
}

/** The order of UTF-8, which differs from that of UTF-16 beyond the basic plane. */
function byBytes(left: string, right: string): number {
  if (/[\ud800-\udfff]/.test(left + right)) return Buffer.compare(Buffer.from(left), Buffer.from(right));
  return left < right ? -1 : 1;
}
