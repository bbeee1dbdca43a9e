/** What only shows in a process of its own: threads that end, exits, memory. By the built library, with both engines. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const LIBRARY = JSON.stringify(join(__dirname, '..', 'dist', 'index.js'));
/** Against machines that do much else. */
const PATIENCE = 240_000;

jest.setTimeout(PATIENCE + 10_000);

/** What a script writes; a hang ends as an error. */
function output(engine: string, script: string, flags: readonly string[] = []): string {
  const source = `const tokenizer = require(${LIBRARY});\n${script}`;
  const { status, signal, stderr, stdout } = spawnSync(process.execPath, [...flags, '-e', source], {
    encoding: 'utf8',
    timeout: PATIENCE,
    env: { ...process.env, FISHPLATE_TOKENIZER_ENGINE: engine },
  });
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
  return stdout.trim();
}

describe.each(['native', 'fallback'])('%s', (engine) => {
  test('threads count at once, and one that is ended in the middle harms nobody', () => {
    const script = `
      const { Worker } = require('node:worker_threads');
      const source = ${JSON.stringify(`
        const tokenizer = require(${LIBRARY});
        const { parentPort } = require('node:worker_threads');
        const text = 'some words, and "others" '.repeat(2000);
        parentPort.postMessage(tokenizer.countTokens(text));
        tokenizer.compressAsync(Buffer.alloc(1 << 22, 'x'), { level: 19 });
        for (;;) tokenizer.countTokens(text + Math.random());
      `)};
      (async () => {
        const counts = new Set([tokenizer.countTokens('some words, and "others" '.repeat(2000))]);
        for (let turn = 0; turn < 3; turn++) {
          const workers = [1, 2].map(() => new Worker(source, { eval: true }));
          for (const count of await Promise.all(workers.map((worker) => new Promise((done) => worker.once('message', done)))))
            counts.add(count);
          await Promise.all(workers.map((worker) => worker.terminate()));
        }
        console.log(counts.size, tokenizer.countTokens('tiktoken is great!'));
      })();`;
    expect(output(engine, script)).toBe('1 6');
  });

  test('a process exits with work pending', () => {
    const script = `
      tokenizer.compressAsync(Buffer.alloc(1 << 24, 'abcdefgh'), { level: 19 });
      tokenizer.countTokensAsync('word '.repeat(1e6));
      console.log('done');
      process.exit(0);`;
    expect(output(engine, script)).toBe('done');
  });

  test('memory does not grow with calls', () => {
    const script = `
      const round = (from) => {
        for (let call = from; call < from + 100_000; call++) tokenizer.countTokens('word' + call + ' and 中文 ' + (call % 7));
        for (let call = from; call < from + 10_000; call++) {
          const tokens = tokenizer.encode('some text ' + call);
          tokenizer.decode(tokens);
          tokenizer.decodeBytes(tokens);
          try { tokenizer.decode([4294967295]); } catch {}
        }
        for (let call = 0; call < 5; call++) gc();
        const { rss, external } = process.memoryUsage();
        return (rss + external) / 2 ** 20;
      };
      round(0);
      const before = round(100_000);
      for (let turn = 2; turn < 5; turn++) round(turn * 100_000);
      const grown = round(500_000) - before;
      console.log(grown < 40 ? 'steady' : 'grown by ' + grown + ' MiB');`;
    expect(output(engine, script, ['--expose-gc'])).toBe('steady');
  });

  test('megabytes of one piece end', () => {
    const script = `
      const size = 4_000_000;
      const letters = 'abcdefghijklmnopqrstuvwxyz';
      let mixed = '';
      for (let at = 0; at < size / 8; at++) mixed += letters[(at * at * 7 + (at >> 5)) % 26];
      const texts = ['a', '-', '=', ' ', '中', '\\ud800'].map((unit) => unit.repeat(size)).concat(mixed);
      console.log(texts.map((text) => tokenizer.countTokens(text)).join());`;
    const counts = output(engine, script).split(',').map(Number);
    // 8 letters, 64 dashes and 128 blanks are the longest tokens of their kind.
    expect(counts.slice(0, 4)).toEqual([500_000, 62_500, 62_500, 31_250]);
    expect(counts[4]).toBe(4_000_000);
    counts6.set(engine, counts.join());
    expect(new Set(counts6.values()).size).toBe(1);
  });
});

/** Counts of each engine: the same. */
const counts6 = new Map<string, string>();

test('two copies of the library count in one process', () => {
  const script = `
    const first = tokenizer.countTokens('tiktoken is great!');
    for (const path of Object.keys(require.cache)) if (path.includes('tokenizer')) delete require.cache[path];
    const other = require(${LIBRARY});
    console.log(other !== tokenizer, first === other.countTokens('tiktoken is great!'));`;
  expect(output('auto', script)).toBe('true true');
});

test('a Buffer that changes while it is compressed is compressed as it was', () => {
  const script = `
    const data = Buffer.alloc(1 << 22, 'abcd');
    const wanted = data.toString('latin1');
    const pending = tokenizer.compressAsync(data, { level: 15 });
    data.fill(0);
    pending.then((frame) => {
      const back = Buffer.from(tokenizer.decompress(frame, { maxBytes: 1 << 22 })).toString('latin1');
      console.log(back === wanted);
    });`;
  expect(output('native', script)).toBe('true');
});
