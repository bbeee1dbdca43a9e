import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import { withFolder } from './vectors';

const BINDING = join(__dirname, '..', '..', 'napi');
const SOURCE = join(__dirname, '..', 'src');

/** Loads the binding as `native`, in a process or thread that runs no TypeScript. */
const LOAD = `
  const file = require('node:fs').readdirSync(${JSON.stringify(BINDING)}).find((name) => name.endsWith('.node'));
  const native = require(${JSON.stringify(BINDING)} + '/' + file);
`;

const inProcess = (script: string, ...flags: string[]): string =>
  execFileSync(process.execPath, [...flags, '-e', script], { encoding: 'utf8', timeout: 120_000 });

test('several threads search at once, and one that ends in the middle hurts nobody', async () => {
  const source = `
    ${LOAD}
    const { parentPort } = require('node:worker_threads');
    const index = new native.NativeIndex(64, 0, 2, true);
    for (let row = 0; row < 3000; row++) {
      index.add('key ' + row, Float32Array.from({ length: 64 }, (_, at) => Math.sin(row * 64 + at)));
    }
    const query = new Float32Array(64).fill(1);
    const first = index.searchSync(query, 5).toString('hex');
    parentPort.postMessage(first);
    const again = () => index.search(query, 5).then((hits) => {
      if (hits.toString('hex') !== first) parentPort.postMessage('another');
      return again();
    });
    for (let turn = 0; turn < 4; turn++) again();
  `;
  const workers = [0, 1, 2].map(() => new Worker(source, { eval: true }));
  const answers = await Promise.all(
    workers.map(
      (worker) =>
        new Promise<string>((resolve, reject) => worker.once('message', resolve).once('error', reject)),
    ),
  );
  expect(new Set(answers).size).toBe(1);
  await Promise.all(workers.map((worker) => worker.terminate()));
});

test('a process that exits with a search and a save pending ends, and leaves a whole file or none', async () => {
  await withFolder((folder) => {
    const path = join(folder, 'index');
    const script = `
      ${LOAD}
      const index = new native.NativeIndex(256, 0, 0, false);
      index.addMany(Array.from({ length: 5000 }, (_, row) => 'key ' + row), new Float32Array(256 * 5000).fill(1));
      for (let turn = 0; turn < 20; turn++) index.search(new Float32Array(256).fill(1), 10);
      index.save(${JSON.stringify(path)});
      process.exit(7);
    `;
    try {
      inProcess(script);
      throw new Error('it must exit with 7');
    } catch (error) {
      expect((error as { status?: number }).status).toBe(7);
    }
    if (existsSync(path)) {
      const found = inProcess(`
        ${LOAD}
        native.loadIndex(${JSON.stringify(path)}, false).then((index) => process.stdout.write(String(index.stats().vectors)));
      `);
      expect(found).toBe('5000');
    }
    expect(readdirSync(folder).length).toBeLessThanOrEqual(1);
    return Promise.resolve();
  });
});

test('memory does not grow with calls, searches, indexes that were not closed, adds and removes', () => {
  const script = `
    ${LOAD}
    const vector = new Float32Array(128).fill(0.5);
    const kept = new native.NativeIndex(128, 0, 2, true);
    for (let row = 0; row < 500; row++) kept.add('kept ' + row, vector);
    const round = async () => {
      for (let call = 0; call < 20000; call++) {
        native.cosineSimilarity(vector, vector);
        kept.add('key ' + (call % 700), vector);
        if (call % 3) kept.remove('key ' + ((call * 7) % 700));
      }
      for (let call = 0; call < 300; call++) {
        const lost = new native.NativeIndex(128, 0, 0, false);
        lost.add('a', vector);
        lost.similarityFunction()(0, 0);
        await kept.search(vector, 10, { minScore: 0.1 });
      }
      for (let turn = 0; turn < 3; turn++) {
        globalThis.gc();
        await new Promise(setImmediate);
      }
      return process.memoryUsage.rss();
    };
    (async () => {
      await round();
      const before = await round();
      await round();
      await round();
      process.stdout.write(String(await round() - before));
    })();
  `;
  // Indexes that were not let go would be hundreds of megabytes.
  expect(Number(inProcess(script, '--expose-gc'))).toBeLessThan(60 * 2 ** 20);
});

test('what is wrong with a call is an error of JavaScript, also where nobody checks before the binding', () => {
  const script = `
    ${LOAD}
    const index = new native.NativeIndex(4, 0, 0, false);
    const similarity = index.similarityFunction();
    const vector = new Float32Array(4);
    const calls = [
      () => native.cosineSimilarity(),
      () => native.cosineSimilarity(vector),
      () => native.dotProduct(vector, new Float64Array(4)),
      () => native.dotProduct(vector, {}),
      () => similarity(),
      () => similarity('a', 1),
      () => similarity(0, 4294967295),
      () => native.topK(9, vector, vector, 4, 1, null, new Uint32Array(1), new Float32Array(1)),
      () => native.topK(0, vector, vector, 0, 1, null, new Uint32Array(1), new Float32Array(1)),
      () => index.add('a', vector, new Uint8Array([255])),
      () => index.addMany(['a'], vector, new Uint8Array([1, 0, 9])),
      () => index.searchSync(vector, 1, { filter: Buffer.from([3]) }),
      () => index.vectorOf(0, vector),
      () => new native.NativeIndex(4, 9, 0, false),
      () => new native.NativeIndex(4, 0, 9, false),
    ];
    for (const call of calls) {
      try { call(); } catch { continue; }
      process.stdout.write(String(call));
    }
    const { similarityFunction } = index;
    process.stdout.write('done');
  `;
  expect(inProcess(script)).toBe('done');
});

test('the engine that the environment names is used, and another word is refused', () => {
  const script = `
    require(${JSON.stringify(join(__dirname, 'register.cjs'))});
    const { capability, cosineSimilarity } = require(${JSON.stringify(SOURCE)});
    const vector = new Float32Array(100).fill(1);
    process.stdout.write(capability().engine + ' ' + cosineSimilarity(vector, vector));
  `;
  const found = execFileSync(process.execPath, ['-e', script], {
    encoding: 'utf8',
    env: { ...process.env, FISHPLATE_VECTOR_ENGINE: 'fallback' },
  });
  expect(found).toBe('js 1');
});
