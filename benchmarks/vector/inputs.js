'use strict';

/** Seeded vectors: points around seeded centres, as embeddings lie. */

const { seeded } = require('@fishplate/bench-harness');

/** Numbers of about normal distribution: the sum of four even ones. */
function normal(random) {
  return (random(65_536) + random(65_536) + random(65_536) + random(65_536)) / 32_768 - 4;
}

/**
 * `count` vectors of `dims` numbers around `centres` centres, and `queries` more of the same kind.
 *
 * @returns {{ vectors: Float32Array, queries: Float32Array[] }}
 */
function clustered(count, dims, queries, { centres = 500, spread = 0.8, seed = 1 } = {}) {
  const random = seeded(seed);
  const middle = Float32Array.from({ length: centres * dims }, () => normal(random));
  const point = (into, at, centre) => {
    for (let number = 0; number < dims; number++) {
      into[at + number] = middle[centre * dims + number] + spread * normal(random);
    }
  };
  const vectors = new Float32Array(count * dims);
  for (let row = 0; row < count; row++) point(vectors, row * dims, row % centres);
  const asked = Array.from({ length: queries }, () => {
    const query = new Float32Array(dims);
    point(query, 0, random(centres));
    return query;
  });
  return { vectors, queries: asked };
}

module.exports = { clustered };
