import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';

import { createRuntime, type RuntimeOptions } from '../src/index.js';
import { forgettable, type SessionExtent } from '../src/session/retention.js';
import { codeOf, makeWorkspace } from './workspace.js';

const DAY = 86_400_000;
const NOW = 1000 * DAY;

/** A log of events that belong to sessions, and what each session takes of it. */
function extentsOf(log: readonly { id: string; bytes: number; age: number }[]): SessionExtent[] {
  const extents = new Map<string, SessionExtent>();
  // A log's times rise.
  const ages = log.map(({ age }) => age).sort((left, right) => right - left);
  for (const [index, { id, bytes }] of log.entries()) {
    const known = extents.get(id);
    const time = NOW - ages[index]! * DAY;
    const first = known?.first ?? index + 1;
    extents.set(id, { id, first, last: index + 1, time, bytes: (known?.bytes ?? 0) + bytes });
  }
  return [...extents.values()];
}

test('of any log what goes is whole, neither open nor young, and no more than it has to be', () => {
  const event = fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    bytes: fc.integer({ min: 1, max: 50 }),
    age: fc.integer({ min: 0, max: 20 }),
  });
  const budget = fc.option(fc.integer({ min: 1, max: 300 }), { nil: undefined });
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 30 }),
      fc.subarray(['a', 'b', 'c']),
      budget,
      budget,
      (...given) => {
        const [log, open, keepDays, keepBytes] = given;
        const extents = extentsOf(log);
        const { before, ids } = forgettable(extents, (id) => open.includes(id), { keepDays, keepBytes }, NOW);
        const total = extents.reduce((sum, { bytes }) => sum + bytes, 0);
        for (const [index, { id }] of log.entries()) expect(index + 1 < before).toBe(ids.includes(id));
        for (const { id, time, bytes } of extents.filter((session) => ids.includes(session.id))) {
          expect(open).not.toContain(id);
          const isOld = keepDays !== undefined && time < NOW - keepDays * DAY;
          expect(isOld || (keepBytes !== undefined && total > keepBytes)).toBe(true);
          expect(bytes).toBeGreaterThan(0);
        }
        if (keepDays === undefined && (keepBytes ?? total) >= total) expect(ids).toEqual([]);
      },
    ),
    { numRuns: 500 },
  );
});

test('the oldest go first, only as many as the budget asks for, and a session that was gone on with holds what is younger', () => {
  const extent = (id: string, first: number, last: number, age: number): SessionExtent => {
    return { id, first, last, time: NOW - age * DAY, bytes: 10 };
  };
  const apart = [extent('a', 1, 3, 9), extent('b', 4, 6, 5), extent('c', 7, 9, 1)];
  const none = (): boolean => false;
  const keep = (keepDays?: number, keepBytes?: number) => ({ keepDays, keepBytes });
  expect(forgettable(apart, none, keep(4), NOW)).toEqual({ before: 7, ids: ['a', 'b'] });
  expect(forgettable(apart, none, keep(undefined, 20), NOW)).toEqual({ before: 4, ids: ['a'] });
  expect(forgettable(apart, (id) => id === 'a', keep(4), NOW)).toEqual({ before: 0, ids: [] });
  const gone = [extent('a', 1, 8, 1), extent('b', 4, 6, 5), extent('c', 7, 9, 1)];
  expect(forgettable(gone, none, keep(4), NOW)).toEqual({ before: 0, ids: [] });
});

test('a runtime forgets old sessions when it opens their journal, says which, and keeps those that are open', async () => {
  const root = makeWorkspace({ 'a.txt': 'one\n' });
  const warnings: unknown[] = [];
  const logger = { debug() {}, info() {}, error() {}, warn: (fields: object) => warnings.push(fields) };
  const open = (options: RuntimeOptions) => createRuntime({ workspace: root, logger, ...options });
  const edit = { path: 'a.txt', edits: [{ search: 'one', replace: 'two' }] };
  const first = open({ session: 'old' });
  await first.call('edit_file', edit);
  await first.session('other').call('list_files', {});
  await first.close();
  const kept = open({ session: 'old', config: { sessions: { keepBytes: 1 } } });
  expect(await kept.call('diff', {})).toMatchObject({ ok: true, data: { added: 1 } });
  await kept.close();
  expect(warnings).toEqual([]);
  const second = open({ session: 'new', config: { sessions: { keepBytes: 1 } } });
  await second.call('list_files', {});
  expect((await second.sessions()).sessions.map(({ id }) => id)).toEqual(['new']);
  expect(warnings).toEqual([
    {
      sessions: expect.arrayContaining([
        { id: 'old', steps: 1 },
        { id: 'other', steps: 0 },
      ]) as object[],
    },
  ]);
  expect(await second.session('old').call('undo', {})).toMatchObject({ code: 'NOTHING_TO_UNDO' });
  await second.close();
});

test('the file of a workspace may not have sessions forgotten', async () => {
  const root = makeWorkspace();
  const file = { sessions: { keepDays: 1 } };
  writeFileSync(join(root, 'fishplate.config.json'), JSON.stringify(file));
  expect(await codeOf(() => createRuntime({ workspace: root }))).toBe('CONFIG_UNTRUSTED');
  await createRuntime({ workspace: root, trustWorkspace: true }).close();
});
