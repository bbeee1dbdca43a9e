import { join } from 'node:path';

import { z } from 'zod';

import { createRuntime, FishplateError } from '../src/index.js';
import { codeOf, makeWorkspace } from './workspace.js';

const FILES = { 'a.txt': 'one\ntwo\nthree\n', empty: '', 'long.txt': `${'x'.repeat(100)}\n`.repeat(100) };
const open = (config: object = {}) => createRuntime({ workspace: makeWorkspace(FILES), config });

test('offers the tools in the one shape, each callable by itself', async () => {
  const runtime = open();
  expect(runtime.tools.map(({ name }) => name)).toEqual([
    'list_files',
    'read_file',
    'edit_file',
    'apply_patch',
    'diff',
    'undo',
    'search_symbols',
    'outline',
    'repo_map',
    'checkpoint',
    'restore',
    'timeline',
    'count_tokens',
    'compact_context',
    'remember',
    'recall',
    'forget',
    'run_command',
    'read_output',
    'start_job',
    'poll_job',
    'kill_job',
  ]);
  for (const { annotations, description, inputSchema } of runtime.tools) {
    expect(Object.keys(annotations).sort()).toEqual([
      'destructiveHint',
      'idempotentHint',
      'openWorldHint',
      'readOnlyHint',
    ]);
    expect(description.length).toBeGreaterThan(40);
    expect(z.toJSONSchema(inputSchema)).toMatchObject({ type: 'object', additionalProperties: false });
  }
  const list = runtime.tools.find(({ name }) => name === 'list_files')!;
  expect(await list.execute({})).toMatchObject({ ok: true, data: { total: 3 } });
});

test('answers data that its schemas describe', async () => {
  const runtime = open();
  const calls: [string, object][] = [
    ['list_files', {}],
    ['read_file', { path: 'a.txt' }],
    ['edit_file', { path: 'a.txt', edits: [{ search: 'one', replace: '1' }] }],
    ['apply_patch', { patch: '--- /dev/null\n+++ b/n\n@@ -0,0 +1 @@\n+n\n' }],
    ['diff', {}],
    ['undo', {}],
  ];
  for (const [name, input] of calls) {
    const result = await runtime.call(name, input);
    const tool = runtime.tools.find((candidate) => candidate.name === name)!;
    if (!result.ok) throw new Error(result.text);
    expect(z.strictObject(tool.dataSchema.shape).parse(result.data)).toEqual(result.data);
    expect(result.engines).not.toEqual({});
  }
});

describe('read_file', () => {
  test('answers lines', async () => {
    const runtime = open();
    const lines = { path: 'a.txt', startLine: 2, endLine: 2 };
    expect(await runtime.call('read_file', lines)).toMatchObject({
      data: { text: 'two\n', endLine: 2, totalLines: 3 },
    });
    expect(await runtime.call('read_file', { path: 'empty' })).toMatchObject({
      data: { text: '', endLine: 0, totalLines: 0 },
    });
    expect(await runtime.call('read_file', { path: 'a.txt', startLine: 4 })).toMatchObject({
      code: 'LINE_OUT_OF_RANGE',
    });
    expect(await runtime.call('read_file', { path: 'none' })).toMatchObject({
      ok: false,
      code: 'FILE_NOT_FOUND',
    });
  });

  test('keeps to maxTokens and to the limit, and says where to go on', async () => {
    const runtime = open({ limits: { maxReadBytes: 1010 } });
    expect(await runtime.call('read_file', { path: 'long.txt' })).toMatchObject({
      data: { endLine: 10, nextLine: 11 },
    });
    const little = await runtime.call('read_file', { path: 'long.txt', maxTokens: 10 });
    expect(little).toMatchObject({ data: { lineCut: true, endLine: 1, nextLine: 2 } });
    if (little.ok) expect(little.data.tokens.count).toBeLessThanOrEqual(10);
  });
});

test('pages through long listings', async () => {
  const runtime = open({ limits: { maxListedFiles: 2 } });
  expect(await runtime.call('list_files', {})).toMatchObject({
    data: { files: ['a.txt', 'empty'], next: 'empty', total: 3 },
  });
  const last = await runtime.call('list_files', { after: 'empty' });
  expect(last).toMatchObject({ ok: true, data: { files: ['long.txt'] } });
  if (last.ok) expect(last.data.next).toBeUndefined();
});

describe('hostile input', () => {
  const deep = (): object => {
    let value: object = {};
    for (let depth = 0; depth < 100_000; depth += 1) value = { value };
    return value;
  };
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  test.each([
    ['a missing field', {}, 'INPUT_INVALID'],
    ['an unknown field', { path: 'a.txt', pth: 1 }, 'INPUT_INVALID'],
    ['another type', { path: 7 }, 'INPUT_INVALID'],
    ['no object', 'a.txt', 'INPUT_INVALID'],
    ['null', null, 'INPUT_INVALID'],
    ['a huge string', { path: 'x'.repeat(10_000_000) }, 'INPUT_TOO_LARGE'],
    ['many values', { path: Array(5_000_000).fill(0) }, 'INPUT_TOO_LARGE'],
    ['deep nesting', { path: deep() }, 'INPUT_TOO_LARGE'],
    ['a circle', circle, 'INPUT_TOO_LARGE'],
    ['a null byte', { path: 'a\0.txt' }, 'PATH_INVALID'],
    ['a negative line', { path: 'a.txt', startLine: -1 }, 'INPUT_INVALID'],
    ['a fraction of a line', { path: 'a.txt', startLine: 1.5 }, 'INPUT_INVALID'],
  ])('%s', async (_, input, code) => {
    const runtime = open();
    expect(await codeOf(() => runtime.call('read_file' as string, input))).toBe(code);
    expect(await runtime.main.timeline()).toMatchObject([{ status: 'failed', code }]);
  });
});

test('throws errors that say what to do', async () => {
  const error: unknown = await open()
    .call('nope', {})
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(FishplateError);
  expect(error).toMatchObject({ code: 'TOOL_UNKNOWN', track: 'runtime' });
  expect((error as FishplateError).hint.length).toBeGreaterThan(10);
  expect(await codeOf(() => open().call('constructor', {}))).toBe('TOOL_UNKNOWN');
});

test('cancels before and while waiting, and changes nothing then', async () => {
  const runtime = open();
  const input = { path: 'a.txt', edits: [{ search: 'one', replace: '1' }] };
  expect(await codeOf(() => runtime.call('edit_file', input, { signal: AbortSignal.abort() }))).toBe(
    'CANCELLED',
  );
  const controller = new AbortController();
  const first = runtime.call('edit_file', input);
  const second = runtime.call('edit_file', { ...input, path: 'long.txt' }, { signal: controller.signal });
  controller.abort();
  expect((await first).ok).toBe(true);
  expect(await codeOf(() => second)).toBe('CANCELLED');
  expect(await runtime.call('diff', {})).toMatchObject({ data: { files: [{ path: 'a.txt' }] } });
});

test('serialises changes: many at once all arrive', async () => {
  const runtime = createRuntime({ workspace: makeWorkspace({ n: '0' }) });
  const results = await Promise.all(
    Array.from({ length: 30 }, (_, n) =>
      runtime.call('edit_file', { path: 'n', edits: [{ search: String(n), replace: String(n + 1) }] }),
    ),
  );
  expect(results.every(({ ok }) => ok)).toBe(true);
  expect(await runtime.call('read_file', { path: 'n' })).toMatchObject({ data: { text: '30' } });
});

test('keeps a timeline: what, how long, by which engine', async () => {
  const logged: object[] = [];
  const log = (fields: object): void => void logged.push(fields);
  const logger = { debug: log, info: log, warn: log, error: log };
  const runtime = createRuntime({ workspace: makeWorkspace(FILES), logger });
  const result = await runtime.call('edit_file', {
    path: 'a.txt',
    edits: [{ search: 'one', replace: 'secret' }],
  });
  await runtime.call('read_file', { path: 'none' });
  expect(await runtime.main.timeline()).toMatchObject([
    { sequence: 1, tool: 'edit_file', status: 'ok', callId: result.callId, step: 1, summary: 'a.txt: +1 -1' },
    { sequence: 2, tool: 'read_file', status: 'refused', code: 'FILE_NOT_FOUND' },
  ]);
  expect(logged).toHaveLength(2);
  expect(JSON.stringify(logged)).not.toContain('secret');
});

test('closes: waits for writers, refuses what comes after', async () => {
  const runtime = open();
  const writing = runtime.call('edit_file', { path: 'a.txt', edits: [{ search: 'one', replace: '1' }] });
  await runtime.close();
  expect((await writing).ok).toBe(true);
  expect(await codeOf(() => runtime.call('list_files', {}))).toBe('RUNTIME_CLOSED');
});

test('reports every track, and uses the engine asked for', async () => {
  const runtime = createRuntime({ workspace: makeWorkspace(FILES), engines: { diff: 'fallback' } });
  const { tracks } = runtime.capabilities();
  expect(tracks.map(({ track }) => track).sort()).toEqual([
    'diff',
    'gitignore',
    'json',
    'sandbox',
    'storage',
    'symbols',
    'tokenizer',
    'vector',
  ]);
  expect(tracks[0]).toMatchObject({ track: 'diff', engine: 'js', asked: 'fallback', askedBy: 'call' });
  const edit = { path: 'a.txt', edits: [{ search: 'one', replace: '1' }] };
  expect(await runtime.call('edit_file', edit)).toMatchObject({ engines: { diff: 'js' } });
});

test('takes the process directory where no workspace is given', async () => {
  const runtime = createRuntime();
  expect(runtime.workspace).toBe(process.cwd());
  expect(await codeOf(() => createRuntime({ workspace: join(runtime.workspace, 'none') }))).toBe(
    'WORKSPACE_INVALID',
  );
});
