/** Helpers that callers would otherwise write by hand: lengths, unit vectors, shorter codes. */

import { checkCount, checkRows, checkVector, invalid } from './check';
import { fromBits, fromHalves, fromInt8, toBits, toHalves, toInt8 } from './codes-of-vectors';
import { dot } from './precise';

/** As what the numbers of a vector are kept. */
export type Storage = 'f32' | 'f16' | 'i8' | 'b1';

/** Storages in the order of their numbers in bindings and files. */
export const STORAGES: readonly Storage[] = ['f32', 'f16', 'i8', 'b1'];

/** A vector in shorter codes. */
export type Quantized =
  | { readonly storage: 'f16'; readonly dims: number; readonly codes: Uint16Array }
  | { readonly storage: 'i8'; readonly dims: number; readonly codes: Int8Array; readonly scale: number }
  | { readonly storage: 'b1'; readonly dims: number; readonly codes: Uint8Array; readonly scale: number };

/**
 * A vector of length 1 in the same direction, into `out` where it is given (which may be the vector itself). A zero vector stays
 * zero; one with NaN or an infinity becomes NaN.
 *
 * @throws FishplateError `INPUT_INVALID`, `DIMS_MISMATCH`.
 */
export function normalize(vector: Float32Array, out?: Float32Array): Float32Array {
  checkVector(vector, 'vector');
  const unit = out ?? new Float32Array(vector.length);
  if (!(unit instanceof Float32Array) || unit.length !== vector.length) {
    throw invalid(`out must be a Float32Array of ${vector.length} numbers`, out);
  }
  const norm = Math.sqrt(dot(vector, 0, vector, 0, vector.length));
  for (let at = 0; at < vector.length; at++) unit[at] = norm === 0 ? 0 : vector[at]! / norm;
  return unit;
}

/**
 * The length of each of the vectors, which lie side by side: what {@link BatchOptions} takes.
 *
 * @throws FishplateError `INPUT_INVALID`, `DIMS_MISMATCH`, `OPTION_INVALID`.
 */
export function norms(vectors: Float32Array, dims: number): Float32Array {
  checkCount(dims, 'dims', 1, 0xffff_ffff);
  const lengths = new Float32Array(checkRows(vectors, 'vectors', dims));
  for (let row = 0; row < lengths.length; row++) {
    lengths[row] = Math.sqrt(dot(vectors, row * dims, vectors, row * dims, dims));
  }
  return lengths;
}

/**
 * A vector in shorter codes: `f16` half precision (2 bytes a number; what is larger than 65,504 becomes that), `i8` whole numbers
 * from -127 to 127 times a scale (1 byte), `b1` the signs (1 bit, the first one lowest, set above 0) and the mean magnitude.
 *
 * @throws FishplateError `INPUT_INVALID`, `OPTION_INVALID`.
 */
export function quantize(vector: Float32Array, storage: 'f16' | 'i8' | 'b1'): Quantized {
  checkVector(vector, 'vector');
  const dims = vector.length;
  switch (storage) {
    case 'f16': {
      const codes = new Uint16Array(dims);
      toHalves(vector, codes);
      return { storage, dims, codes };
    }
    case 'i8': {
      const codes = new Int8Array(dims);
      return { storage, dims, codes, scale: toInt8(vector, codes) };
    }
    case 'b1': {
      const codes = new Uint8Array(Math.ceil(dims / 8));
      return { storage, dims, codes, scale: toBits(vector, codes) };
    }
    default:
      throw invalid('storage must be one of f16, i8, b1', storage);
  }
}

/**
 * What codes stand for.
 *
 * @throws FishplateError `OPTION_INVALID`.
 */
export function dequantize(quantized: Quantized): Float32Array {
  const vector = new Float32Array(quantized.dims);
  switch (quantized.storage) {
    case 'f16':
      fromHalves(quantized.codes, vector);
      return vector;
    case 'i8':
      fromInt8(quantized.codes, quantized.scale, vector);
      return vector;
    case 'b1':
      fromBits(quantized.codes, quantized.scale, vector);
      return vector;
    default:
      throw invalid('storage must be one of f16, i8, b1', (quantized as { storage: unknown }).storage);
  }
}
