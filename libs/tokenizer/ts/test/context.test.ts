import {
  type ChatMessage,
  compressContext,
  compressContextAsync,
  countChatTokens,
  countTokens,
} from '../src/index';
import { seeded, textOf } from './texts';

const ENGINES = ['native', 'fallback'] as const;
const words = (count: number): string => 'word '.repeat(count);
const call = (...ids: string[]): ChatMessage => ({
  role: 'assistant',
  content: null,
  tool_calls: ids.map((id) => ({ id, type: 'function', function: { name: 'read', arguments: '{}' } })),
});
const result = (id: string, content: string): ChatMessage => ({ role: 'tool', tool_call_id: id, content });

describe.each(ENGINES)('%s', (engine) => {
  test('a history that fits is left as it is', () => {
    const messages = [
      { role: 'system', content: 'a' },
      { role: 'user', content: 'b' },
    ];
    const context = compressContext(messages, { maxTokens: 100, engine });
    expect(context).toEqual({
      messages,
      totalTokens: countChatTokens(messages),
      originalTokens: countChatTokens(messages),
      removedCount: 0,
      compressionRatio: 1,
      selectedIndices: [0, 1],
      dropped: [],
      cut: [],
    });
  });

  test('system messages and the last ones stay, and what went is listed', () => {
    const messages = [
      { role: 'system', content: 'rules' },
      ...Array.from({ length: 20 }, (_, index) => ({ role: 'user', content: `${index} ${words(50)}` })),
      { role: 'developer', content: 'more rules' },
      { role: 'user', content: 'last' },
    ];
    const context = compressContext(messages, { maxTokens: 200, engine });
    expect(context.selectedIndices).toEqual([0, 18, 19, 20, 21, 22]);
    expect(context.dropped.map(({ index }) => index)).toEqual(
      Array.from({ length: 17 }, (_, index) => index + 1),
    );
    expect(context.dropped.every(({ tokens, reason }) => tokens > 50 && reason === 'budget')).toBe(true);
    expect(context.removedCount).toBe(17);
  });

  test('calls and all their results stay together', () => {
    const messages = [
      { role: 'user', content: words(10) },
      call('a', 'b'),
      result('b', words(30)),
      result('a', words(30)),
      { role: 'user', content: 'next' },
    ];
    const drop = compressContext(messages, { maxTokens: 60, strategy: 'drop', engine });
    expect(drop.selectedIndices).toEqual([4]);
    const all = compressContext(messages, { maxTokens: 100, strategy: 'drop', engine });
    expect(all.selectedIndices).toEqual([1, 2, 3, 4]);
  });

  test('a long tool output is cut in the middle, with a marker', () => {
    const output = `first line ${words(5000)} last line`;
    const messages = [{ role: 'user', content: 'read it' }, call('a'), result('a', output)];
    const context = compressContext(messages, { maxTokens: 500, engine });
    expect(context.selectedIndices).toEqual([0, 1, 2]);
    const content = context.messages[2]!.content as string;
    expect(content).toMatch(/^first line .*\n\[\.\.\. cut \.\.\.\]\n.* last line$/s);
    expect(context.cut).toEqual([
      {
        index: 2,
        tokensBefore: expect.any(Number),
        tokensAfter: countTokens(content) + countTokens('tool') + 3,
      },
    ]);
    expect(context.totalTokens).toBeGreaterThan(200);
    expect(messages[2]!.content).toBe(output);
  });

  test('results without a call, and calls without results in the middle, go', () => {
    const messages = [result('x', 'nobody asked'), call('y'), { role: 'user', content: 'hm' }, call('z')];
    const context = compressContext(messages, { maxTokens: 1000, engine });
    expect(context.selectedIndices).toEqual([2, 3]);
    expect(context.dropped.map(({ reason }) => reason)).toEqual([
      'result-without-call',
      'call-without-result',
    ]);
  });

  test('results in the forms of other interfaces belong to their calls too', () => {
    const messages: ChatMessage[] = [
      { role: 'user', content: words(300) },
      { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'read', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: words(800) }] },
      { role: 'assistant', content: [{ type: 'tool-call', toolCallId: 't2', toolName: 'read', input: {} }] },
      {
        role: 'tool',
        content: [{ type: 'tool-result', toolCallId: 't2', output: { type: 'text', value: words(800) } }],
      },
    ];
    const context = compressContext(messages, { maxTokens: 400, engine });
    expect(context.selectedIndices).toEqual([1, 2, 3, 4]);
    expect(JSON.stringify(context.messages[3])).toContain('[... cut ...]');
  });

  test('what cannot fit is an error that says what it needs', () => {
    const messages = [{ role: 'system', content: words(100) }];
    expect(() => compressContext(messages, { maxTokens: 50, engine })).toThrow(
      expect.objectContaining({ code: 'BUDGET_TOO_SMALL', details: { needed: countChatTokens(messages) } }),
    );
    for (const maxTokens of [NaN, -1, 1.5, undefined as never]) {
      expect(() => compressContext(messages, { maxTokens, engine })).toThrow(
        expect.objectContaining({ code: 'OPTION_INVALID' }),
      );
    }
  });

  test('no history exceeds the budget, begins with a result or parts a pair', async () => {
    for (let seed = 1; seed <= 150; seed++) {
      const random = seeded(seed);
      const messages: ChatMessage[] = [];
      for (let index = 0; index < 2 + random(20); index++) {
        const text = textOf(31 * seed + index);
        switch (random(4)) {
          case 0:
            messages.push({ role: random(3) === 0 ? 'system' : 'user', content: text });
            break;
          case 1: {
            const ids = Array.from({ length: 1 + random(3) }, (_, nth) => `${index}-${nth}`);
            messages.push(call(...ids));
            for (const id of ids) if (random(9) > 0) messages.push(result(id, text.repeat(1 + random(30))));
            break;
          }
          case 2:
            messages.push({ role: 'assistant', content: [{ type: 'text', text }] });
            break;
          default:
            messages.push(result(`${index}-9`, text));
        }
      }
      const options = { maxTokens: 20 + random(600), preserveLast: random(3), engine };
      let context;
      try {
        context = compressContext(messages, options);
      } catch (error) {
        expect(error).toMatchObject({ code: 'BUDGET_TOO_SMALL' });
        continue;
      }
      expect(context.totalTokens).toBe(countChatTokens(context.messages, undefined, { engine }));
      expect(context.totalTokens).toBeLessThanOrEqual(options.maxTokens);
      expect(context.selectedIndices.length + context.dropped.length).toBe(messages.length);
      expect(context.removedCount).toBe(context.dropped.length);
      const called = new Set<string>();
      const answered = new Set<string>();
      for (const message of context.messages) {
        for (const { id } of message.tool_calls ?? []) called.add(id);
        if (message.tool_call_id === undefined) continue;
        expect(called).toContain(message.tool_call_id);
        answered.add(message.tool_call_id);
      }
      const last = context.messages.findLastIndex((message) => message.tool_calls !== undefined);
      for (const message of context.messages.slice(0, Math.max(0, last))) {
        for (const { id } of message.tool_calls ?? []) expect(answered).toContain(id);
      }
      messages.forEach((message, index) => {
        if (message.role === 'system') expect(context.selectedIndices).toContain(index);
      });
      expect(await compressContextAsync(messages, options)).toEqual(context);
    }
  });
});
