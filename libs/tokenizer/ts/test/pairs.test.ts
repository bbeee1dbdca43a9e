/** Calls and results in the shapes that bring sessions down: no result without its call, and no call without its result. */

import {
  type ChatMessage,
  compressContext,
  compressContextAsync,
  type ContentPart,
  countChatTokens,
} from '../src/index';
import { seeded } from './texts';

const words = (count: number): string => 'word '.repeat(count);
const user = (content: string): ChatMessage => ({ role: 'user', content });
const call = (id: unknown): ChatMessage =>
  ({
    role: 'assistant',
    content: null,
    tool_calls: [{ id, type: 'function', function: { name: 'read', arguments: '{}' } }],
  }) as ChatMessage;
const result = (id: unknown, content = 'r'): ChatMessage =>
  ({ role: 'tool', tool_call_id: id, content }) as ChatMessage;
const uses = (...ids: string[]): ChatMessage => ({
  role: 'assistant',
  content: ids.map((id) => ({ type: 'tool_use', id, name: 'read', input: {} })),
});
const answers = (...ids: string[]): ChatMessage => ({
  role: 'user',
  content: ids.map((id) => ({ type: 'tool_result', tool_use_id: id, content: 'r' })),
});
const kept = (messages: readonly ChatMessage[], maxTokens = 1000): number[] =>
  compressContext(messages, { maxTokens, strategy: 'drop' }).selectedIndices;

test('one message that answers the calls of two keeps both', () => {
  const messages = [user('a'), uses('1'), uses('2'), answers('1', '2'), user('b')];
  expect(kept(messages)).toEqual([0, 1, 2, 3, 4]);
  expect(kept(messages, countChatTokens(messages.slice(2)))).toEqual([4]);
});

test('a message with a result that nobody asked for goes, with the calls that it answers', () => {
  const { dropped } = compressContext([user('a'), uses('1'), answers('1', 'ghost'), user('b')], {
    maxTokens: 1000,
  });
  expect(dropped.map(({ index, reason }) => [index, reason])).toEqual([
    [1, 'call-without-result'],
    [2, 'result-without-call'],
  ]);
});

test('a second result of one call goes', () => {
  expect(kept([call('1'), result('1'), user('a'), result('1'), user('b')])).toEqual([0, 1, 2, 4]);
});

test('what the provider executed, with call and result in one message, stays', () => {
  const parts: ContentPart[] = [
    { type: 'tool-call', toolCallId: '1', toolName: 'search', input: {} },
    { type: 'tool-result', toolCallId: '1', toolName: 'search', output: { type: 'text', value: 'x' } },
  ];
  expect(kept([user('a'), { role: 'assistant', content: parts }, user('b')])).toEqual([0, 1, 2]);
});

test('a message that answers and calls stays with both sides', () => {
  const both: ChatMessage = {
    role: 'assistant',
    content: [...(answers('1').content as ContentPart[]), ...(uses('2').content as ContentPart[])],
  };
  expect(kept([user('a'), uses('1'), both, answers('2'), user('b')])).toEqual([0, 1, 2, 3, 4]);
  expect(kept([user('a'), uses('1'), both, user('b')])).toEqual([0, 3]);
});

test('calls and results without ids belong together in their order', () => {
  const two = {
    ...call(undefined),
    tool_calls: [...call(undefined).tool_calls!, ...call(undefined).tool_calls!],
  };
  expect(kept([two, result(undefined), result(undefined), user('a')])).toEqual([0, 1, 2, 3]);
  expect(kept([two, result(undefined), user('a')])).toEqual([2]);
  expect(kept([two, result(undefined), result(undefined), result(undefined), user('a')])).toEqual([
    0, 1, 2, 4,
  ]);
});

test('ids that are no strings harm nobody', () => {
  for (const id of [Object.create(null), Symbol('id'), 7, null, {}]) {
    expect(kept([call(id), result(id), user('a')])).toContain(2);
  }
});

test('the last message stays, also where it answers a call from long ago', () => {
  const messages = [call('1'), ...Array.from({ length: 50 }, () => user(words(20))), result('1')];
  expect(kept(messages, 100).slice(-1)).toEqual([51]);
});

test('a system message that answers is no exception', () => {
  const messages: ChatMessage[] = [
    { ...result('1'), role: 'system' },
    { ...call('2'), role: 'system' },
    user('a'),
  ];
  expect(kept(messages)).toEqual([2]);
});

test('JSON outputs of the AI SDK are cut as text; images cannot be cut, and take no time to find out', () => {
  const toolCall: ChatMessage = {
    role: 'assistant',
    content: [{ type: 'tool-call', toolCallId: '1', toolName: 'read', input: {} }],
  };
  const output = (value: unknown): ChatMessage => ({
    role: 'tool',
    content: [{ type: 'tool-result', toolCallId: '1', toolName: 'read', output: value }],
  });
  const json = output({ type: 'json', value: { lines: words(20_000) } });
  const cut = compressContext([user('a'), toolCall, json, user('b')], { maxTokens: 1000 });
  expect(cut.selectedIndices).toEqual([0, 1, 2, 3]);
  expect(JSON.stringify(cut.messages[2])).toMatch(/"type":"text","value":"\{.*cut.*\}"/);
  expect(json).toEqual(output({ type: 'json', value: { lines: words(20_000) } }));

  const nested = output({ type: 'content', value: [{ type: 'text', text: words(20_000) }] });
  expect(compressContext([user('a'), toolCall, nested], { maxTokens: 1000 }).cut).toHaveLength(1);

  const image = output({ type: 'content', value: [{ type: 'media', data: 'QUJD'.repeat(100_000) }] });
  const rest = compressContext([user('a'), toolCall, image, user('b')], { maxTokens: 100_000 });
  expect([rest.selectedIndices, rest.cut]).toEqual([[3], []]);
});

test('what the user wrote beside results is not cut', () => {
  const parts: ContentPart[] = [
    { type: 'tool_result', tool_use_id: '1', content: words(5000) },
    { type: 'text', text: words(500) },
  ];
  const { messages, cut } = compressContext([uses('1'), { role: 'user', content: parts }], {
    maxTokens: 1200,
  });
  expect(cut).toHaveLength(1);
  expect((messages[1]!.content as ContentPart[])[1]).toEqual(parts[1]);
});

test('no result is ever without its call, in any mixture of forms', async () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = seeded(seed);
    const id = (): string => `${random(6)}`;
    const messages = Array.from({ length: 3 + random(25) }, (): ChatMessage => {
      const text = words(1 + random(60));
      switch (random(8)) {
        case 0:
          return call(id());
        case 1:
          return uses(...Array.from({ length: 1 + random(3) }, id));
        case 2:
          return answers(...Array.from({ length: 1 + random(3) }, id));
        case 3:
          return { role: 'assistant', content: [...parts(answers(id())), ...parts(uses(id(), id()))] };
        case 4:
        case 5:
          return result(id(), text);
        default:
          return { role: random(4) === 0 ? 'system' : 'user', content: text };
      }
    });
    const options = { maxTokens: 60 + random(500), preserveLast: random(4) };
    let context;
    try {
      context = compressContext(messages, options);
    } catch (error) {
      expect(error).toMatchObject({ code: 'BUDGET_TOO_SMALL' });
      continue;
    }
    expect(context.totalTokens).toBe(countChatTokens(context.messages));
    expect(context.totalTokens).toBeLessThanOrEqual(options.maxTokens);
    expect(await compressContextAsync(messages, options)).toEqual(context);
    // Every result has an open call of its id before it, and no call but of the last unit stays open.
    const open = new Map<string, number>();
    for (const message of context.messages) {
      const called = [
        ...(message.tool_calls ?? []).map((one) => one.id),
        ...idsOf(message, 'tool_use', 'id'),
      ];
      const results = idsOf(message, 'tool_result', 'tool_use_id');
      if (message.tool_call_id !== undefined) results.push(message.tool_call_id);
      for (const one of called) open.set(one, (open.get(one) ?? 0) + 1);
      for (const one of results) {
        expect({ seed, one, open: open.get(one) ?? 0 }).not.toMatchObject({ open: 0 });
        open.set(one, open.get(one)! - 1);
      }
    }
  }
});

function parts(message: ChatMessage): ContentPart[] {
  return message.content as ContentPart[];
}

function idsOf(message: ChatMessage, type: string, key: string): string[] {
  if (!Array.isArray(message.content)) return [];
  return (message.content as ContentPart[])
    .filter((part) => part.type === type)
    .map((part) => String(part[key]));
}
