'use strict';

/** The data of the vector benches: a labelled set that is in the repository, and a large one that is made where it is wanted. */

const { createHash } = require('node:crypto');
const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

const FOLDER = join(__dirname, 'data');

/** The text that the recorded figures were taken with; its vectors differ in their last digits from machine to machine. */
const SENTENCES_SHA256 = 'cb0ffa1bc8bd771371fb220e53954f7d5a333e9b4d1631d5778530e3c79e638d';

/** @param {Uint8Array} bytes */
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/**
 * Explanations of compiler errors, and queries with the explanations that answer them: `data/explanations.py` made them.
 *
 * @returns {{
 *   texts: { key: string, text: string, vector: Float32Array }[],
 *   queries: { text: string, vector: Float32Array, relevant: Set<string> }[],
 * }}
 */
function explanations() {
  const set = JSON.parse(readFileSync(join(FOLDER, 'explanations.json'), 'utf8'));
  const codes = readFileSync(join(FOLDER, 'explanations.i8'));
  if (sha256(codes) !== set.sha256) throw new Error('explanations.i8 is not what explanations.json says');
  /** @param {number} at */
  const vector = (at) =>
    Float32Array.from(new Int8Array(codes.buffer, codes.byteOffset + at * set.dims, set.dims));
  const texts = Object.entries(set.texts).map(([key, text], at) => ({ key, text, vector: vector(at) }));
  const queries = set.queries.map(
    /** @param {[string, string[]]} query @param {number} at */ ([text, relevant], at) => ({
      text,
      vector: vector(texts.length + at),
      relevant: new Set(relevant),
    }),
  );
  return { texts, queries };
}

/**
 * Embeddings of sentences, in an order that says nothing: `data/sentences.py` makes them, in the folder that
 * FISHPLATE_VECTOR_SENTENCES names or in `node_modules/.cache/fishplate-sentences`. Null, with the reason, where they are not there.
 *
 * @returns {{ dims: number, count: number, vectors: Float32Array } | { reason: string }}
 */
function sentences() {
  const cache = join(__dirname, '..', '..', 'node_modules', '.cache', 'fishplate-sentences');
  const folder = process.env.FISHPLATE_VECTOR_SENTENCES ?? cache;
  if (!existsSync(join(folder, 'manifest.json'))) {
    return {
      reason: `no embeddings in ${folder}; benchmarks/vector/data/sentences.py tells how to make them`,
    };
  }
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
  if (manifest.sentences !== SENTENCES_SHA256) {
    return { reason: `the sentences in ${folder} are others than those of the recorded figures` };
  }
  const bytes = readFileSync(join(folder, 'vectors.f32'));
  if (sha256(bytes) !== manifest.vectors)
    return { reason: `${folder}/vectors.f32 is damaged; remove it and make it again` };
  const vectors = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  return { dims: manifest.dims, count: manifest.count, vectors };
}

/**
 * The mean of the reciprocal ranks of the first right answers.
 *
 * @param {readonly { relevant: Set<string> }[]} queries
 * @param {readonly (readonly { key: string }[])[]} hits of each query, best first
 */
function meanReciprocalRank(queries, hits) {
  const ranks = queries.map(({ relevant }, at) => hits[at].findIndex(({ key }) => relevant.has(key)) + 1);
  return ranks.reduce((sum, rank) => sum + (rank === 0 ? 0 : 1 / rank), 0) / ranks.length;
}

module.exports = { explanations, meanReciprocalRank, sentences };
