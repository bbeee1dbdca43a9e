'use strict';

/**
 * The graph and the hybrid ranking on real embeddings: how many of the nearest are found, and how much faster than by a look at all.
 *
 *     FISHPLATE_VECTOR_SENTENCES=FOLDER node benchmarks/vector/graph.js
 *
 * `graphRows` and `hybridRows` give rows of a table; `graphRows` gives none, and says so, where the embeddings are not there.
 */

const { mkdtempSync, rmSync, statSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const { compare, table } = require('@fishplate/bench-harness');
const { createHybridIndex, createVectorIndex, VectorIndex } = require('@fishplate/vector');

const { explanations, meanReciprocalRank, sentences } = require('./data');

/** The embeddings behind these are queries, which no index holds. */
const HELD = 100_000;
const QUERIES = 300;
const K = 10;

/** @typedef {import('@fishplate/vector').VectorIndex} Index */

/**
 * @param {Index} graph
 * @param {Index} exact
 * @param {Float32Array[]} queries
 * @param {object} [options]
 */
function recall(graph, exact, queries, options) {
  let found = 0;
  let all = 0;
  for (const query of queries) {
    const truth = new Set(exact.searchSync(query, K, options).map(({ key }) => key));
    found += graph.searchSync(query, K, options).filter(({ key }) => truth.has(key)).length;
    all += truth.size;
  }
  return found / all;
}

/** The median of a query's time, of both in turns. @param {Index} graph @param {Index} exact @param {Float32Array[]} queries @param {object} [options] */
function ratio(graph, exact, queries, options) {
  const next = (/** @type {Index} */ index) => {
    let at = 0;
    return () => index.searchSync(/** @type {Float32Array} */ (queries[at++ % queries.length]), K, options);
  };
  const [slow, fast] = compare([
    { name: 'exact', run: next(exact) },
    { name: 'hnsw', run: next(graph) },
  ]);
  return { exact: slow.medianMs, graph: fast.medianMs, times: slow.medianMs / fast.medianMs };
}

/** Rows on a graph of 100,000 sentences. */
async function graphRows() {
  const set = sentences();
  if ('reason' in set) {
    process.stdout.write(`hnsw: skipped, ${set.reason}\n`);
    return [];
  }
  const { dims, vectors } = set;
  const vector = (/** @type {number} */ at) => vectors.subarray(at * dims, (at + 1) * dims);
  const keys = Array.from({ length: HELD }, (_, at) => String(at));
  const metadata = keys.map((_, at) => ({ ten: at % 10, thousand: at % 1000 }));
  const queries = Array.from({ length: QUERIES }, (_, at) => vector(HELD + at));
  const exact = createVectorIndex({ dims });
  const graph = createVectorIndex({ dims, kind: 'hnsw' });
  /** @type {object[]} */
  const rows = [];
  const measure = (
    /** @type {string} */ name,
    /** @type {Index} */ index,
    /** @type {object} */ options = {},
  ) => {
    const found = recall(index, exact, queries, options);
    const { exact: slow, graph: fast, times } = ratio(index, exact, queries, options);
    process.stdout.write(`${name}: recall@10 ${found.toFixed(4)}, ${times.toFixed(1)}x\n`);
    rows.push({
      measure: `hnsw, ${name}: recall@10 ${found.toFixed(4)}`,
      unit: 'ms',
      ours: fast,
      rivals: [{ name: 'exact scan', value: slow }],
      bar: { text: 'recall@10 >= 0.98 at >= 20x the exact scan', met: found >= 0.98 && times >= 20 },
    });
  };
  const folder = mkdtempSync(join(tmpdir(), 'fishplate-graph-'));
  try {
    const all = vectors.subarray(0, HELD * dims);
    exact.addMany(keys, all, metadata);
    const start = performance.now();
    graph.addMany(keys, all, metadata);
    process.stdout.write(`built in ${((performance.now() - start) / 1000).toFixed(1)} s by one thread\n`);
    measure('100,000 sentences', graph);
    measure('a filter that lets 1 in 10 through', graph, { filter: { ten: 3 } });
    // Here all that are let through are looked at.
    const narrow = { filter: { thousand: 3 } };
    process.stdout.write(
      `a filter that lets 1 in 1000 through: recall@10 ${recall(graph, exact, queries, narrow)}\n`,
    );
    for (let at = 0; at < HELD; at += 3) {
      graph.remove(String(at));
      exact.remove(String(at));
    }
    measure('a third removed', graph);
    for (let at = 0; at < HELD; at += 3) {
      graph.add(String(at), vector(at), metadata[at]);
      exact.add(String(at), vector(at), metadata[at]);
    }
    measure('and added again', graph);
    const path = join(folder, 'index');
    await graph.save(path);
    process.stdout.write(`saved: ${(statSync(path).size / 2 ** 20).toFixed(0)} MiB\n`);
    const loaded = await VectorIndex.load(path, { mmap: true });
    measure('saved and loaded, mapped', loaded);
    loaded.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
  return rows;
}

/** Rows on the labelled set. */
async function hybridRows() {
  const { texts, queries } = explanations();
  const index = createHybridIndex();
  await index.addMany(texts.map(({ key, text, vector }) => [key, { text, vector }]));
  const quality = (/** @type {{ only?: 'text' | 'vectors' }} */ options) =>
    meanReciprocalRank(
      queries,
      queries.map(({ text, vector }) => index.searchSync({ text, vector }, K, options)),
    );
  const [both, words, vectors] = [quality({}), quality({ only: 'text' }), quality({ only: 'vectors' })];
  index.close();
  return [
    {
      measure: 'hybrid search: MRR@10 of 64 questions over 397 texts',
      unit: 'MRR',
      ours: both,
      rivals: [
        { name: 'words alone', value: words },
        { name: 'vectors alone', value: vectors },
      ],
      bar: { text: 'better than either half', met: both > words && both > vectors },
    },
  ];
}

module.exports = { graphRows, hybridRows };

async function main() {
  const rows = [...(await hybridRows()), ...(await graphRows())];
  process.stdout.write(`${table(rows)}\n`);
}

if (require.main === module) void main();
