import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { compileFunction } from 'node:vm';
import { Worker } from 'node:worker_threads';

import { openStore, STORAGE_CODES } from '../src';
import * as library from '../src';
import { main } from '../src/cli/main';
import { crc32, tableCrc } from '../src/fallback/crc';
import { codeOf, ENGINES, newDirectory, texts, withStore } from './support';

jest.setTimeout(300_000);

const GOLDEN = join(__dirname, '..', '..', 'core', 'tests', 'golden');

test('the package exports these names', () => {
  expect(Object.keys(library).sort()).toEqual([
    'STORAGE_CODES',
    'capability',
    'createCheckpointStorage',
    'createEventLog',
    'openStore',
    'salvageStore',
  ]);
});

test('every code says what happened and what to do', () => {
  for (const { summary, hint } of Object.values(STORAGE_CODES.entries)) {
    expect(summary).toMatch(/\.$/);
    expect(hint).toMatch(/\.$/);
  }
});

test('the CRC of the table is that of zlib, in pieces too', () => {
  const bytes = Buffer.from(Array.from({ length: 300 }, (_, index) => (index * 7) & 255));
  expect(tableCrc(Buffer.from('123456789'))).toBe(0xcbf43926);
  expect(tableCrc(bytes.subarray(100), tableCrc(bytes.subarray(0, 100)))).toBe(crc32(bytes));
});

test.each(ENGINES)(
  '%s opens the golden store of format 1, with its zstd states and deltas',
  async (engine) => {
    const directory = newDirectory();
    cpSync(join(GOLDEN, 'v1'), directory, { recursive: true });
    const states = new Map<string, string>();
    for (const readOnly of [true, false]) {
      await withStore(
        directory,
        engine,
        async (store) => {
          const events = [...store.replay()];
          expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 41 }, (_, index) => index + 30));
          const side = [...store.replay({ stream: 'side' })].map(({ seq }) => seq);
          expect(side).toEqual([31, 33, 35, 37, 39, 41, 65, 66, 67, 68, 69, 70]);
          const list = store.listCheckpoints();
          expect(list.map(({ id, base }) => [id, base])).toEqual([
            ['delta', 'whole'],
            ['packed', null],
            ['small', null],
            ['whole', null],
          ]);
          expect(list[0]).toMatchObject({ stream: 'main', seq: 40, metadata: { label: 'delta' }, depth: 2 });
          for (const { id } of list) states.set(id, (await store.loadCheckpoint(id))!.toString('latin1'));
          expect((await store.verify()).problems).toEqual([]);
        },
        { readOnly },
      );
    }
    expect(states.get('small')).toBe('small');
    // The other engine reads the same states.
    const [other] = ENGINES.filter((name) => name !== engine);
    await withStore(directory, other!, async (store) => {
      for (const [id, state] of states) {
        expect((await store.loadCheckpoint(id))!.toString('latin1') === state).toBe(true);
      }
    });
  },
);

describe.each(ENGINES)('%s', (engine) => {
  test('a tail gives what is appended, and aborts before, while waiting and between events', async () => {
    const store = await openStore(newDirectory(), { engine });
    const reason = new Error('enough');
    await store.append('old');
    const early = store.tail({ signal: AbortSignal.abort(reason) })[Symbol.asyncIterator]();
    await expect(early.next()).rejects.toBe(reason);
    const controller = new AbortController();
    const seen: string[] = [];
    const following = (async () => {
      for await (const { data } of store.tail({ from: 1, signal: controller.signal }))
        seen.push(data.toString());
    })();
    for (let index = 0; index < 100; index++) {
      await store.append(`new ${index}`, { durability: index % 2 === 0 ? 'memory' : 'os' });
    }
    while (seen.length < 101) await new Promise((resolve) => setTimeout(resolve, 1));
    controller.abort(reason);
    await expect(following).rejects.toBe(reason);
    expect(seen).toEqual(['old', ...Array.from({ length: 100 }, (_, index) => `new ${index}`)]);
    const between = new AbortController();
    const iterating = (async () => {
      for await (const { seq } of store.tail({ from: 1, signal: between.signal }))
        between.abort(seq === 1 ? reason : seq);
    })();
    await expect(iterating).rejects.toBe(reason);
    await store.close();
  });

  test('lent events are right until the iteration goes on', async () => {
    await withStore(newDirectory(), engine, async (store) => {
      const events = Array.from({ length: 3000 }, (_, index) => `${index} ${'.'.repeat(index % 300)}`);
      await store.appendBatch(events);
      let index = 0;
      for (const { data } of store.replay({ lend: true })) expect(data.toString()).toBe(events[index++]);
      expect(index).toBe(3000);
    });
  });

  test('a tail ends when its store closes', async () => {
    const store = await openStore(newDirectory(), { engine });
    const waiting = store.tail()[Symbol.asyncIterator]().next();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await store.close();
    expect(await waiting).toMatchObject({ done: true });
  });

  test('a state is restored at any event, from the nearest checkpoint on', async () => {
    await withStore(newDirectory(), engine, async (store) => {
      for (let value = 1; value <= 30; value++) {
        await store.append(String(value), { stream: 'sum', durability: 'os' });
        if (value % 10 === 0) {
          await store.saveCheckpoint(`at ${value}`, Buffer.from(String((value * (value + 1)) / 2)), {
            stream: 'sum',
          });
        }
      }
      for (const seq of [0, 5, 10, 17, 30]) {
        const { state, events } = await store.restore(seq, { stream: 'sum' });
        const begin = state === null ? 0 : Number(state.toString());
        const sum = [...events].reduce((total, { data }) => total + Number(data.toString()), begin);
        expect(sum).toBe((seq * (seq + 1)) / 2);
      }
      const { stream } = await store.branch(17, { parent: 'sum' });
      await store.append('1000', { stream });
      const { state, events, checkpoint } = await store.restore(31, { stream });
      expect([checkpoint?.id, state?.toString()]).toEqual(['at 10', '55']);
      expect([...events].map(({ data }) => data.toString())).toEqual([
        ...'11 12 13 14 15 16 17 1000'.split(' '),
      ]);
      await store.prune(12);
      expect(await codeOf(() => store.restore(8, { stream: 'sum' }))).toBe('STORAGE_PRUNED');
    });
  });

  test('workers that end in the middle of calls harm neither the process nor the store', async () => {
    const directory = newDirectory();
    const code = `
      require(${JSON.stringify(join(__dirname, 'register.cjs'))});
      const { openStore } = require(${JSON.stringify(join(__dirname, '..', 'src', 'index.ts'))});
      const { parentPort, workerData } = require('node:worker_threads');
      openStore(workerData.directory, { engine: workerData.engine, readOnly: workerData.readOnly }).then(async (store) => {
        parentPort.postMessage('open');
        for (let index = 0; ; index++) {
          if (workerData.readOnly) for (const _ of store.replay());
          else await Promise.all([store.append('x'), store.append('y', { durability: 'os' })]);
          await new Promise(setImmediate);
        }
      }, (error) => parentPort.postMessage(error.code));`;
    const start = async (readOnly: boolean): Promise<Worker> => {
      const worker = new Worker(code, {
        eval: true,
        workerData: { directory, engine, readOnly },
        execArgv: ['--conditions=@fishplate/source'],
      });
      expect(await new Promise((resolve) => worker.once('message', resolve))).toBe('open');
      return worker;
    };
    await withStore(directory, engine, (store) => store.append('first'));
    const writer = await start(false);
    const readers = [await start(true), await start(true)];
    await new Promise((resolve) => setTimeout(resolve, 150));
    await Promise.all(readers.map((reader) => reader.terminate()));
    await writer.terminate();
    await withStore(
      directory,
      engine,
      async (store) => {
        expect(texts(store)[0]).toBe('first');
        expect((await store.verify()).problems).toEqual([]);
      },
      // The fallback cannot give up the lock of a worker that is ended from outside: that waits for the end of the process.
      { readOnly: engine === 'fallback' },
    );
  });

  test('the command line inspects, exports, imports, verifies and salvages', async () => {
    const [from, to] = [newDirectory(), newDirectory()];
    await withStore(from, engine, async (store) => {
      await store.append('text é', { stream: 's' });
      await store.append(Buffer.from([255, 0, 254]));
      await store.saveCheckpoint('c', Buffer.from('state'));
    });
    const run = async (args: string[], input = ''): Promise<[number, string, string]> => {
      const [output, errors] = [new PassThrough(), new PassThrough()];
      const code = await main([...args, '--engine', engine], Readable.from([input]), output, errors);
      return [code, String(output.read() ?? ''), String(errors.read() ?? '')];
    };
    const [, exported] = await run(['export', from]);
    expect(
      exported
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as object),
    ).toMatchObject([
      { seq: 1, stream: 's', data: 'text é' },
      { seq: 2, stream: '', base64: '/wD+' },
    ]);
    expect(await run(['import', to, '--json'], exported)).toEqual([0, '{"imported":2,"lastSeq":2}\n', '']);
    expect((await run(['export', to]))[1].replace(/"time":\d+/g, '')).toBe(
      exported.replace(/"time":\d+/g, ''),
    );
    expect((await run(['inspect', from]))[1]).toContain('events       2 (1 to 2)');
    expect(JSON.parse((await run(['inspect', from, '--json']))[1])).toMatchObject({
      stats: { lastSeq: 2 },
      engine: expect.any(String),
    });
    expect(await run(['verify', from])).toMatchObject([0, expect.stringContaining('all is well'), '']);
    expect(await run(['salvage', from, '--json'])).toMatchObject([
      0,
      expect.stringContaining('"events":2'),
      '',
    ]);
    expect((await run(['verify', join(from, 'nothing')]))[0]).toBe(4);
    expect(await run(['import', to], '\ufeff{"data":"a mark before it"}\n')).toMatchObject([
      0,
      expect.any(String),
      '',
    ]);
    expect((await run(['import', to], 'no json'))[0]).toBe(2);
    expect((await run(['paint', to]))[0]).toBe(2);
    expect((await run(['export', to, '--from', 'x', '--json']))[2]).toContain('INPUT_INVALID');
    await withStore(to, engine, async () => expect((await run(['salvage', to]))[0]).toBe(3));
  });
});

test('a million appends, and reading them, leave memory as it was', async () => {
  for (const engine of ENGINES) {
    const store = await openStore(newDirectory(), { engine });
    const event = Buffer.alloc(100, 'x');
    const rest = (): number => {
      globalThis.gc?.();
      const { rss, external } = process.memoryUsage();
      return rss + external;
    };
    const many = engine === 'native' ? 1_000_000 : 300_000;
    const some = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index += 1000) {
        const calls = Array.from({ length: 500 }, () => store.append(event, { durability: 'memory' }));
        for (let single = 0; single < 500; single++) store.appendSync(event, { durability: 'memory' });
        await Promise.all(calls);
      }
    };
    await some(100_000);
    expect(counted(store.replay())).toBe(100_000);
    const before = rest();
    await some(many - 100_000);
    expect(counted(store.replay({ from: many - 50_000 }))).toBe(50_001);
    expect(store.stats().lastSeq).toBe(many);
    expect(rest() - before).toBeLessThan(64 * 2 ** 20);
    await store.close();
  }
});

function counted(events: Iterable<{ seq: number }>): number {
  let count = 0;
  for (const { seq } of events) count += seq > 0 ? 1 : 0;
  return count;
}

test('the examples of the README run', async () => {
  const readme = readFileSync(join(__dirname, '..', 'README.md'), 'utf8');
  const directory = newDirectory();
  const blocks = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, block]) => block!);
  expect(blocks.length).toBeGreaterThan(2);
  const code = blocks
    .join('\n')
    .replaceAll(/import \{(.*?)\} from '@fishplate\/storage';/g, 'const {$1} = library;')
    .replaceAll("'./memory'", JSON.stringify(directory))
    // Later examples go on with the store, and the last one follows it for long.
    .replace('await store.close();', '')
    .replace('AbortSignal.timeout(60_000)', 'AbortSignal.timeout(200)')
    .replace(/^for await .*$/m, (line) => `try { ${line} } catch (error) { ends.push(error.name); }`);
  const ends: string[] = [];
  const quiet = { log: () => {} };
  const body = `return (async () => { ${code}\nawait reader.close(); await store.close(); return log; })();`;
  const run = compileFunction(body, ['library', 'console', 'ends']) as (
    ...given: unknown[]
  ) => Promise<library.EventLog>;
  const log = await run(library, quiet, ends);
  expect(await codeOf(() => log.append({}))).toBe('STORAGE_CLOSED');
  expect(ends).toEqual(['TimeoutError']);
});

test('the command is a program with the exit codes that it names', () => {
  const { bin } = JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8')) as { bin: object };
  expect(bin).toEqual({ 'fishplate-store': './dist/cli.js' });
});
