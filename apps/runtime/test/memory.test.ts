import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { createRuntime, type Runtime } from '../src/index.js';
import { codeOf, makeWorkspace } from './workspace.js';

const NOTES = [
  'The build runs with pnpm, never with npm.',
  'parseConfig lives in src/config/parse.ts and throws ConfigError.',
  'The person wants tests beside the code.',
];

async function withRuntime<Result>(
  options: Parameters<typeof createRuntime>[0],
  work: (runtime: Runtime) => Promise<Result>,
): Promise<Result> {
  const runtime = createRuntime(options);
  try {
    return await work(runtime);
  } finally {
    await runtime.close();
  }
}

async function idsOf(runtime: Runtime, query: string, more: object = {}): Promise<string[]> {
  const answer = await runtime.call('recall', { query, ...more });
  if (!answer.ok) throw new Error(answer.message);
  return answer.data.notes.map(({ text }) => text);
}

async function rememberAll(runtime: Runtime): Promise<string[]> {
  const ids: string[] = [];
  for (const text of NOTES) {
    const answer = await runtime.call('remember', { text });
    if (!answer.ok) throw new Error(answer.message);
    ids.push(answer.data.id);
  }
  return ids;
}

describe.each(['native', 'fallback'] as const)('notes, %s', (engine) => {
  const engines = { vector: engine, storage: engine };

  test('are found by their words and by parts of names, with where they came from', async () => {
    const workspace = makeWorkspace();
    await withRuntime({ workspace, engines, session: 'first' }, async (runtime) => {
      await rememberAll(runtime);
      expect((await idsOf(runtime, 'which package manager builds: pnpm?'))[0]).toBe(NOTES[0]);
      expect((await idsOf(runtime, 'parse config'))[0]).toBe(NOTES[1]);
      expect(await idsOf(runtime, 'kubernetes')).toEqual([]);
      const answer = await runtime.call('recall', { query: 'pnpm' });
      expect(answer).toMatchObject({
        ok: true,
        data: {
          searched: 3,
          notes: [{ session: 'first', textScore: expect.any(Number), vectorScore: null }],
        },
        engines: { vector: engine === 'native' ? 'native' : 'js' },
      });
    });
  });

  test('are there in later processes and other sessions, and in this one as soon as another process wrote them', async () => {
    const workspace = makeWorkspace();
    await withRuntime({ workspace, engines, session: 'first' }, rememberAll);
    await withRuntime({ workspace, engines, session: 'second' }, async (runtime) => {
      expect(await idsOf(runtime, 'pnpm')).toEqual([NOTES[0]]);
      await withRuntime({ workspace, engines, session: 'third' }, async (other) => {
        await other.call('remember', { text: 'Releases go out on Tuesdays.' });
        expect(await idsOf(runtime, 'when do releases go out')).toEqual(['Releases go out on Tuesdays.']);
        expect(await idsOf(runtime, 'releases', { session: 'second' })).toEqual([]);
        expect(await idsOf(runtime, 'releases', { session: 'third' })).toHaveLength(1);
      });
    });
  });

  test('that were forgotten stay forgotten, also in other processes', async () => {
    const workspace = makeWorkspace();
    await withRuntime({ workspace, engines, session: 'first' }, async (runtime) => {
      const [id = ''] = await rememberAll(runtime);
      await withRuntime({ workspace, engines, session: 'second' }, async (other) => {
        expect(await other.call('forget', { id })).toMatchObject({ ok: true, data: { notes: 2 } });
        expect(await other.call('forget', { id })).toMatchObject({ ok: false, code: 'NOTE_UNKNOWN' });
      });
      expect(await idsOf(runtime, 'pnpm')).toEqual([]);
    });
    await withRuntime({ workspace, engines }, async (runtime) => {
      expect(await idsOf(runtime, 'pnpm')).toEqual([]);
      expect(await idsOf(runtime, 'parseConfig')).toEqual([NOTES[1]]);
    });
  });

  test('outlive the sessions that a configuration forgets', async () => {
    const workspace = makeWorkspace();
    await withRuntime({ workspace, engines, session: 'old' }, async (runtime) => {
      const [id = ''] = await rememberAll(runtime);
      await runtime.call('forget', { id });
    });
    const config = { sessions: { keepBytes: 1 } };
    await withRuntime({ workspace, engines, config, session: 'new' }, async (runtime) => {
      await runtime.call('count_tokens', { text: 'a' });
      expect((await runtime.sessions()).sessions.map(({ id }) => id)).toEqual(['new']);
      expect(await idsOf(runtime, 'parseConfig')).toEqual([NOTES[1]]);
      expect(await idsOf(runtime, 'pnpm')).toEqual([]);
    });
  });

  test('are found by meaning where the host can tell it, and narrowed by tags', async () => {
    const workspace = makeWorkspace();
    // Two meanings are enough: animals, and all else.
    const embed = (texts: string[]): Promise<Float32Array[]> =>
      Promise.resolve(texts.map((text) => new Float32Array(/cat|dog|pet/i.test(text) ? [1, 0] : [0, 1])));
    await withRuntime({ workspace, engines, embed }, async (runtime) => {
      await runtime.call('remember', { text: 'The office has a cat.', tags: ['office', 'life'] });
      await runtime.call('remember', { text: 'The office has a printer.', tags: ['office'] });
      const answer = await runtime.call('recall', { query: 'any pet?', limit: 1 });
      expect(answer).toMatchObject({
        ok: true,
        data: { notes: [{ text: 'The office has a cat.', textScore: null, vectorScore: 1 }] },
      });
      expect(await idsOf(runtime, 'office', { tags: ['office', 'life'] })).toEqual(['The office has a cat.']);
    });
  });
});

test('a note is on the disk when remember answers', () => {
  const workspace = makeWorkspace();
  const program = `
    import { createRuntime } from ${JSON.stringify(join(import.meta.dirname, '..', 'dist', 'index.js'))};
    const runtime = createRuntime({ workspace: ${JSON.stringify(workspace)} });
    const { ok } = await runtime.call('remember', { text: 'survives' });
    process.stdout.write(String(ok));
    process.kill(process.pid, 'SIGKILL');`;
  let said = '';
  try {
    execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  } catch (error) {
    said = String((error as { stdout: Buffer }).stdout);
  }
  expect(said).toBe('true');
  return withRuntime({ workspace }, async (runtime) => {
    expect(await idsOf(runtime, 'what survives?')).toEqual(['survives']);
  });
});

test('secrets of the environment are masked, and an embedding function that fails says so', async () => {
  process.env['FISHPLATE_TEST_API_KEY'] = 'sk-0123456789abcdef';
  try {
    await withRuntime({ workspace: makeWorkspace() }, async (runtime) => {
      await runtime.call('remember', { text: 'the key is sk-0123456789abcdef' });
      expect((await idsOf(runtime, 'key'))[0]).toBe('the key is [masked: FISHPLATE_TEST_API_KEY]');
    });
  } finally {
    delete process.env['FISHPLATE_TEST_API_KEY'];
  }
  const workspace = makeWorkspace();
  const embed = (): Promise<never> => Promise.reject(new Error('no model'));
  await withRuntime({ workspace, embed }, async (runtime) => {
    expect(await runtime.call('remember', { text: 'kept all the same' })).toMatchObject({ ok: true });
    expect(await codeOf(() => runtime.call('recall', { query: 'kept' }))).toBe('EMBEDDING_FAILED');
  });
  await withRuntime({ workspace }, async (runtime) => {
    expect(await idsOf(runtime, 'kept')).toEqual(['kept all the same']);
  });
});

test('runtimes that are open together see what the other notes and forgets, each time', async () => {
  const workspace = makeWorkspace();
  await withRuntime({ workspace }, (one) =>
    withRuntime({ workspace }, async (other) => {
      await one.call('remember', { text: 'a fact of the one' });
      for (let count = 1; count <= 3; count += 1) {
        await other.call('remember', { text: `fact ${count} of the other` });
        expect(await idsOf(one, 'fact')).toHaveLength(count + 1);
      }
      const kept = await other.call('recall', { query: 'fact' });
      if (!kept.ok) throw new Error(kept.message);
      for (const [at, { id }] of kept.data.notes.entries()) {
        expect(await other.call('forget', { id })).toMatchObject({ ok: true });
        expect(await idsOf(one, 'fact')).toHaveLength(3 - at);
      }
    }),
  );
});
