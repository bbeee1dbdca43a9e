import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { openStore, type OpenOptions, salvageStore } from '../src';
import type { Store } from '../src/store';
import { codeOf, ENGINES, newDirectory, withStore } from './support';

function detached(): Uint8Array {
  const bytes = new Uint8Array(8);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  return bytes;
}

const wrong = (value: unknown): never => value as never;

const BAD_EVENTS: [string, unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['a number', 7],
  ['an object', { length: 3 }],
  ['an array', [1, 2]],
  ['an ArrayBuffer', new ArrayBuffer(3)],
  ['a DataView', new DataView(new ArrayBuffer(3))],
  ['a lone surrogate', 'a\ud800b'],
  ['shared memory', new Uint8Array(new SharedArrayBuffer(3))],
  ['a detached buffer', detached()],
];

describe.each(ENGINES)('%s', (engine) => {
  let store: Store;
  beforeAll(async () => {
    store = await openStore(newDirectory(), { engine });
  });
  afterAll(() => store.close());

  test.each(BAD_EVENTS)('%s is no event', async (_, value) => {
    expect(await codeOf(() => store.append(wrong(value)))).toBe('INPUT_INVALID');
    expect(await codeOf(() => store.appendSync(wrong(value)))).toBe('INPUT_INVALID');
    expect(await codeOf(() => store.appendBatch(['fine', wrong(value)]))).toBe('INPUT_INVALID');
    expect(store.stats().lastSeq).toBe(0);
  });

  test.each(BAD_EVENTS.filter(([, value]) => typeof value !== 'string'))(
    '%s is no state',
    async (_, value) => {
      expect(await codeOf(() => store.saveCheckpoint('c', wrong(value)))).toBe('INPUT_INVALID');
    },
  );

  test.each<[string, () => unknown]>([
    ['durability', () => store.append('x', { durability: wrong('fast') })],
    ['stream of 256 bytes', () => store.append('x', { stream: 's'.repeat(256) })],
    ['stream of 128 characters of two bytes', () => store.append('x', { stream: 'ü'.repeat(128) })],
    ['stream with a lone surrogate', () => store.append('x', { stream: '\udc00' })],
    ['options', () => store.append('x', wrong(5))],
    ['batch', () => store.appendBatch(wrong('abc'))],
    ['from', () => store.replay({ from: 1.5 })],
    ['to', () => store.replay({ to: -1 })],
    ['limit', () => store.replay({ limit: wrong('1') })],
    ['before', () => store.prune(Number.NaN)],
    ['id', () => store.saveCheckpoint('', Buffer.from('x'))],
    ['base', () => store.saveCheckpoint('c', Buffer.from('x'), { base: wrong(1) })],
    ['seq', () => store.saveCheckpoint('c', Buffer.from('x'), { seq: 99 })],
    [
      'metadata with a loop',
      () => {
        const loop: Record<string, unknown> = {};
        loop['self'] = loop;
        return store.saveCheckpoint('c', Buffer.from('x'), { metadata: loop });
      },
    ],
    ['metadata that is a function', () => store.saveCheckpoint('c', Buffer.from('x'), { metadata: () => 1 })],
    ['signal', () => store.tail({ signal: wrong({}) })],
    ['branch of what does not exist yet', () => store.branch(10)],
  ])('%s that is not valid gets INPUT_INVALID', async (_, call) => {
    expect(await codeOf(call)).toBe('INPUT_INVALID');
  });

  test('what is too large gets INPUT_TOO_LARGE, without being copied', async () => {
    const huge = new Uint8Array(256 * 2 ** 20 + 1);
    expect(await codeOf(() => store.append(huge))).toBe('INPUT_TOO_LARGE');
    expect(await codeOf(() => store.append('x'.repeat(256 * 2 ** 20 + 1)))).toBe('INPUT_TOO_LARGE');
    expect(await codeOf(() => store.appendBatch(Array.from({ length: 5 }, () => huge.subarray(1))))).toBe(
      'INPUT_TOO_LARGE',
    );
    expect(await codeOf(() => store.saveCheckpoint('c', new Uint8Array(2 ** 30 + 1)))).toBe(
      'INPUT_TOO_LARGE',
    );
    expect(
      await codeOf(() => store.saveCheckpoint('c', Buffer.from('x'), { metadata: 'x'.repeat(2 ** 20) })),
    ).toBe('INPUT_TOO_LARGE');
  });

  test('a base that is not there has its own code', async () => {
    const saved = store.saveCheckpoint('c', Buffer.from('x'), { base: 'nobody' });
    await expect(saved).rejects.toMatchObject({
      code: 'STORAGE_CHECKPOINT_NOT_FOUND',
      details: { id: 'nobody' },
    });
  });

  test('empty events, one byte, views into larger buffers and odd names come back as they were', async () => {
    const directory = newDirectory();
    const odd = 'name\nwith "everything" \\ \u0000 é 日本 🐟';
    const large = Buffer.from('0123456789');
    await withStore(directory, engine, async (own) => {
      await own.append('');
      await own.append(new Uint8Array(0), { stream: odd });
      await own.append(large.subarray(3, 5), { stream: odd });
      await own.append('\u0000');
      await own.saveCheckpoint(odd, new Uint8Array(0));
      expect(await own.appendBatch([])).toEqual([]);
    });
    for (const reader of ENGINES) {
      await withStore(directory, reader, async (own) => {
        const events = [...own.replay()].map(({ stream, data }) => [stream, data.toString()]);
        expect(events).toEqual([
          ['', ''],
          [odd, ''],
          [odd, '34'],
          ['', '\u0000'],
        ]);
        expect((await own.loadCheckpoint(odd))?.length).toBe(0);
        expect(await own.loadCheckpoint('other')).toBeNull();
      });
    }
  });

  test('a buffer that is changed right after an append is stored as it was', async () => {
    const directory = newDirectory();
    await withStore(directory, engine, async (own) => {
      const bytes = Buffer.from('before');
      const [single, batch] = [own.append(bytes), own.appendBatch([bytes])];
      bytes.fill('!');
      await Promise.all([single, batch]);
      expect([...own.replay()].map(({ data }) => data.toString())).toEqual(['before', 'before']);
    });
  });

  test('a state that is transferred away before it is saved is refused, not saved empty', async () => {
    await withStore(newDirectory(), engine, async (store) => {
      const state = new Uint8Array(1000).fill(7);
      const saved = store.saveCheckpoint('c', state);
      structuredClone(state.buffer, { transfer: [state.buffer] });
      expect(await codeOf(() => saved)).toBe('INPUT_INVALID');
      expect(store.listCheckpoints()).toEqual([]);
    });
  });

  test('an event of many megabytes is read through slabs that grow', async () => {
    const directory = newDirectory();
    const large = Buffer.alloc(20 * 2 ** 20, 'large ');
    await withStore(directory, engine, (own) => own.append(large));
    for (const reader of ENGINES) {
      await withStore(directory, reader, (own) => {
        expect([...own.replay()].every(({ data }) => data.equals(large))).toBe(true);
      });
    }
  });

  test('a closed store refuses everything but closing', async () => {
    const own = await openStore(newDirectory(), { engine });
    const [replay, iterator] = [own.replay(), own.replay()[Symbol.iterator]()];
    await Promise.all([own.close(), own.close()]);
    await own.close();
    const calls = [
      () => own.append('x'),
      () => own.appendSync('x'),
      () => own.stats(),
      () => own.prune(1),
      () => own.loadCheckpoint('c'),
      () => [...replay],
      () => iterator.next(),
      () => own.tail(),
    ];
    for (const call of calls) expect(await codeOf(call)).toBe('STORAGE_CLOSED');
  });

  test('a reader writes nothing, and a directory without a store is told', async () => {
    const directory = newDirectory();
    expect(await codeOf(() => openStore(directory, { engine, readOnly: true }))).toBe('STORAGE_NOT_FOUND');
    expect(await codeOf(() => salvageStore(directory, { engine }))).toBe('STORAGE_NOT_FOUND');
    await withStore(directory, engine, (own) => own.append('x'));
    await withStore(
      directory,
      engine,
      async (own) => {
        expect(await codeOf(() => own.append('y'))).toBe('STORAGE_READ_ONLY');
        expect(await codeOf(() => own.saveCheckpoint('c', Buffer.from('x')))).toBe('STORAGE_READ_ONLY');
        expect(await codeOf(() => own.prune(1))).toBe('STORAGE_READ_ONLY');
      },
      { readOnly: true },
    );
  });

  test.each<[string, unknown, OpenOptions]>([
    ['a number', 5, {}],
    ['nothing', '', {}],
    ['a NUL', 'a\0b', {}],
    ['segments that are small', 'x', { segmentBytes: 100 }],
    ['segments that are huge', 'x', { segmentBytes: 2 ** 31 }],
    ['readOnly as text', 'x', { readOnly: wrong('yes') }],
    ['salvage for readers', 'x', { readOnly: true, salvage: true }],
    ['a durability that is none', 'x', { durability: wrong('eventually') }],
  ])('opening with %s gets INPUT_INVALID', async (_, directory, options) => {
    expect(await codeOf(() => openStore(wrong(directory), { engine, ...options }))).toBe('INPUT_INVALID');
  });

  test('a directory that is a file is an error of the system', async () => {
    const file = join(newDirectory(), 'file');
    writeFileSync(file, '');
    expect(await codeOf(() => openStore(file, { engine }))).toBe('STORAGE_IO');
  });

  test('an event that is no JSON is named', async () => {
    await withStore(newDirectory(), engine, async (own) => {
      await own.appendBatch(['{"a":1}', '[2]', 'none']);
      const iterator = own.replayJson()[Symbol.iterator]();
      expect([iterator.next().value, iterator.next().value]).toEqual([
        { seq: 1, value: { a: 1 } },
        { seq: 2, value: [2] },
      ]);
      expect(() => iterator.next()).toThrow(
        expect.objectContaining({ code: 'EVENT_NOT_JSON', details: { seq: 3 } }),
      );
    });
  });
});
