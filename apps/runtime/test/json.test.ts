/** Where the runtime writes and reads JSON: values of outputs, keys of calls, arguments that stream. */

import { createRuntime, readToolInput } from '../src/index.js';
import { codeOf, makeWorkspace } from './workspace.js';

const UNCONFINED = { config: { sandbox: { mode: 'process' }, permissions: { otherwise: 'allow' } } } as const;
const LISTING = `{"items":[${Array.from({ length: 4000 }, (_, id) => `{"id":${id},"a/b":"\u00e9 ${id}"}`).join()}],"next":null}`;

describe.each(['auto', 'fallback'] as const)('read_output by pointer (%s)', (json) => {
  const runtime = createRuntime({
    workspace: makeWorkspace({ 'list.json': LISTING }),
    engines: { json },
    ...UNCONFINED,
  });
  let outputId: string;

  beforeAll(async () => {
    const result = await runtime.call('run_command', {
      command: 'cat list.json; cat list.json >&2; echo >&2 tail',
    });
    if (!result.ok) throw new Error(result.message);
    outputId = result.data.outputId!;
  });
  afterAll(() => runtime.close());

  const read = (input: object) => runtime.call('read_output', { outputId, ...input });

  test('finds values, and tells what a long one has', async () => {
    expect(await read({ pointer: '/items/3999/a~1b' })).toMatchObject({
      ok: true,
      data: { text: '"\u00e9 3999"', offset: 0, isOpen: false },
      engines: { json: json === 'auto' ? 'native' : 'js' },
    });
    expect(await read({ pointer: '/next' })).toMatchObject({ data: { text: 'null' } });
    expect(await read({ pointer: '/items/7' })).toMatchObject({
      data: { text: '{"id":7,"a/b":"\u00e9 7"}', count: 2 },
    });
    expect(await read({ pointer: '', maxBytes: 10 })).toMatchObject({
      data: {
        text: '{"items":[',
        nextOffset: 10,
        totalBytes: Buffer.byteLength(LISTING),
        count: 2,
        keys: ['items', 'next'],
      },
      text: expect.stringContaining('it has 2 parts: "items", "next"') as string,
    });
    expect(await read({ pointer: '/items', tailBytes: 2 })).toMatchObject({
      data: { text: '}]', count: 4000 },
    });
  });

  test('refuses what is not there, and what is no document, with a hint', async () => {
    expect(await read({ pointer: '/items/7/name' })).toMatchObject({
      ok: false,
      code: 'VALUE_UNKNOWN',
      message: 'no value at "/items/7/name"; "/items/7" has the keys "id", "a/b"',
    });
    expect(await read({ pointer: '/items/4000/id' })).toMatchObject({
      message: expect.stringContaining('is an array of 4000'),
    });
    expect(await read({ pointer: '/next/a' })).toMatchObject({
      message: expect.stringContaining('no object and no array'),
    });
    expect(await read({ pointer: 'items' })).toMatchObject({ ok: false, code: 'POINTER_INVALID' });
    expect(await read({ pointer: '/items', stream: 'stderr' })).toMatchObject({
      ok: false,
      code: 'OUTPUT_NOT_JSON',
    });
  });
});

test('an idempotency key is of one call, in whatever order its input has its keys', async () => {
  const runtime = createRuntime({ workspace: makeWorkspace({ 'a.txt': 'one' }), ...UNCONFINED });
  const edits = [{ search: 'one', replace: 'two' }];
  const options = { idempotencyKey: 'k' };
  expect(await runtime.call('edit_file', { path: 'a.txt', edits }, options)).toMatchObject({ ok: true });
  expect(await runtime.call('edit_file', { edits, path: 'a.txt' }, options)).toMatchObject({
    ok: true,
    replayed: true,
  });
  await runtime.close();
});

test('messages are given to a model in one text, in whatever order their keys are', async () => {
  const runtime = createRuntime({ workspace: makeWorkspace() });
  const call = async (message: object) =>
    runtime.call('compact_context', { messages: [message as { role: string }], maxTokens: 100 });
  const one = await call({ role: 'user', content: 'a' });
  const other = await call({ content: 'a', role: 'user' });
  expect(one.text).toBe(other.text);
  expect(one.text).toContain('[{"content":"a","role":"user"}]');
  await runtime.close();
});

test('arguments are read as they stream, cut anywhere', () => {
  const input = {
    path: 'src/a.ts',
    edits: [{ search: 'caf\u00e9 "x"', replace: '\ud83d\ude00\n' }],
    all: true,
  };
  const text = JSON.stringify(input);
  for (let cut = 0; cut <= text.length; cut++) {
    const reader = readToolInput();
    reader.push(text.slice(0, cut));
    expect(reader.push(text.slice(cut))).toEqual({ input, complete: true, path: [] });
    expect(reader.end()).toEqual({ input, repairs: [] });
  }
  const reader = readToolInput();
  expect(reader.push('{"path":"src/a')).toEqual({
    input: { path: 'src/a' },
    complete: false,
    path: ['path'],
  });
});

test('arguments that a model wrote wrongly are repaired at the end, and too long ones refused', async () => {
  const reader = readToolInput();
  reader.push("{'path': 'a.txt',");
  expect(reader.push(" 'all': True}").complete).toBe(false);
  const { input, repairs } = reader.end();
  expect(input).toEqual({ path: 'a.txt', all: true });
  expect(repairs.length).toBeGreaterThan(0);
  expect(readToolInput().end()).toEqual({ input: {}, repairs: [] });
  expect(await codeOf(async () => Promise.resolve(readToolInput({ maxLength: 3 }).push('{"a":1}')))).toBe(
    'INPUT_TOO_LARGE',
  );
});
