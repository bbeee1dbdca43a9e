import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { openStore } from '../src';
import { codeOf, ENGINES, Lines, newDirectory, PAIRS, startChild, texts, withStore } from './support';

jest.setTimeout(120_000);

const KILLS = Number(process.env['FISHPLATE_KILLS'] ?? 12);

function content(seq: number): string {
  return `event ${seq} ${'.'.repeat((seq * 37) % 200)}`;
}

test.each(PAIRS)(
  'what %s acknowledged is there for %s after kill -9, again and again',
  async (writer, reader) => {
    const directory = newDirectory();
    let known = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const child = startChild(['append', directory, kill % 2 === 0 ? writer : reader]);
      const lines = new Lines(child);
      await lines.until(1 + ((kill * 13) % 40));
      child.kill('SIGKILL');
      const printed = await lines.end();
      expect(printed[0]).toBe('open');
      const acknowledged = printed.slice(1).filter((line) => /^\d+$/.test(line));
      known = Math.max(known, ...acknowledged.map(Number));
      await withStore(directory, kill % 2 === 0 ? reader : writer, async (store) => {
        const events = texts(store);
        expect(events.length).toBeGreaterThanOrEqual(known);
        expect(events).toEqual(events.map((_, index) => content(index + 1)));
        const saved = printed.filter((line) => line.startsWith('checkpoint')).at(-1);
        const [info] = store.listCheckpoints();
        if (saved !== undefined) {
          expect((info!.metadata as { next: number }).next).toBeGreaterThanOrEqual(
            Number(saved.split(' ')[1]),
          );
        }
        if (info !== undefined) {
          const { next } = info.metadata as { next: number };
          const state = Buffer.alloc(300_000 + next, `state ${next}`);
          expect((await store.loadCheckpoint('state'))?.equals(state)).toBe(true);
        }
        expect((await store.verify()).problems).toEqual([]);
      });
    }
  },
);

test.each(PAIRS)('a writer in %s keeps one in %s out, by name, until it ends', async (holder, second) => {
  const directory = newDirectory();
  const child = startChild(['hold', directory, holder]);
  const lines = new Lines(child);
  await lines.until(1);
  const refused = await openStore(directory, { engine: second }).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'STORAGE_LOCKED', details: { pid: child.pid } });
  await withStore(directory, second, (store) => expect(texts(store)).toEqual([]), { readOnly: true });
  child.stdin!.end();
  await lines.end();
  await withStore(directory, second, (store) => store.append('mine'));
});

test.each(PAIRS)(
  'a tail in %s follows a writer in %s through segments and prunes',
  async (reader, writer) => {
    const directory = newDirectory();
    await withStore(directory, writer, (store) => store.append(content(1)), { segmentBytes: 16 << 10 });
    const child = startChild(['slowly', directory, writer, '400']);
    const ended = new Lines(child).end();
    const seen: number[] = [];
    await withStore(
      directory,
      reader,
      async (store) => {
        for await (const { seq, data } of store.tail({ from: 1 })) {
          expect(data.toString()).toBe(content(seq));
          seen.push(seq);
          if (seq === 401) break;
        }
      },
      { readOnly: true },
    );
    await ended;
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(new Set(seen).size).toBe(seen.length);
  },
);

test.each(ENGINES)('%s: a process that exits with work pending neither hangs nor harms', async (engine) => {
  const directory = newDirectory();
  const child = startChild(['exit', directory, engine]);
  const code = await new Promise((resolve) => child.on('exit', resolve));
  expect(code).toBe(7);
  await withStore(directory, engine, async (store) => {
    expect(texts(store)).toEqual(texts(store).map((_, index) => `pending ${index}`));
    expect((await store.verify()).problems).toEqual([]);
  });
});

test.each(ENGINES)(
  '%s: a store that is never closed keeps no process, and waits for what is awaited',
  async (engine) => {
    const directory = newDirectory();
    const child = startChild(['leave', directory, engine]);
    const lines = new Lines(child);
    const code = await new Promise((resolve) => child.on('exit', resolve));
    expect([code, await lines.end()]).toEqual([0, ['1,2']]);
    await withStore(directory, engine, (store) => expect(texts(store)).toEqual(['a', 'b']));
  },
);

test.each(ENGINES)(
  '%s: a store that was opened by a relative path stays where it is when the process moves on',
  async (engine) => {
    const parent = newDirectory();
    expect(await new Lines(startChild(['move', parent, engine])).end()).toEqual(['100']);
    expect(readdirSync(join(parent, 'store', 'lock'))).toEqual([]);
    await withStore(join(parent, 'store'), engine, (store) => expect(store.stats().lastSeq).toBe(100));
  },
);

test.each([...ENGINES.map((engine) => [engine, 'inproc']), ['native', 'sidecar'], ['fallback', 'sidecar']])(
  '%s, %s: who closes with many calls under way gets the answers of all',
  async (engine, transport) => {
    const lines = new Lines(startChild(['closing', newDirectory(), engine, transport]));
    expect(await lines.end()).toEqual(['2500 of 2500']);
  },
);

test.each(ENGINES)(
  '%s: after a failed write nothing is acknowledged until the store is opened anew',
  async (engine) => {
    const directory = newDirectory();
    await withStore(directory, engine, (store) => store.append('first'));
    // Room for some events: the file may not grow beyond it.
    const child = startChild(['fail', directory, engine], ['prlimit', '--fsize=9000', '--']);
    const printed = await new Lines(child).end();
    const numbers = printed.filter((line) => /^\d+$/.test(line)).map(Number);
    const codes = printed.filter((line) => !/^\d+$/.test(line));
    expect(numbers.length).toBeGreaterThan(0);
    expect(codes.length).toBeGreaterThan(1);
    expect(['STORAGE_IO', 'STORAGE_FULL']).toContain(codes[0]);
    expect(new Set(codes.slice(1))).toEqual(new Set(['STORAGE_POISONED']));
    for (const other of ENGINES) {
      await withStore(directory, other, async (store) => {
        expect(store.stats().lastSeq).toBeGreaterThanOrEqual(numbers.at(-1)!);
        expect(await codeOf(() => store.append('again'))).toBe('none');
      });
    }
  },
);

test.each(ENGINES)('%s: a claim of a process that was killed is nobody any more', async (engine) => {
  const directory = newDirectory();
  const child = startChild(['hold', directory, engine]);
  const lines = new Lines(child);
  await lines.until(1);
  child.kill('SIGKILL');
  await lines.end();
  expect(readdirSync(join(directory, 'lock'))).toHaveLength(1);
  for (const other of ENGINES) await withStore(directory, other, (store) => store.append('x'));
  expect(readdirSync(join(directory, 'lock'))).toEqual([]);
});

/** Puts a small disk on a directory; false where this process may not. */
function mountSmallDisk(directory: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=44k', 'tmpfs', directory]).status === 0;
}

const TRIAL = newDirectory();
const CAN_MOUNT = mountSmallDisk(TRIAL);
if (CAN_MOUNT) spawnSync('umount', [TRIAL]);

(CAN_MOUNT ? test : test.skip).each(ENGINES)(
  '%s: on a full disk an append says so, and what was acknowledged stays',
  async (engine) => {
    const disk = newDirectory();
    expect(mountSmallDisk(disk)).toBe(true);
    try {
      const directory = join(disk, 'store');
      const printed = await new Lines(startChild(['fail', directory, engine])).end();
      const numbers = printed.filter((line) => /^\d+$/.test(line)).map(Number);
      const codes = printed.filter((line) => !/^\d+$/.test(line));
      expect([numbers.length > 0, codes[0]]).toEqual([true, 'STORAGE_FULL']);
      for (const reader of ENGINES) {
        await withStore(
          directory,
          reader,
          (store) => expect(texts(store).length).toBeGreaterThanOrEqual(numbers.at(-1)!),
          { readOnly: true },
        );
      }
    } finally {
      // Lazily: a file that is still open must not leave the disk behind.
      spawnSync('umount', ['-l', disk]);
    }
  },
);
