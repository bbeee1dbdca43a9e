import { createRuntime } from '../src/index.js';
import { codeOf, makeWorkspace } from './workspace.js';

const LINE = 'tiktoken is great!\n';

test.each(['auto', 'fallback'] as const)('tokens are counted, of texts and files (%s)', async (tokenizer) => {
  const workspace = makeWorkspace({ 'a.txt': LINE.repeat(100) });
  const runtime = createRuntime({ workspace, engines: { tokenizer } });
  // The published example of tiktoken: 6 tokens of text in o200k_base.
  expect(await runtime.call('count_tokens', { text: LINE.trimEnd() })).toMatchObject({
    ok: true,
    data: { tokens: 6, encoding: 'o200k_base', bytes: 18 },
  });
  const whole = await runtime.call('count_tokens', { path: 'a.txt', encoding: 'cl100k_base' });
  expect(whole).toMatchObject({ ok: true, data: { encoding: 'cl100k_base', bytes: 1900 } });
  expect(await runtime.call('count_tokens', {})).toMatchObject({ ok: false, code: 'TEXT_OR_PATH' });
  expect(await runtime.call('count_tokens', { path: 'none' })).toMatchObject({ code: 'FILE_NOT_FOUND' });
  expect(await codeOf(() => runtime.call('count_tokens', { path: '../x' }))).toBe('PATH_OUTSIDE');
  await runtime.close();
});

test.each([1, 6, 7, 50, 699, 700, 10_000])(
  'read_file keeps to %d tokens, and takes all that fits',
  async (maxTokens) => {
    const workspace = makeWorkspace({ 'a.txt': LINE.repeat(100) });
    const runtime = createRuntime({ workspace });
    const read = await runtime.call('read_file', { path: 'a.txt', maxTokens });
    if (!read.ok) throw new Error(read.message);
    const { text, tokens, endLine, lineCut } = read.data;
    expect(tokens.count).toBeLessThanOrEqual(maxTokens);
    if (!lineCut && endLine < 100) {
      const more = await runtime.call('count_tokens', { text: text + LINE });
      if (!more.ok) throw new Error(more.message);
      expect(more.data.tokens).toBeGreaterThan(maxTokens);
    }
    await runtime.close();
  },
);

test('a history is compacted, calls and results together', async () => {
  const runtime = createRuntime({ workspace: makeWorkspace() });
  const calls = Array.from({ length: 30 }, (_, index) => [
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: `c${index}`, type: 'function', function: { name: 'ls', arguments: '{}' } }],
    },
    { role: 'tool', tool_call_id: `c${index}`, content: 'word '.repeat(200) },
  ]).flat();
  const messages = [{ role: 'system', content: 'You help.' }, ...calls, { role: 'user', content: 'Go on.' }];
  const result = await runtime.call('compact_context', { messages, maxTokens: 1000 });
  if (!result.ok) throw new Error(result.message);
  const { totalTokens, messages: kept, removedCount } = result.data;
  expect(totalTokens).toBeLessThanOrEqual(1000);
  expect(kept[0]).toEqual(messages[0]);
  expect(kept.at(-1)).toEqual(messages.at(-1));
  expect(removedCount).toBe(messages.length - kept.length);
  expect(kept[1]).toMatchObject({ role: 'assistant' });
  expect(await runtime.call('compact_context', { messages, maxTokens: 5 })).toMatchObject({
    ok: false,
    code: 'BUDGET_TOO_SMALL',
  });
  await runtime.close();
});
