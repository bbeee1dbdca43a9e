/** One vector against many, in TypeScript. */

import { cosine, dot, order, score } from '../precise';

/** The scores of a query against all vectors. */
export function batchInScript(
  metric: number,
  query: Float32Array,
  vectors: Float32Array,
  dims: number,
  norms: Float32Array | null,
  scores: Float32Array,
): void {
  const scoreOf = scorer(metric, query, 0, vectors, dims, norms);
  for (let row = 0; row < scores.length; row++) scores[row] = scoreOf(row);
}

/** Rows and scores of each query one after the other, `k` places each; `k` is no more than there are vectors. */
export function topKInScript(
  metric: number,
  queries: Float32Array,
  vectors: Float32Array,
  dims: number,
  k: number,
  norms: Float32Array | null,
  indices: Uint32Array,
  scores: Float32Array,
): void {
  for (let query = 0; query * dims < queries.length; query++) {
    const scoreOf = scorer(metric, queries, query * dims, vectors, dims, norms);
    const all = new Float64Array(vectors.length / dims);
    for (let row = 0; row < all.length; row++) all[row] = scoreOf(row);
    // Places are rows here.
    const rows = best(
      metric,
      all,
      Uint32Array.from(all, (_, row) => row),
      k,
    );
    indices.set(rows, query * k);
    for (let place = 0; place < k; place++) scores[query * k + place] = all[rows[place]!]!;
  }
}

/** The places in `rows` of the `k` best of them, best first; their scores are at the same places. */
export function best(metric: number, scores: Float64Array, rows: Uint32Array, k: number): Uint32Array {
  const places = Uint32Array.from(rows, (_, place) => place);
  places.sort((left, right) => order(metric, scores[left]!, rows[left]!, scores[right]!, rows[right]!));
  return places.subarray(0, k);
}

function scorer(
  metric: number,
  queries: Float32Array,
  at: number,
  vectors: Float32Array,
  dims: number,
  norms: Float32Array | null,
): (row: number) => number {
  if (metric !== 0) return (row) => score(metric, queries, at, vectors, row * dims, dims);
  const squared = dot(queries, at, queries, at, dims);
  return (row) => {
    const norm = norms?.[row];
    const other = norm === undefined ? dot(vectors, row * dims, vectors, row * dims, dims) : norm * norm;
    return cosine(dot(queries, at, vectors, row * dims, dims), squared, other);
  };
}
