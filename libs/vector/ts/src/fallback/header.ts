/** The first bytes of a file: what it holds and where. docs/formats/vector.md says what each byte means. */

import { MOST_DIMENSIONS } from '../check';
import type { IndexShape } from '../engine';
import { crc32 } from './crc32';
import { codeBytes, keepsVectors, MEASURES } from './rows';

export const HEADER = 192;
export const ALIGNMENT = 64;

const MAGIC = Buffer.from('FPVEC\r\n\x1a', 'latin1');
const VERSION = 1;
const CHECKSUM = HEADER - 4;

/** Sections in the order in which they lie in the file. */
export const SECTIONS = ['labels', 'measures', 'vectors', 'codes', 'graph'] as const;

export interface Section {
  readonly start: number;
  readonly length: number;
  readonly checksum: number;
}

export interface Header {
  readonly shape: IndexShape;
  readonly hasGraph: boolean;
  /** One more than the highest row. */
  readonly end: number;
  /** Rows that hold vectors. */
  readonly live: number;
  readonly sections: Readonly<Record<(typeof SECTIONS)[number], Section>>;
}

/** Why a file is not read. */
export class Refusal extends Error {
  constructor(
    readonly code: 'FILE_DAMAGED' | 'FILE_UNSUPPORTED',
    reason: string,
  ) {
    super(reason);
  }
}

export function encodeHeader({ shape, hasGraph, end, live, sections }: Header): Buffer {
  const bytes = Buffer.alloc(HEADER);
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(VERSION, 8);
  bytes.writeUInt32LE(shape.dims, 12);
  bytes.set([shape.metric, shape.storage, Number(keepsVectors(shape)), Number(hasGraph)], 16);
  bytes.writeUInt32LE(end, 20);
  bytes.writeUInt32LE(live, 24);
  SECTIONS.forEach((name, number) => {
    const at = 32 + number * 24;
    bytes.writeBigUInt64LE(BigInt(sections[name].start), at);
    bytes.writeBigUInt64LE(BigInt(sections[name].length), at + 8);
    bytes.writeUInt32LE(sections[name].checksum, at + 16);
  });
  bytes.writeUInt32LE(crc32(bytes.subarray(0, CHECKSUM)), CHECKSUM);
  return bytes;
}

/** Reads a header and holds it to what can be. @throws Refusal */
export function decodeHeader(bytes: Buffer, fileLength: number): Header {
  if (bytes.length < HEADER || !bytes.subarray(0, 8).equals(MAGIC)) {
    throw new Refusal('FILE_UNSUPPORTED', 'it is no index of vectors');
  }
  const version = bytes.readUInt32LE(8);
  if (version !== VERSION) {
    throw new Refusal(
      'FILE_UNSUPPORTED',
      `it is of format version ${version}, and this reader has ${VERSION}`,
    );
  }
  if (crc32(bytes.subarray(0, CHECKSUM)) !== bytes.readUInt32LE(CHECKSUM)) {
    throw damaged('the header has another checksum');
  }
  const dims = bytes.readUInt32LE(12);
  const [metric, storage, keeps, graph] = bytes.subarray(16, 20) as unknown as [
    number,
    number,
    number,
    number,
  ];
  if (metric > 3 || storage > 3) throw damaged('no metric or storage has that number');
  if (dims === 0 || dims > MOST_DIMENSIONS) throw damaged('no vector has that many dimensions');
  const section = (number: number): Section => {
    const at = 32 + number * 24;
    return {
      start: Number(bytes.readBigUInt64LE(at)),
      length: Number(bytes.readBigUInt64LE(at + 8)),
      checksum: bytes.readUInt32LE(at + 16),
    };
  };
  const header: Header = {
    shape: { dims, metric, storage, rescore: keeps === 1, graph: undefined },
    hasGraph: graph === 1,
    end: bytes.readUInt32LE(20),
    live: bytes.readUInt32LE(24),
    sections: {
      labels: section(0),
      measures: section(1),
      vectors: section(2),
      codes: section(3),
      graph: section(4),
    },
  };
  check(header, fileLength);
  return header;
}

export function damaged(reason: string): Refusal {
  return new Refusal('FILE_DAMAGED', reason);
}

/** Sections follow each other, have the lengths that the rows ask for, and end where the file ends. */
function check({ shape, hasGraph, end, live, sections }: Header, fileLength: number): void {
  if (live > end || (!hasGraph && sections.graph.length > 0)) throw damaged('the header contradicts itself');
  const wanted = {
    labels: sections.labels.length,
    measures: end * MEASURES * 4,
    vectors: keepsVectors(shape) ? end * shape.dims * 4 : 0,
    codes: end * codeBytes(shape),
    graph: sections.graph.length,
  };
  let at = HEADER;
  for (const name of SECTIONS) {
    const { start, length } = sections[name];
    if (start !== aligned(at) || length !== wanted[name])
      throw damaged('a section is not where it should be');
    at = start + length;
  }
  if (at > fileLength) throw damaged('it has been cut off');
  if (at < fileLength) throw damaged('it goes on after its end');
}

/** The next place where a section may start. */
export function aligned(at: number): number {
  return Math.ceil(at / ALIGNMENT) * ALIGNMENT;
}
