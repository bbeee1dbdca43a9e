import * as fc from 'fast-check';

import type { Store } from '../src/store';
import { type Durability, openStore } from '../src';
import { type Engine, ENGINES, newDirectory } from './support';

jest.setTimeout(300_000);

const RUNS = Number(process.env['FISHPLATE_RUNS'] ?? 60);

/** What a store should hold. */
interface Model {
  events: { seq: number; stream: string; data: string }[];
  last: number;
  before: number;
  checkpoints: Map<string, { state: string; metadata: unknown; seq: number }>;
  branches: Map<string, { parent: string; from: number }>;
}

type Step = (store: Store, model: Model) => Promise<void>;
type Named = { readonly name: string; readonly run: Step };

const named = (name: string, run: Step): Named => ({ name, run });
const STREAM = fc.constantFrom('', 'a', 'b', 'ünïcode');
const TEXT = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.nat(9000).map((size) => 'x'.repeat(size)),
);
const DURABILITY = fc.constantFrom<Durability[]>('memory', 'os', 'group', 'sync');

function note(model: Model, seqs: readonly number[], stream: string, texts: readonly string[]): void {
  for (const [index, data] of texts.entries()) {
    expect(seqs[index]).toBe(model.last + 1);
    model.last++;
    model.events.push({ seq: model.last, stream, data });
  }
}

const STEP: fc.Arbitrary<Named> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.array(TEXT, { minLength: 1, maxLength: 8 }), STREAM, DURABILITY)
      .map(([texts, stream, durability]) =>
        named(`append ${texts.length} ${durability}`, async (store, model) => {
          const seqs = await Promise.all(texts.map((text) => store.append(text, { stream, durability })));
          note(model, seqs, stream, texts);
        }),
      ),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(TEXT, STREAM, fc.constantFrom('memory' as const, 'os' as const, 'sync' as const))
      .map(([text, stream, durability]) =>
        named(`appendSync ${durability}`, (store, model) => {
          note(model, [store.appendSync(Buffer.from(text), { stream, durability })], stream, [text]);
          return Promise.resolve();
        }),
      ),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.array(TEXT, { maxLength: 6 }), STREAM, DURABILITY)
      .map(([texts, stream, durability]) =>
        named(`batch ${texts.length}`, async (store, model) => {
          note(model, await store.appendBatch(texts, { stream, durability }), stream, texts);
        }),
      ),
  },
  {
    weight: 2,
    arbitrary: fc.double({ min: 0, max: 1.1, noNaN: true }).map((share) =>
      named('prune', async (store, model) => {
        const before = Math.floor(share * (model.last + 1));
        const report = await store.prune(before);
        model.before = Math.max(model.before, Math.min(before, model.last + 1));
        model.events = model.events.filter(({ seq }) => seq >= model.before);
        expect(report.before).toBe(model.before);
      }),
    ),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.constantFrom('x', 'y', 'z', 'w'),
        fc.option(fc.constantFrom('x', 'y', 'z', 'w')),
        fc.nat(120_000),
        fc.nat(3),
      )
      .map(([id, base, size, kind]) =>
        named(`save ${id} on ${base} ${size}`, async (store, model) => {
          const wanted = base !== null && model.checkpoints.has(base) ? base : undefined;
          const old = wanted === undefined ? '' : model.checkpoints.get(wanted)!.state;
          // Grown at the end, changed in the middle, or something else.
          const grown = [
            `${old}${'g'.repeat(size % 500)}`,
            `${old.slice(0, size)}!${old.slice(size)}`,
            `${size}`.repeat(size % 30_000),
          ];
          const state = grown[kind % 3]!.slice(0, 400_000);
          const metadata = { size };
          await store.saveCheckpoint(id, Buffer.from(state), {
            metadata,
            ...(wanted === undefined ? {} : { base: wanted }),
          });
          model.checkpoints.set(id, { state, metadata, seq: model.last });
        }),
      ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('x', 'y', 'z').map((id) =>
      named(`delete ${id}`, async (store, model) => {
        expect(await store.deleteCheckpoint(id)).toBe(model.checkpoints.delete(id));
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(STREAM, fc.double({ min: 0, max: 1, noNaN: true })).map(([parent, share]) =>
      named('branch', async (store, model) => {
        const from = Math.max(model.before - 1, Math.floor(share * model.last));
        const { stream } = await store.branch(from, { parent });
        model.branches.set(stream, { parent, from });
        note(model, [await store.append('of the branch', { stream })], stream, ['of the branch']);
      }),
    ),
  },
  { weight: 1, arbitrary: fc.constant(named('flush', (store) => store.flush())) },
);

function wanted(model: Model, stream: string): string[] {
  const limits = new Map([[stream, Number.POSITIVE_INFINITY]]);
  let limit = Number.POSITIVE_INFINITY;
  for (let branch = model.branches.get(stream); branch; branch = model.branches.get(branch.parent)) {
    limit = Math.min(limit, branch.from);
    limits.set(branch.parent, limit);
  }
  return model.events
    .filter((event) => event.seq <= (limits.get(event.stream) ?? -1))
    .map(({ data }) => data);
}

async function check(store: Store, model: Model, deep: boolean): Promise<void> {
  const events = [...store.replay()].map(({ seq, stream, data }) => ({ seq, stream, data: data.toString() }));
  expect(events).toEqual(model.events);
  expect(store.stats().lastSeq).toBe(model.last);
  const ids = store.listCheckpoints().map(({ id, seq, metadata }) => ({ id, seq, metadata }));
  const known = [...model.checkpoints].sort(([a], [b]) => (a < b ? -1 : 1));
  expect(ids).toEqual(known.map(([id, { seq, metadata }]) => ({ id, seq, metadata })));
  if (!deep) return;
  for (const [id, { state }] of known)
    expect((await store.loadCheckpoint(id))?.toString() === state).toBe(true);
  for (const stream of ['', 'a', ...model.branches.keys()]) {
    expect([...store.replay({ stream })].map(({ data }) => data.toString())).toEqual(wanted(model, stream));
    expect(store.timeline(stream).filter(({ type }) => type === 'event')).toHaveLength(
      wanted(model, stream).length,
    );
  }
  expect((await store.verify()).problems).toEqual([]);
}

async function play(rounds: readonly (readonly [Engine, readonly Named[]])[]): Promise<void> {
  const directory = newDirectory();
  const model: Model = { events: [], last: 0, before: 1, checkpoints: new Map(), branches: new Map() };
  for (const [engine, steps] of rounds) {
    const store = await openStore(directory, { engine, segmentBytes: 16_384 });
    try {
      expect(store.openReport).toMatchObject({ droppedBytes: 0, reason: null, recoveredTo: model.last });
      await check(store, model, true);
      for (const { run } of steps) {
        await run(store, model);
        await check(store, model, false);
      }
      await check(store, model, true);
    } finally {
      await store.close();
    }
    for (const reader of ENGINES) {
      const beside = await openStore(directory, { engine: reader, readOnly: true });
      await check(beside, model, true);
      await beside.close();
    }
  }
}

test('any calls by engines that take turns on one store equal a simple model', async () => {
  const engine = fc.constantFrom(...ENGINES);
  const round = fc.tuple(
    engine,
    fc.array(
      STEP.map((step) => ({ ...step, toString: () => step.name })),
      { maxLength: 8 },
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 5 }), (rounds) => play(rounds)),
    { numRuns: RUNS, seed: Number(process.env['FISHPLATE_SEED'] ?? 1), endOnFailure: false },
  );
});

test.each(ENGINES)(
  '%s: many appends under way at once get numbers in the order of their calls',
  async (engine) => {
    const store = await openStore(newDirectory(), { engine });
    const levels = ['memory', 'os', 'group', 'sync'] as const;
    const calls = Array.from({ length: 500 }, (_, index) =>
      store.append(String(index), { durability: levels[index % 4]!, stream: `s${index % 3}` }),
    );
    const between = store.appendSync('between');
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
    expect(between).toBe(501);
    expect([...store.replay({ to: 500 })].map(({ data }) => Number(data))).toEqual(
      Array.from({ length: 500 }, (_, i) => i),
    );
    await store.close();
  },
);

test.each(ENGINES)(
  '%s: the last of several saves that were not awaited is the one that stays',
  async (engine) => {
    const directory = newDirectory();
    const store = await openStore(directory, { engine });
    const saves = Array.from({ length: 20 }, (_, index) =>
      store.saveCheckpoint('c', Buffer.from(String(index))),
    );
    expect((await store.loadCheckpoint('c'))?.toString()).toBe('19');
    await Promise.all(saves);
    await store.close();
  },
);
