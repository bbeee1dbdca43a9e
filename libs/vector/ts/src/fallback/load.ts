/** Loading. Nothing of a file is believed before its checksum and its lengths are found right. */

import { type FileHandle, open } from 'node:fs/promises';

import { VECTOR_CODES } from '../codes';
import { ByteReader } from '../encoding';
import type { GraphShape } from '../engine';
import type { Metadata } from '../types';
import { crc32 } from './crc32';
import { damaged, decodeHeader, HEADER, type Header, Refusal, type Section, SECTIONS } from './header';
import { FallbackIndex } from './index';
import { type Block, MEASURES, Rows } from './rows';

/** @throws FishplateError `FILE_DAMAGED`, `FILE_UNSUPPORTED`, `FILE_FAILED`, `OUT_OF_MEMORY` */
export async function readIndexFile(path: string): Promise<FallbackIndex> {
  try {
    const file = await open(path, 'r');
    try {
      return await read(file);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof Refusal) {
      const verb = error.code === 'FILE_DAMAGED' ? 'is damaged' : 'cannot be read';
      throw VECTOR_CODES.error(error.code, `${path} ${verb}: ${error.message}`);
    }
    if (error instanceof RangeError) {
      throw VECTOR_CODES.error('OUT_OF_MEMORY', `no memory for ${path}`, { cause: error });
    }
    const { message } = error as Error;
    throw VECTOR_CODES.error('FILE_FAILED', `cannot load ${path}: ${message}`, { cause: error });
  }
}

async function read(file: FileHandle): Promise<FallbackIndex> {
  const stats = await file.stat();
  if (!stats.isFile()) throw new Refusal('FILE_UNSUPPORTED', 'it is no regular file');
  const first = await bytesAt(file, 0, Math.min(HEADER, stats.size));
  const header = decodeHeader(first, stats.size);
  await checkGaps(file, header);
  const [keys, metadata] = labels(await whole(file, header.sections.labels), header);
  const shape = { ...header.shape, graph: header.hasGraph ? await graph(file, header) : undefined };
  const rows = new Rows(shape);
  const blocks: Block[] = Array.from({ length: Math.ceil(header.end / rows.size) }, () => rows.newBlock());
  for (const plane of ['measures', 'vectors', 'codes'] as const) {
    await fill(
      file,
      header.sections[plane],
      blocks.map((block) => block[plane]),
    );
  }
  keys.forEach((key, row) => {
    // What free rows have is of no account, as long as it is written as nothing again.
    if (key === undefined) {
      const at = (row % rows.size) * MEASURES;
      blocks[Math.floor(row / rows.size)]!.measures.fill(0, at, at + MEASURES);
    }
  });
  rows.load(keys, metadata, blocks);
  return FallbackIndex.over(shape, rows);
}

/** What lies between sections is zero: so every bit of a file counts. */
async function checkGaps(file: FileHandle, { sections }: Header): Promise<void> {
  let end = HEADER;
  for (const name of SECTIONS) {
    const { start, length } = sections[name];
    const gap = await bytesAt(file, end, start - end);
    if (gap.some((byte) => byte !== 0)) throw damaged('there is something between its sections');
    end = start + length;
  }
}

/** What the graph is made of; its links are of no use here. */
async function graph(file: FileHandle, { sections }: Header): Promise<GraphShape> {
  const bytes = await whole(file, sections.graph);
  if (bytes.length < 12) throw damaged('the graph ends too early');
  return { connections: bytes.readUInt32LE(4), effort: bytes.readUInt32LE(8) };
}

function labels(bytes: Buffer, { end, live }: Header): [(string | undefined)[], (Metadata | undefined)[]] {
  const keys: (string | undefined)[] = [];
  const metadata: (Metadata | undefined)[] = [];
  const known = new Set<string>();
  try {
    const reader = new ByteReader(bytes);
    for (let row = 0; row < end; row++) {
      const length = reader.u16();
      if (length === 0) {
        keys.push(undefined);
        metadata.push(undefined);
        continue;
      }
      const key = reader.text(length);
      if (known.has(key)) throw damaged(`key ${JSON.stringify(key)} is there twice`);
      known.add(key);
      keys.push(key);
      metadata.push(reader.metadata());
    }
    if (!reader.isAtEnd || known.size !== live) throw damaged('there are more or fewer keys than it says');
  } catch (error) {
    throw error instanceof RangeError ? damaged(`a label cannot be read: ${error.message}`) : error;
  }
  return [keys, metadata];
}

async function whole(file: FileHandle, { start, length, checksum }: Section): Promise<Buffer> {
  const bytes = await bytesAt(file, start, length);
  if (crc32(bytes) !== checksum) throw damaged('a section has another checksum');
  return bytes;
}

/** Reads a section into one array after the other; the last one may be longer. */
async function fill(file: FileHandle, section: Section, into: (Float32Array | Uint8Array)[]): Promise<void> {
  let at = section.start;
  let checksum = 0;
  const end = section.start + section.length;
  for (const array of into) {
    const bytes = Buffer.from(array.buffer, array.byteOffset, Math.min(array.byteLength, end - at));
    await readInto(file, bytes, at);
    checksum = crc32(bytes, checksum);
    at += bytes.length;
  }
  if (checksum !== section.checksum) throw damaged('vectors or codes have another checksum');
}

async function bytesAt(file: FileHandle, start: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  await readInto(file, bytes, start);
  return bytes;
}

async function readInto(file: FileHandle, bytes: Buffer, start: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, start + done);
    if (bytesRead === 0) throw damaged('it has been cut off');
    done += bytesRead;
  }
}
