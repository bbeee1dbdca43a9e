/** Two vectors, or one against many that lie side by side. */

import type { EngineChoice } from '@fishplate/engine';

import {
  checkCount,
  checkDims,
  checkEngine,
  checkMetric,
  checkOptions,
  checkRows,
  checkVector,
  described,
  mismatch,
} from './check';
import { VECTOR_CODES } from './codes';
import { batchInScript, topKInScript } from './fallback/many';
import { selectNative, withCodes } from './native';
import { score } from './precise';
import type { Metric } from './types';

/** Below that many numbers a call across the boundary takes longer than the loop. */
const FEW = 32;

/** Options of functions that compare two vectors. */
export interface PairOptions {
  /** Which engine to use; `auto` unless given. Fewer than 32 numbers are compared here whatever it says. */
  readonly engine?: EngineChoice;
}

/** Options of {@link similarityBatch}. */
export interface BatchOptions extends PairOptions {
  /** The length of each vector, where it is known ({@link norms} tells it): `cosine` needs not take it again, and believes it. */
  readonly norms?: Float32Array;
}

/** Options of {@link topK}. */
export interface TopKOptions extends BatchOptions {
  /** `cosine` unless given. */
  readonly metric?: Metric;
}

/** The best of many vectors. */
export interface TopK {
  /** Which ones, from 0, best first; of several queries one after the other. */
  readonly indices: Uint32Array;
  /** Their scores. */
  readonly scores: Float32Array;
  /** How many each query has: `k`, or as many as there are vectors. */
  readonly k: number;
}

/**
 * Cosine of the angle between two vectors, from -1 to 1; 0 where one of them is zero, NaN where one holds NaN or an infinity.
 *
 * @throws FishplateError `INPUT_INVALID`, `DIMS_MISMATCH`.
 */
export function cosineSimilarity(a: Float32Array, b: Float32Array, options?: PairOptions): number {
  const native = nativeFor(a, b, options);
  return native === null ? inScript(0, a, b) : native.cosineSimilarity(a, b);
}

/**
 * Inner product of two vectors; NaN and infinities come out as IEEE 754 has it.
 *
 * @throws FishplateError `INPUT_INVALID`, `DIMS_MISMATCH`.
 */
export function dotProduct(a: Float32Array, b: Float32Array, options?: PairOptions): number {
  const native = nativeFor(a, b, options);
  return native === null ? inScript(1, a, b) : native.dotProduct(a, b);
}

/**
 * Length of the difference of two vectors.
 *
 * @throws FishplateError `INPUT_INVALID`, `DIMS_MISMATCH`.
 */
export function euclideanDistance(a: Float32Array, b: Float32Array, options?: PairOptions): number {
  const native = nativeFor(a, b, options);
  return native === null ? inScript(2, a, b) : native.euclideanDistance(a, b);
}

/**
 * Square of the length of the difference of two vectors.
 *
 * @throws FishplateError `INPUT_INVALID`, `DIMS_MISMATCH`.
 */
export function squaredEuclideanDistance(a: Float32Array, b: Float32Array, options?: PairOptions): number {
  const native = nativeFor(a, b, options);
  return native === null ? inScript(3, a, b) : native.squaredEuclideanDistance(a, b);
}

/**
 * The scores of a query against all of the vectors, which lie side by side, `dims` numbers each; into `out` where it is given.
 *
 * @throws FishplateError `INPUT_INVALID`, `DIMS_MISMATCH`, `OPTION_INVALID`.
 */
export function similarityBatch(
  query: Float32Array,
  vectors: Float32Array,
  dims: number,
  metric: Metric = 'cosine',
  out?: Float32Array,
  options: BatchOptions = {},
): Float32Array {
  checkCount(dims, 'dims', 1, 0xffff_ffff);
  checkDims(query, 'query', dims);
  const rows = checkRows(vectors, 'vectors', dims);
  const number = checkMetric(metric);
  const norms = checkNorms(options, rows);
  if (out !== undefined && (!(out instanceof Float32Array) || out.length !== rows)) {
    throw VECTOR_CODES.error('INPUT_INVALID', `out must be a Float32Array of ${rows} numbers, one a vector`);
  }
  const scores = out ?? new Float32Array(rows);
  const native = selectNative(checkEngine(options.engine));
  if (native === null) {
    // The other engine refuses it, since it reads while it writes.
    if (out !== undefined && liesOver(out, query, vectors, norms)) {
      throw VECTOR_CODES.error('INPUT_INVALID', 'the array for the results lies over one that is read');
    }
    batchInScript(number, query, vectors, dims, norms, scores);
  } else withCodes(() => native.similarityBatch(number, query, vectors, norms, scores));
  return scores;
}

/**
 * The best `k` of the vectors, which lie side by side, `dims` numbers each: exact, equal ones in their order, NaN last. Several
 * queries that lie side by side are answered at once, which is faster than one after the other.
 *
 * @throws FishplateError `INPUT_INVALID`, `DIMS_MISMATCH`, `OPTION_INVALID`.
 */
export function topK(
  query: Float32Array,
  vectors: Float32Array,
  dims: number,
  k: number,
  options: TopKOptions = {},
): TopK {
  checkCount(dims, 'dims', 1, 0xffff_ffff);
  checkCount(k, 'k', 1, 0xffff_ffff);
  checkVector(query, 'query');
  const queries = checkRows(query, 'query', dims);
  const rows = checkRows(vectors, 'vectors', dims);
  checkOptions(options);
  const metric = checkMetric(options.metric);
  const norms = checkNorms(options, rows);
  const most = Math.min(k, rows);
  const indices = new Uint32Array(queries * most);
  const scores = new Float32Array(queries * most);
  const native = selectNative(checkEngine(options.engine));
  if (most === 0) return { indices, scores, k: most };
  if (native === null) topKInScript(metric, query, vectors, dims, most, norms, indices, scores);
  else withCodes(() => native.topK(metric, query, vectors, dims, most, norms, indices, scores));
  return { indices, scores, k: most };
}

/** The binding for two vectors, or null where they are compared here. */
function nativeFor(
  a: Float32Array,
  b: Float32Array,
  options: PairOptions | undefined,
): ReturnType<typeof selectNative> {
  if (!(a instanceof Float32Array && b instanceof Float32Array) || a.length !== b.length || a.length === 0) {
    checkVector(a, 'a');
    checkDims(b, 'b', a.length);
  }
  if (options === undefined) return a.length < FEW ? null : selectNative(undefined);
  checkOptions(options);
  const native = selectNative(checkEngine(options.engine));
  return a.length < FEW ? null : native;
}

function inScript(metric: number, a: Float32Array, b: Float32Array): number {
  return score(metric, a, 0, b, 0, a.length);
}

function checkNorms(options: BatchOptions, rows: number): Float32Array | null {
  checkOptions(options);
  const { norms } = options;
  if (norms === undefined) return null;
  if (!(norms instanceof Float32Array)) {
    throw VECTOR_CODES.error('INPUT_INVALID', `norms must be a Float32Array, and is ${described(norms)}`);
  }
  if (norms.length !== rows) throw mismatch('norms', norms.length, rows);
  return norms;
}

function liesOver(out: Float32Array, ...read: readonly (Float32Array | null)[]): boolean {
  return read.some(
    (other) =>
      other !== null &&
      other.buffer === out.buffer &&
      other.byteOffset < out.byteOffset + out.byteLength &&
      out.byteOffset < other.byteOffset + other.byteLength,
  );
}
