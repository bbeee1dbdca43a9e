/**
 * Proves the vector track on the machine at hand, with both engines.
 *
 *     node dist/main.js [--json FILE]
 *
 * Exit code 1 where a check fails or the native engine does not load.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import {
  capability,
  cosineSimilarity,
  createVectorIndex,
  dotProduct,
  type Metric,
  topK,
  VectorIndex,
} from '@fishplate/vector';
import { type AskedEngine, type Check, validate } from '@fishplate/validation';

const DIMS = 192;
const COUNT = 2000;
const METRICS: readonly Metric[] = ['cosine', 'dot', 'euclidean', 'squaredEuclidean'];

const VECTORS = numbers(DIMS * COUNT);
const QUERY = numbers(DIMS);

const CHECKS: readonly Check[] = [
  {
    name: 'scores of pairs are those of float64',
    run(engine) {
      let worst = 0;
      for (let row = 0; row < COUNT; row++) {
        const vector = VECTORS.subarray(row * DIMS, (row + 1) * DIMS);
        const { dot, lengths } = plain(QUERY, vector);
        worst = Math.max(
          worst,
          Math.abs(cosineSimilarity(QUERY, vector, { engine }) - dot / lengths),
          Math.abs(dotProduct(QUERY, vector, { engine }) - dot) / lengths,
        );
      }
      if (worst >= 1e-6) throw new Error(`off by ${worst}`);
      return `off by ${worst.toExponential(1)} at most`;
    },
  },
  {
    name: 'the best of many are those of a sorted list',
    run(engine) {
      const { indices } = topK(QUERY, VECTORS, DIMS, 25, { engine });
      const expected = sorted().slice(0, 25);
      if (indices.join() !== expected.join()) throw new Error(`found ${indices.join()}`);
      return '25 of 2,000';
    },
  },
  {
    name: 'codes first find what a scan of all vectors finds',
    async run(engine) {
      for (const metric of METRICS) {
        const found: string[] = [];
        for (const storage of ['f32', 'f16', 'i8'] as const) {
          const index = filled(engine, { metric, storage, rescore: true });
          found.push(JSON.stringify(await index.search(QUERY, 10)));
        }
        if (new Set(found).size !== 1) throw new Error(`${metric}: they differ`);
      }
      return '4 metrics, 3 storages';
    },
  },
  {
    name: 'an index comes back from its file, and a damaged file is refused',
    async run(engine, folder) {
      const path = join(folder, 'index');
      const index = filled(engine, { metric: 'cosine', storage: 'i8' });
      await index.save(path);
      const bytes = readFileSync(path);
      const again = await VectorIndex.load(path, { engine, mmap: true });
      if (JSON.stringify(again.searchSync(QUERY, 5)) !== JSON.stringify(index.searchSync(QUERY, 5))) {
        throw new Error('it answers otherwise');
      }
      again.close();
      bytes[bytes.length >> 1]! ^= 1;
      writeFileSync(`${path}-damaged`, bytes);
      const outcome = await VectorIndex.load(`${path}-damaged`, { engine }).then(
        () => 'loaded',
        (error: { code?: string }) => error.code,
      );
      if (outcome !== 'FILE_DAMAGED') throw new Error(`the damaged file: ${outcome}`);
      return `${bytes.length} bytes`;
    },
  },
  {
    name: 'removed vectors are not found',
    async run(engine) {
      const index = filled(engine, { metric: 'cosine', storage: 'f32' });
      const [first, second] = await index.search(QUERY, 2);
      index.remove(first!.key);
      const [now] = await index.search(QUERY, 1);
      if (now?.key !== second!.key) throw new Error(`found ${now?.key}`);
      return first!.key;
    },
  },
];

const { values } = parseArgs({ options: { json: { type: 'string' } } });

void validate({
  checks: CHECKS,
  capabilities: [capability({ call: 'native' }), capability({ call: 'fallback' })],
  json: values.json,
});

function filled(
  engine: AskedEngine,
  options: Omit<Parameters<typeof createVectorIndex>[0], 'dims'>,
): VectorIndex {
  const index = createVectorIndex({ dims: DIMS, engine, ...options });
  index.addMany(
    Array.from({ length: COUNT }, (_, row) => `vector ${row}`),
    VECTORS,
  );
  return index;
}

function plain(a: Float32Array, b: Float32Array): { dot: number; lengths: number } {
  let [dot, left, right] = [0, 0, 0];
  for (let at = 0; at < a.length; at++) {
    dot += a[at]! * b[at]!;
    left += a[at]! ** 2;
    right += b[at]! ** 2;
  }
  return { dot, lengths: Math.sqrt(left * right) };
}

function sorted(): number[] {
  const scores = Array.from({ length: COUNT }, (_, row) => {
    const { dot, lengths } = plain(QUERY, VECTORS.subarray(row * DIMS, (row + 1) * DIMS));
    return { row, score: dot / lengths };
  });
  return scores.sort((left, right) => right.score - left.score).map(({ row }) => row);
}

/** The same numbers every time, from -1 to 1 (a linear congruential generator). */
function numbers(count: number): Float32Array {
  let state = count;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}
