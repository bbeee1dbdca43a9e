/**
 * Proves the vector track on the machine at hand, with both engines.
 *
 *     node dist/main.js [--json FILE]
 *
 * Exit code 1 where a check fails or the native engine does not load.
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
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

const ENGINES = ['native', 'fallback'] as const;
type Engine = (typeof ENGINES)[number];

const DIMS = 192;
const COUNT = 2000;
const METRICS: readonly Metric[] = ['cosine', 'dot', 'euclidean', 'squaredEuclidean'];

const VECTORS = numbers(DIMS * COUNT);
const QUERY = numbers(DIMS);

/** Each check throws where something is wrong, and tells what it looked at. */
const CHECKS: Readonly<Record<string, (engine: Engine) => Promise<string>>> = {
  'scores of pairs are those of float64': (engine) => {
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
    return Promise.resolve(`off by ${worst.toExponential(1)} at most`);
  },
  'the best of many are those of a sorted list': (engine) => {
    const { indices } = topK(QUERY, VECTORS, DIMS, 25, { engine });
    const expected = sorted().slice(0, 25);
    if (indices.join() !== expected.join()) throw new Error(`found ${indices.join()}`);
    return Promise.resolve('25 of 2,000');
  },
  'codes first find what a scan of all vectors finds': async (engine) => {
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
  'an index comes back from its file, and a damaged file is refused': async (engine) => {
    const folder = mkdtempSync(join(tmpdir(), 'fishplate-vector-validation-'));
    try {
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
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  'removed vectors are not found': async (engine) => {
    const index = filled(engine, { metric: 'cosine', storage: 'f32' });
    const [first, second] = await index.search(QUERY, 2);
    index.remove(first!.key);
    const [now] = await index.search(QUERY, 1);
    if (now?.key !== second!.key) throw new Error(`found ${now?.key}`);
    return first!.key;
  },
};

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: 'string' } } });
  const outcomes: { engine: Engine; name: string; status: string; detail: string }[] = [];
  for (const engine of ENGINES) {
    for (const [name, check] of Object.entries(CHECKS)) {
      try {
        outcomes.push({ engine, name, status: 'passed', detail: await check(engine) });
      } catch (error) {
        outcomes.push({ engine, name, status: 'failed', detail: String(error) });
      }
    }
  }
  const failed = outcomes.filter(({ status }) => status === 'failed').length;
  const capabilities = ENGINES.map((call) => capability({ call }));
  const report = { passed: outcomes.length - failed, failed, skipped: 0, capabilities, outcomes };
  for (const { status, engine, name, detail } of outcomes) {
    process.stdout.write(`${status.padEnd(7)} ${engine.padEnd(8)} ${name}: ${detail}\n`);
  }
  process.stdout.write(`\n${report.passed} passed, ${failed} failed\n`);
  if (values.json !== undefined) {
    mkdirSync(dirname(values.json), { recursive: true });
    writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  }
  process.exitCode = failed > 0 ? 1 : 0;
}

function filled(engine: Engine, options: Omit<Parameters<typeof createVectorIndex>[0], 'dims'>): VectorIndex {
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

void main();
