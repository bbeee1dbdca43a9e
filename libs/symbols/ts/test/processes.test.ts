/** Threads that use indexes at the same time, and end in the middle of a call. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import { createSymbolIndex, loadSymbolIndex } from '../src/index';

const NATIVE = require.resolve('@fishplate/symbols-native/package.json');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fishplate-symbols-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Loads an index in a worker, by the binding itself, and tells how many hits it has; or loads for ever. */
const SCRIPT = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { existsSync, readdirSync } = require('node:fs');
  const { dirname, join } = require('node:path');
  const folder = dirname(workerData.native);
  const addon = readdirSync(folder).find((name) => name.endsWith('.node'));
  const { loadIndex } = require(join(folder, addon));
  (async () => {
    do {
      const index = await loadIndex(workerData.file);
      const hits = JSON.parse(index.query('name', 1000, 0, true, undefined, []));
      parentPort.postMessage(hits.length);
    } while (workerData.forEver);
  })();
`;

function worker(file: string, forEver: boolean): Worker {
  return new Worker(SCRIPT, { eval: true, workerData: { file, forEver, native: NATIVE } });
}

test('workers load the same file while it is replaced, and one that ends in a call ends alone', async () => {
  const file = join(folder, 'index');
  const index = createSymbolIndex({ engine: 'native' });
  index.updateFile(
    'a.ts',
    Array.from({ length: 500 }, (_, line) => ({
      name: `name${line}`,
      kind: 'field' as const,
      line,
      column: 0,
    })),
  );
  await index.save(file);
  const endless = worker(file, true);
  await new Promise((resolve) => endless.once('message', resolve));
  const finite = Array.from({ length: 3 }, () => worker(file, false));
  const counts = finite.map((own) => new Promise((resolve) => own.once('message', resolve)));
  for (let round = 0; round < 5; round++) await index.save(file);
  await endless.terminate();
  expect(await Promise.all(counts)).toEqual([500, 500, 500]);
  await Promise.all(finite.map((own) => own.terminate()));
  const loaded = await loadSymbolIndex(file, { engine: 'native' });
  expect(loaded.query('name', { limit: 1000 })).toHaveLength(500);
}, 60_000);
