/** What always bites an addon: threads, exits, memory, odd buffers. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { applyUnifiedDiff, createTwoFilesPatch, unifiedDiff } from '../src/index';
import { ENGINES, withBothEngines } from './engines';

/** Runs a program that has the binding itself as `native`; the binding is what may crash. */
function run(program: string, ...flags: string[]): { status: number | null; stdout: string; stderr: string } {
  const binding = require.resolve('@fishplate/diff-native/package.json');
  const prelude = `const { join } = require('node:path');
    const folder = ${JSON.stringify(join(binding, '..'))};
    const file = require('node:fs').readdirSync(folder).find((name) => name.endsWith('.node'));
    const native = require(join(folder, file));
    const options = { algorithm: 'auto', context: 3 };
    const text = (word, lines) => Array.from({ length: lines }, (_, i) => word + i + '\\n').join('');\n`;
  const result = spawnSync(process.execPath, [...flags, '-e', prelude + program], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status: result.status, stdout: result.stdout.trim(), stderr: result.stderr };
}

test('several worker threads use the binding at once', () => {
  const result = run(`
    const { Worker, isMainThread, parentPort } = require('node:worker_threads');
    const source = 'const native = require(' + JSON.stringify(join(folder, file)) + ');' +
      'let n = 0; for (let i = 0; i < 2000; i++) n += native.diffLines("a\\\\n", "b\\\\n", { algorithm: "auto", context: 3 }).hunks;' +
      'require("node:worker_threads").parentPort.postMessage(n);';
    let total = 0, left = 4;
    for (let i = 0; i < 4; i++) new Worker(source, { eval: true }).on('message', (n) => { total += n; if (--left === 0) console.log(total); });
  `);
  expect(result).toMatchObject({ status: 0, stdout: '8000' });
});

test('a worker that is terminated in the middle of calls takes nothing with it', () => {
  const result = run(`
    const { Worker } = require('node:worker_threads');
    const source = 'const native = require(' + JSON.stringify(join(folder, file)) + ');' +
      'const text = (w) => Array.from({ length: 50000 }, (_, i) => w + i + "\\\\n").join("");' +
      'const [a, b] = [text("a"), text("b")]; require("node:worker_threads").parentPort.postMessage(0);' +
      'for (;;) { native.diffLinesAsync(a, b, { algorithm: "auto", context: 3 }); native.diffLines(a, b, { algorithm: "auto", context: 3 }); }';
    let left = 3;
    const next = () => {
      const worker = new Worker(source, { eval: true, resourceLimits: { maxOldGenerationSizeMb: 400 } });
      worker.on('error', () => {});
      worker.on('message', () => setTimeout(() => worker.terminate().then(() => (--left ? next() : console.log('alive'))), 60));
    };
    next();
  `);
  expect(result).toMatchObject({ status: 0, stdout: 'alive' });
});

test('the process ends with work pending, without a crash', () => {
  const result = run(`
    const [a, b] = [text('a', 60000), text('b', 60000)];
    for (let i = 0; i < 8; i++) native.diffLinesAsync(a, b, options);
    console.log('leaving');
    process.exit(0);
  `);
  expect(result).toMatchObject({ status: 0, stdout: 'leaving' });
});

test('a cancelled comparison stops, and does not hold the process', () => {
  const result = run(`
    const [a, b] = [text('a', 100000), text('b', 100000)];
    const token = new native.CancelToken();
    const start = Date.now();
    native.diffLinesAsync(a, b, { ...options, algorithm: 'exact', strict: true }, token).catch(() => console.log(Date.now() - start < 5000));
    setTimeout(() => token.cancel(), 50);
  `);
  expect(result).toMatchObject({ status: 0, stdout: 'true' });
});

test('memory does not grow over 200,000 calls', () => {
  const result = run(
    `
    const [a, b] = [text('a', 20), text('a', 20) + 'x\\n'];
    const call = () => { native.diffLines(a, b, { ...options, ranges: true }); native.applyUnified(a, native.diffLines(a, b, options).body); };
    const used = () => { gc(); const { rss, external } = process.memoryUsage(); return rss + external; };
    for (let i = 0; i < 20000; i++) call();
    const before = used();
    for (let i = 0; i < 100000; i++) call();
    console.log((used() - before) / 2 ** 20 < 24);
  `,
    '--expose-gc',
  );
  expect(result).toMatchObject({ status: 0, stdout: 'true' });
});

withBothEngines((engine) => {
  test('shared memory is read once', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(2));
    shared.set([97, 10]);
    expect(unifiedDiff(shared, Buffer.from('b\n'), { engine }).patch.toString()).toContain('-a\n+b\n');
  });

  test('a detached buffer is refused', () => {
    const bytes = new Uint8Array([97]);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    expect(() => unifiedDiff(bytes, Buffer.from('b'), { engine })).toThrow(
      expect.objectContaining({
        code: 'INPUT_INVALID',
        message: expect.stringContaining('detached') as string,
      }),
    );
  });

  test('a view into a larger buffer is read within its bounds', () => {
    const whole = Buffer.from('xxa\nyy');
    expect(unifiedDiff(whole.subarray(2, 4), Buffer.from('a\n'), { engine }).hunks).toBe(0);
  });

  test('empty texts and single bytes', () => {
    expect(unifiedDiff('', '', { engine })).toMatchObject({ patch: '', hunks: 0 });
    expect(unifiedDiff('', 'a', { engine, oldPath: '/dev/null', newPath: 'b/a' }).patch).toBe(
      '--- /dev/null\n+++ b/a\n@@ -0,0 +1,1 @@\n+a\n\\ No newline at end of file\n',
    );
    expect(applyUnifiedDiff('', '--- a\n+++ b\n@@ -0,0 +1 @@\n+a\n', { engine }).text).toBe('a\n');
  });

  test.each([null, undefined, 1, {}, [], Symbol('s'), () => 0, new Uint16Array(1), new ArrayBuffer(1)])(
    'what is no text is refused: %p',
    (value) => {
      expect(() => unifiedDiff(value as never, 'a', { engine })).toThrow(
        expect.objectContaining({ code: 'INPUT_INVALID' }),
      );
      expect(() => createTwoFilesPatch('a', 'b', 'x', value as never, '', '', { engine })).toThrow(
        expect.objectContaining({ code: 'INPUT_INVALID' }),
      );
    },
  );
});

test('the environment chooses the engine, and the call wins over it', () => {
  const variable = 'FISHPLATE_DIFF_ENGINE';
  const before = process.env[variable];
  try {
    process.env[variable] = 'fallback';
    expect(unifiedDiff('a', 'b').engine).toBe('js');
    expect(unifiedDiff('a', 'b', { engine: ENGINES[0] }).engine).toBe('native');
  } finally {
    if (before === undefined) delete process.env[variable];
    else process.env[variable] = before;
  }
});
