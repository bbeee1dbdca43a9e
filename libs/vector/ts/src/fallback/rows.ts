/** Rows of vectors and codes in blocks, as the native engine has them, so that both write the same files. */

import { fromBits, fromHalves, fromInt8, toBits, toHalves, toInt8 } from '../codes-of-vectors';
import type { IndexShape } from '../engine';
import { dot, squaredDistance } from '../precise';
import type { Metadata } from '../types';

/** Bytes of a block of rows, about. */
const BLOCK = 512 * 1024;

/** Numbers that are known of a row: length, scale, error. */
export const MEASURES = 3;

/** Rows that lie together. */
export interface Block {
  readonly vectors: Float32Array;
  readonly codes: Uint8Array;
  readonly measures: Float32Array;
}

/** Whether the vectors are kept as they came. */
export function keepsVectors(shape: IndexShape): boolean {
  return shape.rescore || shape.storage === 0;
}

/** Bytes of a row's codes. */
export function codeBytes({ storage, dims }: IndexShape): number {
  return [0, dims * 2, dims, Math.ceil(dims / 64) * 8][storage]!;
}

/** Rows of a block, a power of two. */
export function rowsOfBlock(shape: IndexShape): number {
  const row = (keepsVectors(shape) ? shape.dims * 4 : 0) + codeBytes(shape);
  return 2 ** Math.floor(Math.log2(Math.max(64, Math.floor(BLOCK / row))));
}

/** Vectors, codes, keys and metadata by row number. */
export class Rows {
  readonly keys: (string | undefined)[] = [];
  readonly metadata: (Metadata | undefined)[] = [];
  readonly blocks: (Block | undefined)[] = [];
  /** Rows of a block. */
  readonly size: number;
  private readonly keeps: boolean;
  private readonly codeBytes: number;
  private readonly used: number[] = [];
  private readonly scratch: Float32Array;

  constructor(readonly shape: IndexShape) {
    this.size = rowsOfBlock(shape);
    this.keeps = keepsVectors(shape);
    this.codeBytes = codeBytes(shape);
    this.scratch = new Float32Array(shape.dims);
  }

  /** One more than the highest row number that was ever used. */
  get end(): number {
    return this.keys.length;
  }

  put(row: number, key: string, vector: Float32Array, metadata: Metadata | undefined): void {
    const number = Math.floor(row / this.size);
    const block = (this.blocks[number] ??= this.newBlock());
    if (this.keys[row] === undefined) this.used[number] = (this.used[number] ?? 0) + 1;
    this.keys[row] = key;
    this.metadata[row] = metadata;
    const at = row % this.size;
    if (this.keeps) block.vectors.set(vector, at * this.shape.dims);
    this.encode(vector, block, at);
  }

  clear(row: number): void {
    const number = Math.floor(row / this.size);
    this.keys[row] = undefined;
    this.metadata[row] = undefined;
    this.used[number]! -= 1;
    if (this.used[number] === 0) {
      this.blocks[number] = undefined;
      return;
    }
    const { vectors, codes, measures } = this.blocks[number]!;
    const at = row % this.size;
    if (this.keeps) vectors.fill(0, at * this.shape.dims, (at + 1) * this.shape.dims);
    codes.fill(0, at * this.codeBytes, (at + 1) * this.codeBytes);
    measures.fill(0, at * MEASURES, (at + 1) * MEASURES);
  }

  /** Where the vector of a live row is, as an array and a place in it; good until the next call. */
  vector(row: number): [Float32Array, number] {
    const block = this.blocks[Math.floor(row / this.size)]!;
    const at = row % this.size;
    if (this.keeps) return [block.vectors, at * this.shape.dims];
    this.decode(this.code(block, at), block.measures[at * MEASURES + 1]!, this.scratch);
    return [this.scratch, 0];
  }

  /** The codes of a live row. */
  codesOf(row: number): Uint8Array {
    return this.code(this.blocks[Math.floor(row / this.size)]!, row % this.size);
  }

  /** A block whose rows are free. */
  newBlock(): Block {
    return {
      vectors: new Float32Array(this.keeps ? this.size * this.shape.dims : 0),
      codes: new Uint8Array(this.size * this.codeBytes),
      measures: new Float32Array(this.size * MEASURES),
    };
  }

  /** Copies of all rows' measures, vectors or codes in order, as bytes. */
  planes(kind: 'measures' | 'vectors' | 'codes'): Uint8Array[] {
    const rowBytes = {
      measures: MEASURES * 4,
      vectors: this.keeps ? this.shape.dims * 4 : 0,
      codes: this.codeBytes,
    }[kind];
    const planes: Uint8Array[] = [];
    for (let first = 0; first < this.end; first += this.size) {
      const bytes = new Uint8Array(Math.min(this.size, this.end - first) * rowBytes);
      const plane = this.blocks[first / this.size]?.[kind];
      if (plane !== undefined) bytes.set(new Uint8Array(plane.buffer, plane.byteOffset, bytes.length));
      planes.push(bytes);
    }
    return planes;
  }

  /** Takes over what was loaded. */
  load(
    keys: readonly (string | undefined)[],
    metadata: readonly (Metadata | undefined)[],
    blocks: Block[],
  ): void {
    keys.forEach((key, row) => {
      this.keys[row] = key;
      this.metadata[row] = metadata[row];
      const number = Math.floor(row / this.size);
      if (key !== undefined) {
        this.used[number] = (this.used[number] ?? 0) + 1;
        this.blocks[number] = blocks[number];
      }
    });
  }

  private code(block: Block, at: number): Uint8Array {
    return block.codes.subarray(at * this.codeBytes, (at + 1) * this.codeBytes);
  }

  private encode(vector: Float32Array, block: Block, at: number): void {
    const { dims, storage } = this.shape;
    let scale = 1;
    let error = 0;
    let known = vector;
    if (storage !== 0) {
      const code = this.code(block, at);
      scale = this.write(vector, code);
      const decoded = this.scratch;
      this.decode(code, scale, decoded);
      if (this.keeps) error = nextUp(Math.sqrt(squaredDistance(vector, 0, decoded, 0, dims)));
      else known = decoded;
    }
    block.measures[at * MEASURES] = Math.sqrt(dot(known, 0, known, 0, dims));
    block.measures[at * MEASURES + 1] = scale;
    block.measures[at * MEASURES + 2] = error;
  }

  private write(vector: Float32Array, code: Uint8Array): number {
    switch (this.shape.storage) {
      case 1:
        toHalves(vector, new Uint16Array(code.buffer, code.byteOffset, vector.length));
        return 1;
      case 2:
        return toInt8(vector, new Int8Array(code.buffer, code.byteOffset, vector.length));
      default:
        return toBits(vector, code);
    }
  }

  private decode(code: Uint8Array, scale: number, vector: Float32Array): void {
    switch (this.shape.storage) {
      case 1:
        fromHalves(new Uint16Array(code.buffer, code.byteOffset, vector.length), vector);
        return;
      case 2:
        fromInt8(new Int8Array(code.buffer, code.byteOffset, vector.length), scale, vector);
        return;
      default:
        fromBits(code, scale, vector);
    }
  }
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The float32 above a length that is rounded to float32; 0 for 0. */
function nextUp(length: number): number {
  float[0] = length;
  if (float[0] !== 0) bits[0]! += 1;
  return float[0];
}
