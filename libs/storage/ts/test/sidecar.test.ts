import { chmodSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import fc from 'fast-check';

import { Frames, frame } from '../src/sidecar/frames';
import { makePlace } from '../src/sidecar/place';
import { codeOf, ENGINES, Lines, newDirectory, startChild, texts, withStore } from './support';

jest.setTimeout(120_000);

/** The process that has a store's lock. */
function holder(directory: string): number {
  const [claim] = readdirSync(join(directory, 'lock')).filter((name) => name.endsWith('.json'));
  return (JSON.parse(readFileSync(join(directory, 'lock', claim!), 'utf8')) as { pid: number }).pid;
}

function isThere(pid: number): boolean {
  try {
    // One that nobody has waited for yet is there, but does nothing any more.
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(10);
}

const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('a sidecar', () => {
  test.each(ENGINES)(
    'of %s is the one writer of several processes, and ends with the last',
    async (engine) => {
      const directory = newDirectory();
      const children = [1, 2, 3].map(() => startChild(['share', directory, engine, '15']));
      const lines = children.map((child) => new Lines(child));
      await Promise.all(lines.map((its) => its.until(1)));
      const pid = holder(directory);
      expect(children.map((child) => child.pid)).not.toContain(pid);
      const printed = (await Promise.all(lines.map((its) => its.end()))).map((all) => all.slice(1));
      expect(printed.map((all) => all.length)).toEqual([15, 15, 15]);
      const numbers = printed.flat().map((line) => line.split(',').map(Number));
      // Numbers follow the order of calls, whatever each of them waits for.
      for (const row of numbers) expect(row).toEqual([...row].sort((a, b) => a - b));
      const all = numbers.flat().sort((a, b) => a - b);
      expect(all).toEqual(Array.from({ length: 225 }, (_, index) => index + 1));
      await until(() => !isThere(pid));
      await withStore(directory, engine, async (store) => {
        expect(texts(store)).toHaveLength(225);
        expect((await store.verify()).problems).toEqual([]);
      });
    },
  );

  test('of a client that is killed ends, and everything is there', async () => {
    const directory = newDirectory();
    const child = startChild(['obey', directory, 'native']);
    const lines = new Lines(child);
    await lines.until(1);
    const pid = holder(directory);
    child.stdin!.write('append\n'.repeat(5));
    await lines.until(6);
    child.kill('SIGKILL');
    await until(() => !isThere(pid));
    await withStore(directory, 'native', (store) => expect(texts(store)).toHaveLength(5));
  });

  test('that is killed poisons its clients, and the next one has what was acknowledged', async () => {
    const directory = newDirectory();
    const child = startChild(['obey', directory, 'native']);
    const lines = new Lines(child);
    await lines.until(1);
    child.stdin!.write('append\nappendSync\nsave\nprune\nload\n');
    expect((await lines.until(6)).slice(1)).toEqual(['1', '2', '2', '2', '700000']);
    const pid = holder(directory);
    process.kill(pid, 'SIGKILL');
    await until(() => !isThere(pid));
    child.stdin!.write('append\nappendSync\nsave\nload\nclose\n');
    child.stdin!.end();
    // What is read comes from the files, so that it still can be.
    expect((await lines.end()).slice(6)).toEqual([
      ...Array.from({ length: 3 }, () => 'STORAGE_POISONED'),
      '700000',
      'STORAGE_POISONED',
    ]);
    const second = startChild(['obey', directory, 'native']);
    const more = new Lines(second);
    await more.until(1);
    second.stdin!.write('append\nload\nclose\n');
    second.stdin!.end();
    expect((await more.end()).slice(1)).toEqual(['3', '700000', 'undefined']);
  });

  test('does not take a store from a writer in another process, and tells who that is', async () => {
    const directory = newDirectory();
    await withStore(directory, 'native', async () => {
      const lines = new Lines(startChild(['share', directory, 'native', '1']));
      expect(await lines.end()).toEqual([
        expect.stringContaining(`open for writing by process ${process.pid}`) as string,
      ]);
    });
  });

  test('lies in a folder of its user alone, or not at all', async () => {
    const directory = newDirectory();
    await withStore(directory, 'native', () => {});
    mkdirSync(join(directory, 'sidecar'));
    chmodSync(join(directory, 'sidecar'), 0o755);
    expect(await codeOf(() => makePlace(directory))).toBe('SIDECAR_UNAVAILABLE');
    const lines = new Lines(startChild(['share', directory, 'native', '1']));
    expect(await lines.end()).toEqual([
      expect.stringContaining('must be a directory of this user') as string,
    ]);
  });

  test('hangs up on who sends no messages, and serves the others', async () => {
    const directory = join(newDirectory(), 'n'.repeat(60), 'm'.repeat(60));
    const child = startChild(['obey', directory, 'native']);
    const lines = new Lines(child);
    await lines.until(1);
    for (const junk of ['GET / HTTP/1.1\r\n\r\n', 'x'.repeat(1000), 'Content-Length: 2\r\n\r\n[]']) {
      const place = makePlace(directory);
      const stranger = createConnection(place.socket);
      stranger.on('error', () => {});
      stranger.write(junk);
      await new Promise((resolve) => stranger.on('close', resolve).resume());
      place.release();
    }
    child.stdin!.write('append\nclose\n');
    child.stdin!.end();
    expect((await lines.end()).slice(1)).toEqual(['1', 'undefined']);
  });
});

test('how the bytes of messages are cut changes nothing', () => {
  const message = fc.tuple(fc.jsonValue(), fc.uint8Array({ maxLength: 300 }));
  const property = fc.property(
    fc.array(message, { maxLength: 5 }),
    fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }),
    (messages, cuts) => {
      const bytes = Buffer.concat(messages.flatMap(([json, more]) => frame(json, more)));
      const frames = new Frames();
      const found: unknown[] = [];
      let at = 0;
      for (let turn = 0; at < bytes.length; turn++) {
        const end = at + cuts[turn % cuts.length]!;
        frames.feed(bytes.subarray(at, end));
        at = end;
        for (let next = frames.next(); next !== null; next = frames.next()) {
          found.push([JSON.stringify(next.message), next.attachment.toString('hex')]);
        }
      }
      expect(found).toEqual(
        messages.map(([json, more]) => [JSON.stringify(json), Buffer.from(more).toString('hex')]),
      );
    },
  );
  fc.assert(property, { numRuns: 200 });
});
