/** What child processes of tests do: node -r register.cjs child.ts <what> <directory> <engine> [more]. */

import { createInterface } from 'node:readline';

import { openStore } from '../src';

const [what, directory = '', engine = 'native', more = '100'] = process.argv.slice(2);
const options = { engine: engine as 'native' | 'fallback', segmentBytes: 16 << 10 };

const shared = { ...options, transport: 'sidecar' as const };

/** Content of an event, from its number alone. */
function content(seq: number): string {
  return `event ${seq} ${'.'.repeat((seq * 37) % 200)}`;
}

const TASKS: Record<string, () => Promise<void>> = {
  /** Appends until it is killed; prints the numbers that were acknowledged. */
  async append() {
    const store = await openStore(directory, options);
    let next = store.stats().lastSeq + 1;
    process.stdout.write('open\n');
    for (;;) {
      const appended = Array.from({ length: 8 }, async (_, index) => {
        const seq = next + index;
        const durability = (['os', 'group', 'sync'] as const)[seq % 3]!;
        const got = await store.append(content(seq), { durability });
        if (got !== seq) throw new Error(`${got} is not ${seq}`);
        process.stdout.write(`${seq}\n`);
      });
      await Promise.all(appended);
      next += 8;
      if (next % 5 === 0) {
        const state = Buffer.alloc(300_000 + next, `state ${next}`);
        await store.saveCheckpoint('state', state, { metadata: { next } });
        process.stdout.write(`checkpoint ${next}\n`);
      }
    }
  },
  /** Holds the store open until its input ends. */
  async hold() {
    const store = await openStore(directory, options);
    process.stdout.write('open\n');
    process.stdin.resume();
    await new Promise((resolve) => process.stdin.on('end', resolve));
    await store.close();
  },
  /** Appends as many events as it is told, slowly, and closes. */
  async slowly() {
    const store = await openStore(directory, options);
    for (let index = 0; index < Number(more); index++) {
      await store.append(content(store.stats().lastSeq + 1), { durability: 'os' });
      if (index % 50 === 49) await store.prune(store.stats().lastSeq - 20);
    }
    await store.close();
  },
  /** Ends with work under way: what was acknowledged is printed by nobody, and nothing hangs. */
  async exit() {
    const store = await openStore(directory, options);
    for (let index = 0; index < 50; index++) void store.append(`pending ${index}`);
    void store.saveCheckpoint('c', Buffer.alloc(1 << 20));
    void store.verify();
    setImmediate(() => process.exit(7));
  },
  /** Never closes; the process ends by itself when what it waits for is done. */
  async leave() {
    const store = await openStore(directory, options);
    const seqs = await Promise.all([store.append('a'), store.append('b')]);
    process.stdout.write(`${seqs.join()}\n`);
  },
  /** Opens a store by a relative path, and works in it from another directory. */
  async move() {
    process.chdir(directory);
    const store = await openStore('store', { ...options, segmentBytes: 4096 });
    process.chdir('/');
    for (let index = 0; index < 100; index++) await store.append(content(index), { durability: 'os' });
    await store.saveCheckpoint('state', Buffer.alloc(3 << 20));
    process.stdout.write(`${[...store.replay()].length}\n`);
    await store.close();
  },
  /** Closes with more calls under way than callbacks come at once; prints how many had an answer then. */
  async closing() {
    const store = await openStore(directory, more === 'sidecar' ? { ...options, transport: more } : options);
    let settled = 0;
    const count = (): unknown => settled++;
    for (let index = 0; index < 2500; index++) void store.appendBatch(['a', 'b']).then(count, count);
    await store.close();
    await Promise.resolve();
    process.stdout.write(`${settled} of 2500\n`);
  },
  /** Appends until a write fails, then goes on: prints what was acknowledged, and the codes of the rest. */
  async fail() {
    const store = await openStore(directory, options);
    const line = 'x'.repeat(1000);
    for (let index = 0; index < 60; index++) {
      try {
        process.stdout.write(`${store.appendSync(line, { durability: 'os' })}\n`);
      } catch (error) {
        process.stdout.write(`${(error as { code: string }).code}\n`);
      }
    }
    const { lastSeq } = store.stats();
    const { length } = [...store.replay()];
    if (lastSeq !== length) process.stdout.write(`${lastSeq} events are told, and ${length} are there\n`);
    const closed = await store.close().then(
      () => 'closed',
      (error: { code: string }) => error.code,
    );
    process.stdout.write(`${closed}\n`);
  },
  /** Appends as many events as it is told through a sidecar, one after the other and at once, and prints their numbers. */
  async share() {
    const store = await openStore(directory, shared);
    process.stdout.write('open\n');
    for (let round = 0; round < Number(more); round++) {
      const first = store.append(`${process.pid} ${round} a`);
      const second = store.appendSync(`${process.pid} ${round} b`, { durability: 'os' });
      const third = store.append(`${process.pid} ${round} c`, { stream: 's', durability: 'os' });
      const batch = store.appendBatch([`${process.pid} ${round} d`, `${process.pid} ${round} e`]);
      // What was asked for before can be read, though nobody has waited for it.
      const read = [...store.replay({ from: second })].length;
      const numbers = [await first, second, await third, ...(await batch)];
      if (read < 4) throw new Error(`${read} events were read`);
      process.stdout.write(`${numbers.join()}\n`);
    }
    await store.close();
  },
  /** Does through a sidecar what each line of its input says, and prints the result. */
  async obey() {
    const store = await openStore(directory, shared);
    process.stdout.write('open\n');
    const orders: Record<string, () => unknown> = {
      append: () => store.append('told'),
      appendSync: () => store.appendSync('told'),
      save: async () => (await store.saveCheckpoint('state', Buffer.alloc(700_000, 's'))).seq,
      load: async () => (await store.loadCheckpoint('state'))?.length,
      prune: () => store.pruneSync(2).before,
      close: () => store.close(),
    };
    for await (const line of createInterface({ input: process.stdin })) {
      try {
        process.stdout.write(`${String(await orders[line]!())}\n`);
      } catch (error) {
        process.stdout.write(`${(error as { code: string }).code}\n`);
      }
    }
  },
};

// A full file size limit tells by a signal first.
process.on('SIGXFSZ', () => {});
void TASKS[what ?? '']!().catch((error: unknown) => {
  process.stdout.write(`${String(error)}\n`);
  process.exitCode = 1;
});
