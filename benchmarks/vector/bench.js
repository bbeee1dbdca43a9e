'use strict';

/**
 * The bars of the vector track against loops over typed arrays, simsimd, usearch, hnswlib-node and sqlite-vec, with the bandwidth of
 * memory, in one run. Recall of the graph and of hybrid search on real embeddings is measured in the core's tests.
 *
 *     npx nx bench @fishplate/vector-bench
 */

const { compare, table, writeResults } = require('@fishplate/bench-harness');
const { cosineSimilarity, createVectorIndex, norms, similarityBatch, topK } = require('@fishplate/vector');

const { clustered } = require('./inputs');
const { batch, best, cosine } = require('./loop');
const { rival } = require('./rivals');

const NATIVE = { engine: 'native' };
const MANY = 100_000;
const DIMS = 768;

/** A bar of how many times a rival's time ours must be. */
function bar(times, ours, other) {
  return { text: `>= ${times}x ${other.name}`, met: other.medianMs / ours.medianMs >= times };
}

/** Rows of one measure: each bar has its own, the first one all rivals. */
function rowsOf(measure, ours, others, bars) {
  const values = others.map(({ name, medianMs }) => ({ name, value: medianMs }));
  return bars.map(({ text, met }, at) => ({
    measure: at === 0 ? measure : `the same, ${text}`,
    unit: 'ms',
    ours: ours.medianMs,
    rivals: at === 0 ? values : [],
    bar: { text, met },
  }));
}

function pairs() {
  const simsimd = rival('simsimd');
  return [
    [1536, 10, 15],
    [384, 4, 8],
  ].flatMap(([dims, typed, byRow]) => {
    const [a, b] = clustered(0, dims, 2).queries;
    const index = createVectorIndex({ dims, ...NATIVE });
    const [left, right] = [index.add('a', a), index.add('b', b)];
    for (const score of [cosineSimilarity(a, b), index.similarity(left, right)]) {
      if (!(Math.abs(score - cosine(a, b)) < 1e-6)) throw new Error(`the cosine is off: ${score}`);
    }
    const contenders = [
      { name: 'two typed arrays', run: () => cosineSimilarity(a, b) },
      { name: 'by row number', run: () => index.similarity(left, right) },
      { name: 'loop', run: () => cosine(a, b) },
    ];
    if (simsimd !== null) contenders.push({ name: 'simsimd', run: () => simsimd.cosine(a, b) });
    const [pair, row, loop, ...others] = compare(contenders);
    return [
      ...rowsOf(
        `cosine of a pair of ${dims}, typed arrays`,
        pair,
        [loop, ...others],
        [bar(typed, pair, loop)],
      ),
      ...rowsOf(
        `cosine of a pair of ${dims}, by row number`,
        row,
        [loop, ...others],
        [bar(byRow, row, loop)],
      ),
    ];
  });
}

function batches() {
  const count = 10_000;
  const {
    vectors,
    queries: [query],
  } = clustered(count, DIMS, 1);
  const out = new Float32Array(count);
  const known = norms(vectors, DIMS);
  // A byte that is nowhere: libc's search reads all of them once, as fast as one thread can.
  const bytes = Buffer.from(vectors.buffer.slice(0));
  for (let at = bytes.indexOf(255); at >= 0; at = bytes.indexOf(255, at + 1)) bytes[at] = 254;
  const found = [...topK(query, vectors, DIMS, 10, NATIVE).indices];
  if (found.join() !== best(batch(query, vectors, DIMS, out), 10).join()) throw new Error('the best differ');
  const [all, stored, ten, loop, loopTen, memory] = compare([
    { name: 'batch', run: () => similarityBatch(query, vectors, DIMS, 'cosine', out, NATIVE) },
    {
      name: 'batch, norms',
      run: () => similarityBatch(query, vectors, DIMS, 'cosine', out, { ...NATIVE, norms: known }),
    },
    { name: 'top 10', run: () => topK(query, vectors, DIMS, 10, NATIVE) },
    { name: 'loop', run: () => batch(query, vectors, DIMS, out) },
    { name: 'loop', run: () => best(batch(query, vectors, DIMS, out), 10) },
    { name: 'reading memory', run: () => bytes.indexOf(255) },
  ]);
  const limit = {
    text: "<= 1.3x the time of reading the vectors' memory",
    met: all.medianMs <= 1.3 * memory.medianMs,
  };
  const measure = 'one query against 10,000 vectors of 768';
  return [
    ...rowsOf(`${measure}, no norms`, all, [loop, memory], [bar(10, all, loop), limit]),
    ...rowsOf(`${measure}, stored norms`, stored, [loop, memory], [bar(20, stored, loop)]),
    ...rowsOf(`${measure}, top 10`, ten, [loopTen, memory], [bar(10, ten, loopTen)]),
  ];
}

function indexOf(storage, vectors, keys) {
  const index = createVectorIndex({ dims: DIMS, storage, ...NATIVE });
  index.addMany(keys, vectors);
  return index;
}

/** How many of the true best ones were found, as a share. */
function recall(truth, found) {
  const shares = truth.map((keys, at) => keys.filter((key) => found[at].includes(key)).length / keys.length);
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

function scans() {
  const { vectors, queries } = clustered(MANY, DIMS, 100);
  const keys = Array.from({ length: MANY }, (_, row) => `vector ${row}`);
  const search = (index, query) => index.searchSync(query, 10);
  const full = indexOf('f32', vectors, keys);
  const truth = queries.map((query) => search(full, query).map(({ key }) => key));
  const contenders = [];
  const rows = [];
  let turn = 0;
  const next = () => queries[turn++ % queries.length];
  contenders.push({ name: 'f32 scan', run: () => search(full, next()) });
  const recalls = ['i8', 'b1'].map((storage) => {
    const index = indexOf(storage, vectors, keys);
    contenders.push({ name: storage, run: () => search(index, next()) });
    return recall(
      truth,
      queries.map((query) => search(index, query).map(({ key }) => key)),
    );
  });
  const sqlite = sqliteVec(vectors);
  if (sqlite !== null) contenders.push({ name: 'sqlite-vec', run: () => sqlite(next()) });
  const [scan, bytes, signs, ...others] = compare(contenders, { rounds: 21 });
  const named = 'top 10 of 100,000 vectors of 768';
  for (const [storage, timing, share] of [
    ['i8', bytes, recalls[0]],
    ['b1', signs, recalls[1]],
  ]) {
    const ratio = scan.medianMs / timing.medianMs;
    rows.push({
      measure: `${named}, ${storage} first, recall@10 ${share.toFixed(4)}`,
      unit: 'ms',
      ours: timing.medianMs,
      rivals: [scan, ...others].map(({ name, medianMs }) => ({ name, value: medianMs })),
      bar: { text: '>= 4x the f32 scan at recall >= 0.999', met: ratio >= 4 && share >= 0.999 },
    });
  }
  const share = full.stats().bytes / vectors.byteLength;
  rows.push({
    measure: `memory of an f32 index of ${named.slice(10)}, as a share of the vectors' bytes`,
    unit: 'x',
    ours: share,
    rivals: [],
    bar: { text: '<= 1.1', met: share <= 1.1 },
  });
  return rows;
}

function sqliteVec(vectors) {
  const [Database, extension] = [rival('better-sqlite3'), rival('sqlite-vec')];
  if (Database === null || extension === null) return null;
  const database = new Database(':memory:');
  extension.load(database);
  database.exec(`create virtual table v using vec0(e float[${DIMS}] distance_metric=cosine)`);
  const insert = database.prepare('insert into v(rowid, e) values (?, ?)');
  database.transaction(() => {
    for (let row = 0; row < MANY; row++) {
      insert.run(BigInt(row), vectors.subarray(row * DIMS, (row + 1) * DIMS));
    }
  })();
  const select = database.prepare('select rowid from v where e match ? and k = 10');
  return (query) => select.all(query);
}

/** The graph, on clustered vectors: fewer than in the bar where time is short. */
function graphs() {
  const count = Number(process.env.FISHPLATE_GRAPH_ROWS ?? MANY);
  const dims = 384;
  const { vectors, queries } = clustered(count, dims, 100, { centres: 2000, spread: 0.6 });
  const row = (at) => vectors.subarray(at * dims, (at + 1) * dims);
  const keys = Array.from({ length: count }, (_, at) => String(at));
  const exact = createVectorIndex({ dims, ...NATIVE });
  const graph = createVectorIndex({ dims, kind: 'hnsw', ...NATIVE });
  exact.addMany(keys, vectors);
  graph.addMany(keys, vectors);
  const search = (index, query) => index.searchSync(query, 10);
  const truth = queries.map((query) => search(exact, query).map(({ key }) => key));
  let turn = 0;
  const next = () => queries[turn++ % queries.length];
  const contenders = [
    {
      name: 'hnsw',
      run: () => search(graph, next()),
      keys: (query) => search(graph, query).map(({ key }) => key),
    },
    { name: 'exact scan', run: () => search(exact, next()), keys: null },
  ];
  const usearch = rival('usearch');
  if (usearch !== null) {
    const index = new usearch.Index({ metric: 'cos', connectivity: 16, dimensions: dims });
    for (let at = 0; at < count; at++) index.add(BigInt(at), row(at));
    const find = (query) => index.search(query, 10);
    contenders.push({
      name: 'usearch',
      run: () => find(next()),
      keys: (query) => [...find(query).keys].map(String),
    });
  }
  const hnswlib = rival('hnswlib-node');
  if (hnswlib !== null) {
    const index = new hnswlib.HierarchicalNSW('cosine', dims);
    index.initIndex(count, 16, 128);
    index.setEf(64);
    for (let at = 0; at < count; at++) index.addPoint([...row(at)], at);
    const find = (query) => index.searchKnn(query, 10);
    const asked = new Map(queries.map((query) => [query, [...query]]));
    contenders.push({
      name: 'hnswlib-node',
      run: () => find(asked.get(next())),
      keys: (query) => find(asked.get(query)).neighbors.map(String),
    });
  }
  const shares = contenders.map(({ keys: of }) => (of === null ? 1 : recall(truth, queries.map(of))));
  const [ours, scan, ...others] = compare(contenders, { rounds: 21 });
  const values = others.map(({ name, medianMs }, at) => ({
    name: `${name} (recall ${shares[at + 2].toFixed(3)})`,
    value: medianMs,
  }));
  return [
    {
      measure: `top 10 of ${count.toLocaleString('en')} clustered vectors of ${dims} by hnsw, recall@10 ${shares[0].toFixed(4)}`,
      unit: 'ms',
      ours: ours.medianMs,
      rivals: [{ name: scan.name, value: scan.medianMs }, ...values],
      bar: {
        text: '>= 20x the exact scan at recall >= 0.98',
        met: scan.medianMs / ours.medianMs >= 20 && shares[0] >= 0.98,
      },
    },
  ];
}

const rows = [...pairs(), ...batches(), ...scans(), ...graphs()];
process.stdout.write(`${table(rows)}\n`);
writeResults('vector', 'npx nx bench @fishplate/vector-bench', rows);
