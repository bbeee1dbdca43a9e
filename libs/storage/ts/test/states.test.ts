import { createHash } from 'node:crypto';
import { existsSync, readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

import { codeOf, ENGINES, newDirectory, PAIRS, texts, withStore } from './support';

jest.setTimeout(120_000);

/** Ids that would be other files, other keys or each other where they became names. */
const IDS = [
  '../x',
  'a/b',
  '..',
  '/etc/passwd',
  'con',
  '\n',
  ' ',
  '\0',
  '__proto__',
  'constructor',
  '\u00e9',
  'e\u0301',
  'A',
  'a',
  '\u{1f600}',
  'C:\\x',
  'x'.repeat(255),
];

test.each(PAIRS)(
  'ids of any characters are ids and nothing else, by %s and for %s',
  async (writer, reader) => {
    const parent = newDirectory();
    const directory = join(parent, 'store');
    const stateOf = (id: string): Buffer => Buffer.alloc(300_000, id);
    await withStore(directory, writer, async (store) => {
      for (const id of IDS) await store.saveCheckpoint(id, stateOf(id), { stream: id, metadata: { id } });
    });
    await withStore(directory, reader, async (store) => {
      expect(
        store
          .listCheckpoints()
          .map(({ id }) => id)
          .sort(),
      ).toEqual([...IDS].sort());
      for (const id of IDS) expect((await store.loadCheckpoint(id))?.equals(stateOf(id))).toBe(true);
      for (const id of ['', 'x'.repeat(256), '\ud800'])
        expect(await codeOf(() => store.loadCheckpoint(id))).toBe('INPUT_INVALID');
    });
    expect(readdirSync(parent)).toEqual(['store']);
  },
);

test.each(PAIRS)(
  'states of a megabyte between events, by %s and for %s, hinder neither replays nor prunes',
  async (writer, reader) => {
    const directory = newDirectory();
    const stateOf = (round: number): Buffer => Buffer.alloc(1_000_000 + round, `state ${round} `);
    await withStore(directory, writer, async (store) => {
      for (let round = 0; round < 20; round++) {
        await store.append(`event ${round}`);
        await store.saveCheckpoint(`state ${round % 3}`, stateOf(round));
      }
      if (writer === 'native') expect(existsSync(join(directory, 'blobs'))).toBe(false);
    });
    await withStore(directory, reader, async (store) => {
      expect(texts(store)).toEqual(Array.from({ length: 20 }, (_, index) => `event ${index}`));
      expect([...store.replay({ from: 13, limit: 2 })].map(({ seq }) => seq)).toEqual([13, 14]);
      await store.prune(21);
      expect(texts(store)).toEqual([]);
      for (const round of [17, 18, 19])
        expect((await store.loadCheckpoint(`state ${round % 3}`))?.equals(stateOf(round))).toBe(true);
      expect((await store.verify()).problems).toEqual([]);
    });
  },
);

test.each(PAIRS)(
  'a large state that grows again and again is right, by %s and for %s',
  async (writer, reader) => {
    const directory = newDirectory();
    const message = (index: number): string =>
      `{"index":${index},"text":"${'.'.repeat((index * 37) % 900)}"},`;
    const stateOf = (round: number): Buffer => {
      const messages = Array.from({ length: 4000 + 3 * round }, (_, index) => message(index));
      // Every third one changes at its head too.
      return Buffer.from(`{"step":${Math.floor(round / 3)},"messages":[${messages.join('')}]}`);
    };
    await withStore(directory, writer, async (store) => {
      for (let round = 0; round < 12; round++) {
        const base = round === 0 ? {} : { base: `state ${round - 1}` };
        const { stored } = await store.saveCheckpoint(`state ${round}`, stateOf(round), base);
        if (writer === 'native' && round % 8 !== 0) expect(stored).toBeLessThan(5000);
      }
    });
    await withStore(directory, reader, async (store) => {
      for (let round = 0; round < 12; round++)
        expect((await store.loadCheckpoint(`state ${round}`))?.equals(stateOf(round))).toBe(true);
      expect((await store.verify()).problems).toEqual([]);
    });
  },
);

test.each(PAIRS)(
  'what is saved again unchanged takes no room, and children of the same state stay: by %s and for %s',
  async (writer, reader) => {
    const directory = newDirectory();
    // Nothing that could be compressed.
    const state = createHash('shake256', { outputLength: 100_000 }).update('state').digest();
    const grown = Buffer.concat([state, Buffer.from('more')]);
    await withStore(directory, writer, async (store) => {
      await store.append('event');
      const first = await store.saveCheckpoint('a', state, { metadata: { step: 1 } });
      const { logBytes } = store.stats();
      for (const base of [{}, { base: 'a' }]) {
        expect(await store.saveCheckpoint('a', state, { metadata: { step: 1 }, ...base })).toEqual(first);
      }
      expect(store.stats().logBytes).toBe(logBytes);
      expect(await store.saveCheckpoint('a', state, { metadata: { step: 2 } })).toMatchObject({
        metadata: { step: 2 },
      });
      const child = await store.saveCheckpoint('b', grown, { base: 'a' });
      expect(child.base).toBe('a');
      // Not the newest any more: that it was saved counts.
      const { logBytes: before } = store.stats();
      await store.saveCheckpoint('a', state, { metadata: { step: 2 } });
      expect(store.stats().logBytes - before).toBeGreaterThan(100_000);
      expect(store.stats().logBytes - before).toBeLessThan(101_000);
      expect(store.listCheckpoints().find(({ id }) => id === 'b')).toEqual(child);
    });
    await withStore(directory, reader, async (store) => {
      expect((await store.loadCheckpoint('a'))?.equals(state)).toBe(true);
      expect((await store.loadCheckpoint('b'))?.equals(grown)).toBe(true);
      expect((await store.verify()).problems).toEqual([]);
    });
  },
);

test('mapped segments give what others give, and one that was cut is damage', async () => {
  const directory = newDirectory();
  const content = (index: number): string => `event ${index} ${'.'.repeat((index * 37) % 300)}`;
  const expected = Array.from({ length: 2000 }, (_, index) => content(index));
  await withStore(
    directory,
    'native',
    async (store) => {
      await store.appendBatch(expected.slice(0, 1000), { durability: 'os' });
      for (const text of expected.slice(1000)) store.appendSync(text, { durability: 'os' });
      expect(texts(store)).toEqual(expected);
    },
    { segmentBytes: 32 << 10, mmap: true },
  );
  for (const engine of ENGINES) {
    await withStore(directory, engine, (store) => expect(texts(store)).toEqual(expected), {
      readOnly: true,
      mmap: true,
    });
  }
  await withStore(
    directory,
    'native',
    async (store) => {
      const events = store.replay()[Symbol.iterator]();
      events.next();
      for (const name of readdirSync(join(directory, 'log')).slice(0, -1))
        truncateSync(join(directory, 'log', name), 5000);
      const rest = (): void => {
        while (!events.next().done);
      };
      expect(await codeOf(rest)).toBe('STORAGE_CORRUPT');
    },
    { readOnly: true, mmap: true },
  );
});
