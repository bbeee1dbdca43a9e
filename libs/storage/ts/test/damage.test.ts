import {
  copyFileSync,
  cpSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { openStore, salvageStore } from '../src';
import { codeOf, type Engine, ENGINES, newDirectory, texts, withStore } from './support';

jest.setTimeout(300_000);

const EVENTS = 40;

function content(index: number): string {
  return `event ${index} ${'.'.repeat((index * 13) % 90)}`;
}

/** A store of one segment; its directory and the file. */
async function makeStore(engine: Engine): Promise<{ directory: string; file: string }> {
  const directory = newDirectory();
  await withStore(directory, engine, async (store) => {
    for (let index = 1; index <= EVENTS; index++) store.appendSync(content(index), { durability: 'os' });
    await store.saveCheckpoint('c', Buffer.from('a state'));
  });
  return { directory, file: join(directory, 'log', '0000000000000001.seg') };
}

/** What a damaged store may give: a beginning of what was written, or an error of damage. */
async function opened(directory: string, engine: Engine): Promise<string> {
  try {
    return await withStore(directory, engine, async (store) => {
      const events = texts(store);
      expect(events).toEqual(events.map((_, index) => content(index + 1)));
      const { droppedBytes, reason, quarantined } = store.openReport;
      if (events.length < EVENTS || droppedBytes > 0) {
        expect(reason).not.toBeNull();
        if (droppedBytes > 0) expect(readFileSync(quarantined!).length).toBe(droppedBytes);
      }
      // What can be appended is read again.
      const seq = await store.append('more');
      expect(seq).toBe(events.length + 1);
      return `${events.length} ${reason}`;
    });
  } catch (error) {
    expect((error as { code: string }).code).toBe('STORAGE_CORRUPT');
    return 'STORAGE_CORRUPT';
  }
}

test.each(ENGINES)(
  'cut at each of its last bytes, a log of %s gives both engines the same beginning',
  async (engine) => {
    const { directory, file } = await makeStore(engine);
    const bytes = readFileSync(file);
    for (let cut = 1; cut <= 700; cut += 7) {
      const results: string[] = [];
      for (const other of ENGINES) {
        const copy = newDirectory();
        cpSync(directory, copy, { recursive: true });
        truncateSync(join(copy, 'log', '0000000000000001.seg'), bytes.length - cut);
        const result = await opened(copy, other);
        results.push(result);
        rmSync(copy, { recursive: true });
      }
      expect([cut, results[0]]).toEqual([cut, results[1]]);
      expect(results[0]).not.toBe('STORAGE_CORRUPT');
    }
  },
);

test.each(ENGINES)(
  'with any bit flipped, a log of %s gives a beginning or STORAGE_CORRUPT, never something else',
  async (engine) => {
    const { directory, file } = await makeStore(engine);
    const bytes = readFileSync(file);
    let found = 0;
    for (let index = 0; index < 120; index++) {
      const at = (index * 7919) % bytes.length;
      const results: string[] = [];
      for (const other of ENGINES) {
        const copy = newDirectory();
        cpSync(directory, copy, { recursive: true });
        const damaged = Buffer.from(bytes);
        damaged[at]! ^= 1 << (index % 8);
        writeFileSync(join(copy, 'log', '0000000000000001.seg'), damaged);
        results.push(await opened(copy, other));
        rmSync(copy, { recursive: true });
      }
      expect([at, results[0]]).toEqual([at, results[1]]);
      if (results[0] === 'STORAGE_CORRUPT') found++;
    }
    expect(found).toBeGreaterThan(50);
  },
);

test.each(ENGINES)(
  '%s: zeros, garbage and a tail that is there twice are cut, and kept aside',
  async (engine) => {
    for (const tail of [Buffer.alloc(5000), Buffer.alloc(3000, 'garbage!'), null]) {
      const { directory, file } = await makeStore(engine);
      const bytes = readFileSync(file);
      writeFileSync(file, Buffer.concat([bytes, tail ?? bytes.subarray(-600)]));
      for (const reader of ENGINES) {
        const copy = newDirectory();
        cpSync(directory, copy, { recursive: true });
        await withStore(copy, reader, (store) => {
          expect(texts(store)).toHaveLength(EVENTS);
          expect(store.openReport.droppedBytes > 0).toBe(tail?.[0] !== 0);
        });
      }
    }
  },
);

test.each(ENGINES)(
  '%s: damage in a sealed segment is told with its place, and salvage keeps the rest',
  async (engine) => {
    const directory = newDirectory();
    await withStore(
      directory,
      engine,
      async (store) => {
        for (let index = 1; index <= 200; index++) store.appendSync(content(index), { durability: 'os' });
        await store.saveCheckpoint('whole', Buffer.alloc(100_000, 'whole'));
        await store.saveCheckpoint('delta', Buffer.alloc(100_010, 'whole'), { base: 'whole' });
      },
      { segmentBytes: 4096 },
    );
    const file = join(directory, 'log', '0000000000000002.seg');
    const bytes = readFileSync(file);
    bytes[1500]! ^= 4;
    writeFileSync(file, bytes);
    const results: unknown[] = [];
    for (const other of ENGINES) {
      const copy = newDirectory();
      cpSync(directory, copy, { recursive: true });
      await withStore(copy, other, async (store) => {
        const { problems } = await store.verify();
        expect(problems).toHaveLength(1);
        expect(problems[0]).toMatchObject({ segment: 2 });
        expect(await codeOf(() => texts(store))).toBe('STORAGE_CORRUPT');
      });
      const { quarantined, ...report } = await salvageStore(copy, { engine: other, segmentBytes: 4096 });
      expect(report).toMatchObject({ checkpoints: 2, lostCheckpoints: [] });
      expect(report.missing.length).toBeGreaterThan(0);
      expect(readdirSync(quarantined).length).toBeGreaterThan(5);
      for (const reader of ENGINES) {
        await withStore(copy, reader, async (store) => {
          const events = [...store.replay()];
          expect(events).toHaveLength(report.events);
          for (const { seq, data } of events) expect(data.toString()).toBe(content(seq));
          expect((await store.loadCheckpoint('delta'))?.length).toBe(100_010);
          expect((await store.verify()).problems).toEqual([]);
          expect(store.stats().lastSeq).toBe(200);
        });
      }
      results.push(report);
    }
    expect(results[0]).toEqual(results[1]);
  },
);

test.each(ENGINES)('%s: opening with salvage mends what is corrupt, and says so', async (engine) => {
  const { directory, file } = await makeStore(engine);
  const bytes = readFileSync(file);
  bytes[1000]! ^= 1;
  writeFileSync(file, bytes);
  expect(await codeOf(() => openStore(directory, { engine }))).toBe('STORAGE_CORRUPT');
  await withStore(
    directory,
    engine,
    (store) => {
      expect(store.openReport.salvaged).toMatchObject({ checkpoints: 1 });
      expect(texts(store).length).toBe(EVENTS - 1);
    },
    { salvage: true },
  );
});

test.each(ENGINES)('%s: a newer format is refused by its number', async (engine) => {
  const { directory } = await makeStore(engine);
  const file = join(directory, 'STORE');
  const bytes = readFileSync(file);
  bytes.writeUInt32LE(2, 8);
  writeFileSync(file, bytes);
  expect(await codeOf(() => openStore(directory, { engine }))).toBe('STORAGE_FORMAT_NEWER');
});

test.each(ENGINES)(
  '%s: a blob that is damaged or gone is damage of its checkpoint, and no wrong state',
  async (engine) => {
    const directory = newDirectory();
    await withStore(directory, engine, (store) => store.saveCheckpoint('c', Buffer.alloc(3_000_000, 'blob')));
    const names = readdirSync(join(directory, 'blobs'), { recursive: true, encoding: 'utf8' });
    const file = join(directory, 'blobs', names.find((name) => name.length > 64)!);
    copyFileSync(file, `${file}.kept`);
    const bytes = readFileSync(file);
    bytes[100]! ^= 1;
    writeFileSync(file, bytes);
    for (const reader of ENGINES) {
      await withStore(directory, reader, async (store) => {
        expect(await codeOf(() => store.loadCheckpoint('c'))).toBe('STORAGE_CORRUPT');
        expect((await store.verify()).problems).toHaveLength(1);
      });
    }
    rmSync(file);
    for (const reader of ENGINES) {
      await withStore(directory, reader, async (store) => {
        expect(await codeOf(() => store.loadCheckpoint('c'))).toBe('STORAGE_CORRUPT');
      });
    }
  },
);

// Windows does not let anybody remove a file that is open.
(process.platform === 'win32' ? test.skip.each : test.each)(ENGINES)(
  '%s: nothing is acknowledged once somebody has removed the store',
  async (engine) => {
    const directory = join(newDirectory(), 'store');
    const store = await openStore(directory, { engine });
    await store.append('kept');
    rmSync(directory, { recursive: true });
    expect(await codeOf(() => store.append('lost'))).toBe('STORAGE_IO');
    expect(await codeOf(() => store.appendSync('lost'))).toBe('STORAGE_POISONED');
    expect(await codeOf(() => store.saveCheckpoint('lost', Buffer.alloc(9)))).toBe('STORAGE_POISONED');
    expect(await codeOf(() => store.close())).toBe('STORAGE_POISONED');
  },
);
