import { type AgentCheckpoint, createCheckpointStorage, createEventLog } from '../src';
import { codeOf, ENGINES, newDirectory, withStore } from './support';

function checkpoint(id: string, more: Partial<AgentCheckpoint> = {}): AgentCheckpoint {
  return {
    id,
    version: 1,
    createdAt: new Date(1_700_000_000_000),
    task: { goal: 'write', files: ['a.ts'] },
    agentType: 'coder',
    agentId: 'agent-1',
    status: 'running',
    messages: Array.from({ length: 200 }, (_, index) => ({
      role: 'user',
      content: `message ${index} 🐟 \ud800`,
    })),
    pendingToolCalls: [],
    completedToolCalls: [{ name: 'read', result: null }],
    currentStep: 3,
    maxSteps: 10,
    metadata: { nested: { deep: [1, 2.5, -0.1] } },
    childCheckpointIds: [],
    ...more,
  };
}

describe.each(ENGINES)('%s', (engine) => {
  test('checkpoints of agents come back by value, stored as differences where the engine finds them', async () => {
    const directory = newDirectory();
    const first = checkpoint('one');
    const messages = [...first.messages, { role: 'assistant', content: 'done' }];
    const second = checkpoint('two', {
      parentCheckpointId: 'one',
      messages,
      createdAt: '2024-01-01T00:00:00.000Z',
      status: 'done',
    });
    const third = checkpoint('three', {
      agentId: 'agent-2',
      createdAt: 1_600_000_000_000,
      error: { message: 'no' },
    });
    await withStore(directory, engine, async (store) => {
      const storage = createCheckpointStorage(store);
      for (const it of [first, second, third]) await storage.save(it);
      const infos = store.listCheckpoints();
      const child = infos.find(({ id }) => id === 'agent/two');
      // The fallback finds what is the same at both ends alone: of this pair too little.
      expect(child?.base).toBe(engine === 'native' ? 'agent/one' : null);
    });
    const other = ENGINES.find((name) => name !== engine)!;
    await withStore(directory, other, async (store) => {
      const storage = createCheckpointStorage(store);
      expect(await storage.load('one')).toEqual(first);
      expect(await storage.load('two')).toEqual(second);
      expect(await storage.load('three')).toEqual(third);
      expect(await storage.load('four')).toBeNull();
      expect((await storage.list()).map(({ id }) => id)).toEqual(['two', 'one', 'three']);
      expect((await storage.list({ agentId: 'agent-1', limit: 1 })).map(({ id }) => id)).toEqual(['two']);
      expect(storage.summaries({ status: 'done' })).toMatchObject([
        { id: 'two', createdAt: '2024-01-01T00:00:00.000Z' },
      ]);
      expect(await storage.prune(new Date('2020-12-01'))).toBe(1);
      expect(await storage.delete('one')).toBe(true);
      expect(await storage.delete('one')).toBe(false);
      expect(await storage.load('two')).toEqual(second);
      expect(await codeOf(() => storage.save(checkpoint('', {})))).toBe('INPUT_INVALID');
      expect(await codeOf(() => storage.save(checkpoint('x', { createdAt: 'yesterday' })))).toBe(
        'INPUT_INVALID',
      );
      expect(await codeOf(() => storage.save(checkpoint('x', { metadata: 1n })))).toBe('INPUT_INVALID');
    });
  });

  test("an event log keeps its caller's sequence ids, also over gaps, prunes and new handles", async () => {
    const directory = newDirectory();
    await withStore(directory, engine, async (store) => {
      await store.append('of somebody else');
      const log = createEventLog(store);
      expect(log.lastSequenceId).toBeNull();
      expect(log.append({ type: 'start' })).toBe(1);
      expect(log.append({ type: 'jump', sequenceId: 100 })).toBe(100);
      for (let index = 0; index < 1000; index++) expect(log.append({ index })).toBe(101 + index);
      expect(() => log.append({ sequenceId: 100 })).toThrow(
        expect.objectContaining({ code: 'EVENT_OUT_OF_ORDER' }),
      );
      expect(log.replay(0, 2)).toEqual([
        { type: 'start', sequenceId: 1 },
        { type: 'jump', sequenceId: 100 },
      ]);
      expect(log.replay(900, 3).map(({ sequenceId }) => sequenceId)).toEqual([900, 901, 902]);
      expect(log.prune(500)).toBe(401);
      expect(log.replay(0, 1)).toEqual([{ index: 399, sequenceId: 500 }]);
      expect([...store.replay({ limit: 1 })][0]?.data.toString()).toBe('of somebody else');
    });
    const other = ENGINES.find((name) => name !== engine)!;
    await withStore(directory, other, (store) => {
      const log = createEventLog(store);
      expect(log.lastSequenceId).toBe(1100);
      expect(log.replay().length).toBe(601);
      expect(log.prune(2000)).toBe(601);
      expect(log.replay()).toEqual([]);
    });
    await withStore(directory, engine, (store) => {
      const log = createEventLog(store);
      expect(log.append({ after: true })).toBe(1101);
      expect(log.replay()).toEqual([{ after: true, sequenceId: 1101 }]);
    });
  });

  test('an event log alone in its store frees what it prunes', async () => {
    await withStore(
      newDirectory(),
      engine,
      (store) => {
        const log = createEventLog(store, { stream: 'graph', durability: 'memory' });
        for (let index = 0; index < 2000; index++) log.append({ index, text: 'x'.repeat(50) });
        const before = store.stats().segments;
        log.prune(1900);
        expect(store.stats().segments).toBeLessThan(before / 2);
        expect(log.replay().length).toBe(101);
        expect(log.append({})).toBe(2001);
      },
      { segmentBytes: 16_384 },
    );
  });
});
