/** What only shows in a process of its own: threads that end, exits, limits. */

import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { makeTree, write } from './workspace';

const LIBRARY = JSON.stringify(join(__dirname, '..', 'dist', 'index.js'));

jest.setTimeout(120_000);

/** Some thousand files. */
function largeTree(): string {
  const root = makeTree({ '.gitignore': '*.log\n' });
  for (let index = 0; index < 60; index++)
    for (let file = 0; file < 100; file++) write(root, `d${index}/f${file}`);
  return root;
}

/** Runs a script against the built library; a hang ends as an error. */
function run(script: string, command: readonly string[] = []): SpawnSyncReturns<string> {
  const file = join(makeTree(), 'script.cjs');
  writeFileSync(file, `const gitignore = require(${LIBRARY});\n${script}`);
  chmodSync(join(file, '..'), 0o755);
  const [program, ...args] = [...command, process.execPath, file];
  const env = { ...process.env, FISHPLATE_GITIGNORE_ENGINE: 'native', HOME: '/nonexistent' };
  return spawnSync(program, args, { encoding: 'utf8', timeout: 60_000, env });
}

function expectOutput(result: SpawnSyncReturns<string>, stdout: string): void {
  const { status, signal, stderr } = result;
  expect({ status, signal, stderr, stdout: result.stdout }).toEqual({
    status: 0,
    signal: null,
    stderr: '',
    stdout,
  });
}

test('several worker threads list at once, and one that is ended in the middle harms nobody', () => {
  const root = JSON.stringify(largeTree());
  const script = `
    const { Worker, isMainThread, parentPort } = require('node:worker_threads');
    const root = ${root};
    if (!isMainThread) {
      (async () => {
        const walk = gitignore.walkFiles(root);
        await walk.next();
        parentPort.postMessage('begun');
        for (;;) await gitignore.listFiles(root);
      })();
    } else (async () => {
      for (let turn = 0; turn < 5; turn++) {
        const workers = [1, 2, 3].map(() => new Worker(__filename));
        await Promise.all(workers.map((worker) => new Promise((done) => worker.once('message', done))));
        await Promise.all(workers.map((worker) => worker.terminate()));
      }
      console.log(String((await gitignore.listFiles(root)).length));
    })();`;
  expectOutput(run(script), '6001\n');
});

test('a process exits with a walk and a listing pending', () => {
  const script = `
    const root = ${JSON.stringify(largeTree())};
    gitignore.walkFiles(root).next();
    gitignore.listFiles(root);
    setImmediate(() => { console.log('out'); process.exit(0); });`;
  expectOutput(run(script), 'out\n');
});

test('a process ends by itself once its walks have, and not before', () => {
  const script = `
    (async () => {
      let found = 0;
      for await (const batch of gitignore.walkFiles(${JSON.stringify(largeTree())})) found += batch.length;
      console.log(String(found));
    })();`;
  expectOutput(run(script), '6001\n');
});

test('100,000 calls leave no memory behind', () => {
  const script = `
    const root = ${JSON.stringify(makeTree({ '.gitignore': '*.log\n', a: '' }))};
    const matcher = gitignore.openMatcher(root);
    const calls = (count) => {
      for (let index = 0; index < count; index++) {
        if (!matcher.ignores('no-' + index + '/x.log', false)) throw new Error(String(index));
        if (index % 50 === 0) gitignore.isIgnored(root, 'a');
      }
    };
    calls(100000);
    const before = process.memoryUsage().rss;
    calls(100000);
    const grown = (process.memoryUsage().rss - before) / 2 ** 20;
    console.log(grown < 40 ? 'even' : String(grown));`;
  expectOutput(run(script), 'even\n');
});

test('without threads to be had a listing is whole, and a walk says what is wrong', () => {
  const setpriv = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) return;
  if (spawnSync('prlimit', ['--version']).status !== 0 || spawnSync(setpriv[0]!, ['--version']).status !== 0)
    return;
  const root = largeTree();
  spawnSync('chmod', ['-R', 'a+rX', root]);
  // The threads of Node and of its pool are there before the limit is.
  const script = `
    const { execFileSync } = require('node:child_process');
    const fs = require('node:fs');
    (async () => {
      await Promise.all([1, 2, 3, 4].map(() => fs.promises.stat('/')));
      execFileSync('prlimit', ['--pid', String(process.pid), '--nproc=1']);
      const files = await gitignore.listFiles(${JSON.stringify(root)}, { threads: 16 });
      let code = 'none';
      try {
        for await (const batch of gitignore.walkFiles(${JSON.stringify(root)})) void batch;
      } catch (error) { code = error.code; }
      console.log(files.length + ' ' + code);
    })();`;
  expectOutput(run(script, setpriv), '6001 ENGINE_FAULT\n');
});
