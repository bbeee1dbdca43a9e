import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import { hashJsonText, minify, openJson, validate } from '../src';
import { codeOf, ENGINES } from './documents';

const BINDING = join(__dirname, '..', '..', 'napi');

test.each(ENGINES)('shared, sliced and detached memory is read as it is, with the %s engine', (engine) => {
  const text = '{"a":[1,2]}';
  const shared = new Uint8Array(new SharedArrayBuffer(text.length));
  shared.set(Buffer.from(text));
  expect(minify(shared, { engine })).toBe(text);
  expect(openJson(shared, { engine }).get('/a/1')).toBe(2);
  expect(validate(Buffer.from(`x${text}x`).subarray(1, -1), { engine })).toEqual({ ok: true });
  const detached = new Uint8Array(Buffer.from(text));
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  expect(validate(detached, { engine })).toMatchObject({ ok: false, code: 'JSON_INVALID', offset: 0 });
});

test('several threads use the binding at once, and one that ends in the middle hurts nobody', async () => {
  const source = `
    const { parentPort } = require('node:worker_threads');
    const { readdirSync } = require('node:fs');
    const file = readdirSync(${JSON.stringify(BINDING)}).find((name) => name.endsWith('.node'));
    const native = require(${JSON.stringify(BINDING)} + '/' + file);
    const text = Buffer.from(JSON.stringify(Array.from({ length: 2000 }, (_, index) => ({ b: index, a: 'x' }))));
    const hash = native.canonicalHash(text, true);
    parentPort.postMessage(hash);
    for (;;) if (native.canonicalHash(text, true) !== hash) parentPort.postMessage('another');
  `;
  const text = JSON.stringify(Array.from({ length: 2000 }, (_, index) => ({ b: index, a: 'x' })));
  const workers = [0, 1, 2].map(() => new Worker(source, { eval: true }));
  const hashes = await Promise.all(
    workers.map(
      (worker) => new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject)),
    ),
  );
  expect(hashes).toEqual(workers.map(() => hashJsonText(text)));
  await Promise.all(workers.map((worker) => worker.terminate()));
  expect(hashJsonText(text)).toBe(hashes[0]);
});

test('memory does not grow with calls, nor with documents that were not closed', () => {
  const script = `
    const { readdirSync } = require('node:fs');
    const file = readdirSync(${JSON.stringify(BINDING)}).find((name) => name.endsWith('.node'));
    const native = require(${JSON.stringify(BINDING)} + '/' + file);
    const text = Buffer.from(JSON.stringify(Array.from({ length: 500 }, (_, index) => ({ b: index, a: 'é' }))));
    const round = () => {
      for (let call = 0; call < 2000; call++) {
        native.canonicalText(text, true, true);
        new native.NativeDocument(text).slice('/7/b');
        native.check('[1,]', Infinity, Infinity, true, true);
      }
      globalThis.gc();
      return process.memoryUsage.rss();
    };
    round();
    const before = round();
    round();
    process.stdout.write(String(round() - before));
  `;
  const grown = Number(execFileSync(process.execPath, ['--expose-gc', '-e', script], { encoding: 'utf8' }));
  // A leak of a text a call would be hundreds of megabytes.
  expect(grown).toBeLessThan(60 * 2 ** 20);
});

test('what is no text is refused with a code', () => {
  expect(codeOf(() => minify(undefined as never))).toBe('INPUT_INVALID');
  expect(codeOf(() => hashJsonText({} as never))).toBe('INPUT_INVALID');
});
