import {
  capability,
  chunkByTokens,
  countChatTokens,
  countChatTokensAsync,
  countTokens,
  countTokensAsync,
  countTokensBatch,
  countTokensBatchAsync,
  createTokenCounter,
  decode,
  encode,
  encodingForModel,
  ENCODINGS,
  estimateJsonTokens,
  isWithinTokenLimit,
  truncateTokens,
} from '../src/index';
import { seeded, textOf } from './texts';

jest.setTimeout(60_000);

const ENGINES = ['native', 'fallback'] as const;
const coded = (code: string): Error => expect.objectContaining({ code, track: 'tokenizer' }) as Error;

test('the binding loads here', () => {
  expect(capability({ call: 'native' }).engine).toBe('native');
});

test.each([
  ['gpt-5-mini', 'o200k_base'],
  ['gpt-4.1-nano', 'o200k_base'],
  ['o1-pro', 'o200k_base'],
  ['o3', 'o200k_base'],
  ['o4-mini-2025-04-16', 'o200k_base'],
  ['gpt-oss-120b', 'o200k_harmony'],
  ['gpt-oss:20b', 'o200k_harmony'],
  ['openai/gpt-4o-mini', 'o200k_base'],
  ['openrouter/openai/gpt-4', 'cl100k_base'],
  ['gpt-4o-2024-08-06', 'o200k_base'],
  ['ft:gpt-4o:acme::1', 'o200k_base'],
  ['ft:gpt-4-0613:acme', 'cl100k_base'],
  ['gpt-4-turbo', 'cl100k_base'],
  ['gpt-3.5-turbo-16k', 'cl100k_base'],
  ['text-embedding-3-small', 'cl100k_base'],
  ['text-davinci-003', 'p50k_base'],
  ['code-davinci-edit-001', 'p50k_edit'],
  ['davinci', 'r50k_base'],
])('%s has the encoding %s', (model, encoding) => {
  expect(encodingForModel(model)).toBe(encoding);
});

test('an unknown model is an error that lists near names', () => {
  expect(() => encodingForModel('gpt4o')).toThrow(
    expect.objectContaining({ code: 'ENCODING_UNKNOWN', message: expect.stringContaining('gpt-4o') }),
  );
  for (const name of ['/', 'a/', '/gpt-x', 'openai/claude', '']) {
    expect(() => encodingForModel(name)).toThrow(coded('ENCODING_UNKNOWN'));
  }
  expect(() => countTokens('a', '__proto__')).toThrow(coded('ENCODING_UNKNOWN'));
  expect(() => countTokens('a', 'x'.repeat(1e6))).toThrow(coded('ENCODING_UNKNOWN'));
});

describe.each(ENGINES)('%s', (engine) => {
  const options = { engine };

  test('what looks like a special token is ordinary text, unless it is asked for', () => {
    const text = 'say <|endoftext|> now';
    expect(countTokens(text, undefined, options)).toBe(9);
    expect(countTokens(text, undefined, { engine, allowedSpecial: 'all' })).toBe(4);
    expect(() => countTokens(text, undefined, { engine, disallowedSpecial: 'all' })).toThrow(
      coded('SPECIAL_TOKEN_FOUND'),
    );
    const both = { engine, disallowedSpecial: 'all', allowedSpecial: ['<|endoftext|>'] } as const;
    expect(countTokens(text, undefined, both)).toBe(4);
    expect(() => countTokens(`${text}<|endofprompt|>`, undefined, both)).toThrow(
      coded('SPECIAL_TOKEN_FOUND'),
    );
  });

  test('harmony has its special tokens, the reserved ones too', () => {
    const text = '<|start|>user<|message|>hi<|end|><|reserved_201087|><|reserved_201088|>';
    const tokens = [...encode(text, 'o200k_harmony', { engine, allowedSpecial: 'all' })];
    expect(tokens.slice(0, 6)).toEqual([200006, 1428, 200008, 3686, 200007, 201087]);
    expect(tokens.length).toBeGreaterThan(8);
    expect(decode(tokens, 'o200k_harmony', options)).toBe(text);
  });

  test('bytes count as the text that they are, lone surrogates as U+FFFD', () => {
    for (let seed = 1; seed < 300; seed++) {
      const text = textOf(seed);
      const whole = Buffer.from(text);
      expect(countTokens(whole, 'cl100k_base', options)).toBe(countTokens(text, 'cl100k_base', options));
    }
    const cut = Buffer.from([0x61, 0xf0, 0x9f, 0x98, 0xff]);
    expect([...encode(cut, undefined, options)]).toEqual([...encode('a\ufffd\ufffd', undefined, options)]);
    expect(countTokens(new Uint8Array(new SharedArrayBuffer(5)), undefined, options)).toBeGreaterThan(0);
  });

  test('a limit gives the count, or false', () => {
    const text = 'one two three '.repeat(1000);
    const count = countTokens(text, undefined, options);
    expect(isWithinTokenLimit(text, count, undefined, options)).toBe(count);
    expect(isWithinTokenLimit(text, count - 1, undefined, options)).toBe(false);
    expect(isWithinTokenLimit('', 0, undefined, options)).toBe(0);
    expect(isWithinTokenLimit(text, Infinity, undefined, options)).toBe(count);
    for (const limit of [NaN, -1, 0.5, '3' as never, undefined as never]) {
      expect(() => isWithinTokenLimit(text, limit, undefined, options)).toThrow(coded('OPTION_INVALID'));
    }
  });

  test('a truncated text fits, and is the text but for what was taken', () => {
    for (let seed = 1; seed < 400; seed++) {
      const text = textOf(seed);
      const random = seeded(seed);
      const limit = random(12);
      const encoding = ENCODINGS[random(ENCODINGS.length)]!;
      const end = truncateTokens(text, limit, { engine, encoding });
      const start = truncateTokens(text, limit, { engine, encoding, side: 'start' });
      const middle = truncateTokens(text, limit, { engine, encoding, side: 'middle', marker: '~~' });
      for (const result of [end, start, middle]) {
        expect(countTokens(result, encoding, options)).toBeLessThanOrEqual(limit);
      }
      expect(text.startsWith(end)).toBe(true);
      expect(text.endsWith(start)).toBe(true);
      // No pair was cut that was whole.
      expect(/[\ud800-\udbff]$/.test(end) && text.codePointAt(end.length - 1)! > 0xffff).toBe(false);
      expect(/^[\udc00-\udfff]/.test(start) && isPair(text, text.length - start.length)).toBe(false);
      if (middle.includes('~~') && middle !== text) {
        const [head, tail] = [
          middle.slice(0, middle.lastIndexOf('~~')),
          middle.slice(middle.lastIndexOf('~~') + 2),
        ];
        expect(text.startsWith(head) && text.endsWith(tail)).toBe(true);
      }
    }
  });

  test('a truncated text uses its limit', () => {
    const text = 'The quick brown fox jumps over the lazy dog. '.repeat(100);
    for (const side of ['end', 'start', 'middle'] as const) {
      const result = truncateTokens(text, 100, { engine, side, marker: '\n...\n' });
      expect(countTokens(result, undefined, options)).toBeGreaterThan(95);
    }
  });

  test('chunks are the text, and each fits', () => {
    for (let seed = 1; seed < 200; seed++) {
      const text = Array.from({ length: 5 }, (_, index) => textOf(7 * seed + index)).join('. \n\n');
      const random = seeded(seed);
      const boundary = (['none', 'line', 'sentence', 'paragraph'] as const)[random(4)]!;
      const chunks = chunkByTokens(text, { maxTokens: 10 + random(30), boundary, engine });
      expect(chunks.map((chunk) => chunk.text).join('')).toBe(text);
      for (const { text: part, start, end, tokens } of chunks) {
        expect(text.slice(start, end)).toBe(part);
        expect(countTokens(part, undefined, options)).toBe(tokens);
        expect(isPair(text, start)).toBe(false);
      }
      const overlapping = chunkByTokens(text, { maxTokens: 20, overlap: 8, boundary, engine });
      overlapping.slice(1).forEach(({ start, tokens }, index) => {
        expect(start).toBeLessThanOrEqual(overlapping[index]!.end);
        expect(start).toBeGreaterThan(overlapping[index]!.start);
        expect(tokens).toBeLessThanOrEqual(20);
      });
    }
  });

  test('a character that does not fit into a chunk is an error', () => {
    expect(() => chunkByTokens('a\u{10ffff}', { maxTokens: 2, engine })).toThrow(coded('LIMIT_TOO_SMALL'));
    expect(() => chunkByTokens('a', { maxTokens: 2, overlap: 2, engine })).toThrow(coded('OPTION_INVALID'));
    expect(() => chunkByTokens('a', undefined as never)).toThrow(coded('OPTION_INVALID'));
  });

  test('a text that comes in chunks has the tokens of the whole, at every chunk', () => {
    for (let seed = 1; seed < 250; seed++) {
      const random = seeded(seed);
      const encoding = ENCODINGS[random(ENCODINGS.length)]!;
      const text = Array.from({ length: 3 }, (_, index) => textOf(3 * seed + index)).join(' and Then 12');
      const counter = createTokenCounter(encoding, options);
      for (let start = 0; start < text.length; ) {
        const end = Math.min(text.length, start + 1 + random(6));
        const total = counter.push(text.slice(start, end));
        expect({ seed, end, total }).toEqual({
          seed,
          end,
          total: countTokens(text.slice(0, end), encoding, options),
        });
        start = end;
      }
      expect(counter.total).toBe(countTokens(text, encoding, options));
    }
  });

  test('counts without the event loop waiting, and in any parts', async () => {
    const texts = Array.from({ length: 3000 }, (_, seed) => textOf(seed));
    texts[7] = 'word '.repeat(200_000);
    const counts = await countTokensBatchAsync(texts, 'o200k_base', options);
    expect([...counts]).toEqual([...countTokensBatch(texts, 'o200k_base', options)]);
    const long = texts.join('\n');
    expect(await countTokensAsync(long, 'gpt-4', options)).toBe(countTokens(long, 'gpt-4', options));
  });

  test('a count is cancelled before and during', async () => {
    await expect(countTokensAsync('a', undefined, { engine, signal: AbortSignal.abort() })).rejects.toThrow(
      'aborted',
    );
    const controller = new AbortController();
    const texts = Array.from({ length: 200_000 }, () => 'some words of a message '.repeat(8));
    const counting = countTokensBatchAsync(texts, undefined, { engine, signal: controller.signal });
    setImmediate(() => controller.abort());
    await expect(counting).rejects.toThrow('aborted');
  });

  test('chat messages count by the published rule', () => {
    // The example of OpenAI's cookbook, whose answer by the service is 129 for gpt-3.5-turbo and gpt-4, 124 for gpt-4o.
    const messages = [
      {
        role: 'system',
        content:
          'You are a helpful, pattern-following assistant that translates corporate jargon into plain English.',
      },
      { role: 'system', name: 'example_user', content: 'New synergies will help drive top-line growth.' },
      {
        role: 'system',
        name: 'example_assistant',
        content: 'Things working well together will increase revenue.',
      },
      {
        role: 'system',
        name: 'example_user',
        content:
          "Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage.",
      },
      {
        role: 'system',
        name: 'example_assistant',
        content: "Let's talk later when we're less busy about how to do better.",
      },
      {
        role: 'user',
        content: "This late pivot means we don't have time to boil the ocean for the client deliverable.",
      },
    ];
    expect(countChatTokens(messages, 'gpt-4', options)).toBe(129);
    expect(countChatTokens(messages, 'gpt-3.5-turbo', options)).toBe(129);
    expect(countChatTokens(messages, 'gpt-4o', options)).toBe(124);
    expect(countChatTokens([], 'gpt-4o', options)).toBe(3);
  });

  test('JSON counts as its compact text', () => {
    const value = { a: [1, 'é', null], b: { c: '<|endoftext|>' } };
    expect(estimateJsonTokens(value, undefined, options)).toBe(
      countTokens(JSON.stringify(value), undefined, options),
    );
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    let deep: unknown = 0;
    for (let depth = 0; depth < 200_000; depth++) deep = [deep];
    for (const wrong of [undefined, cycle, 1n, deep, () => 0]) {
      expect(() => estimateJsonTokens(wrong, undefined, options)).toThrow(coded('INPUT_INVALID'));
    }
  });

  test('wrong types are errors with a code', async () => {
    for (const wrong of [null, undefined, 7, {}, [], Symbol('x'), new Uint16Array(2)] as never[]) {
      expect(() => countTokens(wrong, undefined, options)).toThrow(coded('INPUT_INVALID'));
      expect(() => encode(wrong, undefined, options)).toThrow(coded('INPUT_INVALID'));
      expect(() => truncateTokens(wrong, 3, options)).toThrow(coded('INPUT_INVALID'));
      expect(() => createTokenCounter(undefined, options).push(wrong)).toThrow(coded('INPUT_INVALID'));
      expect(() => countTokensBatch([wrong], undefined, options)).toThrow(coded('INPUT_INVALID'));
      expect(() => countChatTokens([wrong], undefined, options)).toThrow(coded('INPUT_INVALID'));
      await expect(countTokensAsync(wrong, undefined, options)).rejects.toThrow(coded('INPUT_INVALID'));
    }
    expect(() => decode([1e10], undefined, options)).toThrow(coded('INPUT_INVALID'));
    expect(() => decode([4e9], undefined, options)).toThrow(coded('TOKEN_UNKNOWN'));
    expect(() => decode([50256 + 7], 'r50k_base', options)).toThrow(coded('TOKEN_UNKNOWN'));
    expect(() => countTokens('a', undefined, { engine, allowedSpecial: 3 as never })).toThrow(
      coded('OPTION_INVALID'),
    );
    await expect(countChatTokensAsync([7 as never], undefined, options)).rejects.toThrow(
      coded('INPUT_INVALID'),
    );
  });
});

function isPair(text: string, at: number): boolean {
  return at > 0 && /[\ud800-\udbff]/.test(text[at - 1]!) && /[\udc00-\udfff]/.test(text[at] ?? '');
}
