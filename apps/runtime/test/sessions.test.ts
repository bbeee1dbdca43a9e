import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { openStore } from '@fishplate/storage';

import { createRuntime, type Runtime, type RuntimeOptions } from '../src/index.js';
import { git, makeWorkspace } from './workspace.js';

const FILES = { 'a.txt': 'one\n', 'b.txt': 'b\n' };
const edit = (search: string, replace: string, path = 'a.txt') => ({ path, edits: [{ search, replace }] });
const read = (root: string, path = 'a.txt'): string => readFileSync(join(root, path), 'utf8');
const open = (root: string, options: RuntimeOptions = {}): Runtime =>
  createRuntime({ workspace: root, ...options });

describe.each([
  ['native', 'native'],
  ['fallback', 'fallback'],
  ['native', 'fallback'],
] as const)('written by %s, read by %s', (first, second) => {
  test('a session goes on in another process: timeline, steps, messages and checkpoints', async () => {
    const root = makeWorkspace(FILES);
    const before = open(root, { session: 'work', engines: { storage: first } });
    await before.main.record({ role: 'user', content: 'do it' });
    await before.call('edit_file', edit('one', 'two'));
    await before.call('checkpoint', { label: 'x' });
    await before.call('edit_file', edit('two', 'three'));
    await before.close();
    const after = open(root, { session: 'work', engines: { storage: second } });
    expect((await after.main.timeline()).map(({ tool, status }) => `${tool} ${status}`)).toEqual([
      'edit_file ok',
      'checkpoint ok',
      'edit_file ok',
    ]);
    expect(await after.main.messages()).toEqual([{ role: 'user', content: 'do it' }]);
    expect(await after.call('diff', {})).toMatchObject({ data: { added: 1, removed: 1 } });
    expect(await after.call('edit_file', edit('three', 'four'))).toMatchObject({ step: 3 });
    expect(await after.call('restore', { checkpoint: 'cp-1' })).toMatchObject({ ok: true });
    expect(read(root)).toBe('two\n');
    await after.call('undo', {});
    expect(read(root)).toBe('one\n');
    await after.close();
  });
});

test('git sees nothing of it, and no file of git or of the user is changed for that', async () => {
  const root = makeWorkspace(FILES);
  git(root, ['init', '-q']);
  git(root, ['add', '.']);
  git(root, ['commit', '-q', '-m', 'x']);
  const exclude = readFileSync(join(root, '.git/info/exclude'), 'utf8');
  const runtime = open(root);
  const listed = await runtime.call('list_files', {});
  expect(listed).toMatchObject({ data: { files: ['a.txt', 'b.txt'] } });
  await runtime.close();
  expect(git(root, ['status', '--porcelain'])).toBe('');
  expect(readFileSync(join(root, '.git/info/exclude'), 'utf8')).toBe(exclude);
});

test('a call with the key of one that ended is not made again, also in a later process', async () => {
  const root = makeWorkspace(FILES);
  const first = open(root, { session: 's' });
  const options = { idempotencyKey: 'k1' };
  const [one, same] = await Promise.all([
    first.call('edit_file', edit('one', 'two'), options),
    first.call('edit_file', edit('one', 'two'), options),
  ]);
  expect([one.replayed, same.replayed, same.callId === one.callId]).toEqual([undefined, true, true]);
  await first.close();
  const second = open(root, { session: 's' });
  const again = await second.call('edit_file', edit('one', 'two'), options);
  expect(again).toMatchObject({ ok: true, step: 1, replayed: true, text: one.text, callId: one.callId });
  expect(read(root)).toBe('two\n');
  await expect(second.call('edit_file', edit('two', 'three'), options)).rejects.toMatchObject({
    code: 'IDEMPOTENCY_KEY_REUSED',
  });
  // One that threw has changed nothing, and is made again.
  const bad = { path: '../x' };
  await expect(second.call('read_file', bad, { idempotencyKey: 'k2' })).rejects.toMatchObject({
    code: 'PATH_OUTSIDE',
  });
  await expect(second.call('read_file', bad, { idempotencyKey: 'k2' })).rejects.toMatchObject({
    code: 'PATH_OUTSIDE',
  });
  await second.close();
});

test('ten sessions at once on one store keep apart', async () => {
  const files = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`f${index}.txt`, 'old\n']));
  const root = makeWorkspace(files);
  const runtime = open(root);
  const sessions = Array.from({ length: 10 }, (_, index) => runtime.session(`s${index}`));
  await Promise.all(
    sessions.map(async (session, index) => {
      const path = `f${index}.txt`;
      for (const word of ['a', 'b', 'c'])
        await session.call('edit_file', edit(read(root, path).trim(), word, path));
      if (index % 2 === 0) await session.call('undo', { steps: 2 });
    }),
  );
  for (let index = 0; index < 10; index += 1)
    expect(read(root, `f${index}.txt`)).toBe(index % 2 === 0 ? 'a\n' : 'c\n');
  const { sessions: listed } = await runtime.sessions();
  expect(listed.map(({ id, steps, calls }) => `${id} ${steps} ${calls}`).sort()).toEqual(
    sessions.map(({ id }, index) => `${id} ${index % 2 === 0 ? '1 4' : '3 3'}`).sort(),
  );
  expect(existsSync(join(root, '.fishplate/journal-2'))).toBe(false);
  await runtime.close();
});

test('two processes work at once; a session that one has open is refused to the other, by its name', async () => {
  const root = makeWorkspace(FILES);
  const [left, right] = [open(root, { session: 'left' }), open(root, { session: 'right' })];
  await left.call('edit_file', edit('one', 'two'));
  await right.call('edit_file', edit('b', 'B', 'b.txt'));
  await expect(right.session('left').call('undo', {})).rejects.toMatchObject({
    code: 'SESSION_BUSY',
    details: { session: 'left', pid: process.pid },
  });
  expect((await right.sessions()).sessions.map(({ id, openIn }) => [id, openIn])).toEqual([
    ['right', process.pid],
    ['left', process.pid],
  ]);
  await left.close();
  expect(await right.session('left').call('undo', {})).toMatchObject({ ok: true });
  expect([read(root), read(root, 'b.txt')]).toEqual(['one\n', 'B\n']);
  await right.close();
});

test('a session in a damaged journal goes on with what can be salvaged, and no second one is made in its place', async () => {
  const root = makeWorkspace(FILES);
  const [first, second] = [open(root, { session: 'a' }), open(root, { session: 'b' })];
  await first.call('list_files', {});
  await second.call('edit_file', edit('one', 'two'));
  await Promise.all([first.close(), second.close()]);
  const segment = join(root, '.fishplate/journal-2/store/log/0000000000000001.seg');
  const bytes = readFileSync(segment);
  const at = bytes.indexOf('"type":"session"');
  bytes[at] = bytes[at]! ^ 1;
  writeFileSync(segment, bytes);
  const third = open(root, { session: 'b' });
  expect(await third.call('undo', {})).toMatchObject({ ok: true });
  expect(read(root)).toBe('one\n');
  expect((await third.sessions()).sessions.map(({ id }) => id).sort()).toEqual(['a', 'b']);
  await third.close();
});

test('secrets of the environment are neither logged nor recorded', async () => {
  const secret = 'sk-very-secret-0123456789';
  process.env['FISHPLATE_TEST_API_KEY'] = secret;
  try {
    const root = makeWorkspace(FILES);
    const logged: string[] = [];
    const log = (fields: object, message: string): void =>
      void logged.push(JSON.stringify([fields, message]));
    const logger = { debug: log, info: log, warn: log, error: log };
    const runtime = open(root, { session: 's', logger, config: { limits: { maxFileBytes: 1 << 20 } } });
    await runtime.call('edit_file', edit('one', secret), { idempotencyKey: 'k' });
    await runtime.call('read_file', { path: secret });
    await runtime.main.record({ content: `the key is ${secret}` });
    expect(JSON.stringify(await runtime.main.messages())).toContain(secret);
    await runtime.close();
    expect(logged.length).toBeGreaterThan(1);
    expect(logged.join('')).not.toContain(secret);
    const found = execFileSync('grep', ['-rlaF', secret, join(root, '.fishplate'), '--exclude-dir=objects'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    expect(found).toBe('');
  } catch (error) {
    // grep ends with 1 where it finds nothing.
    if ((error as { status?: number }).status !== 1) throw error;
  } finally {
    delete process.env['FISHPLATE_TEST_API_KEY'];
  }
});

test('a log survives a bad line, U+2028 and lone surrogates', async () => {
  const root = makeWorkspace({ 'a.txt': 'one\u2028\n' });
  const first = open(root, { session: 's' });
  await first.main.record('\u2028\ud800');
  await first.call('edit_file', edit('one\u2028', 'two'));
  await first.close();
  const store = await openStore(join(root, '.fishplate/journal-1/store'));
  for (const bad of ['{"type":"step","number":', '{"type":"later"}', '\u0000']) {
    await store.append(bad, { stream: 'session/s' });
  }
  await store.close();
  const warned: object[] = [];
  const quiet = (): void => undefined;
  const logger = {
    debug: quiet,
    info: quiet,
    warn: (fields: object) => void warned.push(fields),
    error: quiet,
  };
  const second = open(root, { session: 's', logger });
  expect(await second.call('undo', {})).toMatchObject({ ok: true });
  expect(read(root)).toBe('one\u2028\n');
  expect(await second.main.messages()).toEqual(['\u2028\ud800']);
  expect(warned).toContainEqual({ session: 's', records: 3 });
  await second.close();
});

test('a content that is damaged or gone is told, and nothing is changed', async () => {
  const root = makeWorkspace(FILES);
  const runtime = open(root);
  await runtime.call('apply_patch', {
    patch:
      '--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+two\n--- a/b.txt\n+++ b/b.txt\n@@ -1 +1 @@\n-b\n+B\n',
  });
  const objects = join(root, '.fishplate/journal-1/objects');
  const stored = execFileSync('find', [objects, '-type', 'f'], { encoding: 'utf8' }).trim().split('\n');
  const old = stored.find((path) => readFileSync(path, 'utf8') === 'one\n')!;
  writeFileSync(old, 'oNe\n');
  await expect(runtime.call('undo', {})).rejects.toMatchObject({ code: 'PREIMAGE_LOST' });
  rmSync(old);
  await expect(runtime.call('undo', {})).rejects.toMatchObject({ code: 'PREIMAGE_LOST' });
  expect([read(root), read(root, 'b.txt')]).toEqual(['two\n', 'B\n']);
  await runtime.close();
});

test.each(['native', 'fallback'] as const)(
  'of many that begin a session of one id at the same moment, one has it: %s',
  async (storage) => {
    const root = makeWorkspace(FILES);
    const runtimes = Array.from({ length: 6 }, () => open(root, { session: 'race', engines: { storage } }));
    const outcomes = await Promise.all(
      runtimes.map((runtime) =>
        runtime.call('list_files', {}).then(
          ({ ok }) => String(ok),
          (error: { code: string }) => error.code,
        ),
      ),
    );
    expect(outcomes.sort()).toEqual([...Array.from({ length: 5 }, () => 'SESSION_BUSY'), 'true']);
    expect((await runtimes[0]!.sessions()).sessions).toMatchObject([{ id: 'race', calls: 1 }]);
    await Promise.all(runtimes.map((runtime) => runtime.close()));
    const after = open(root, { session: 'race' });
    expect(await after.main.timeline()).toHaveLength(1);
    await after.close();
  },
);
