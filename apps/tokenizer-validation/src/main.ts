/**
 * Proves the tokenizer track on the machine at hand, with both engines: npm tiktoken is asked for the truth.
 *
 *     node dist/main.js [--texts N] [--points some|all] [--json FILE]
 *
 * Exit code 1 where a check fails or the native engine does not load.
 */

import { parseArgs } from 'node:util';

import {
  capability,
  type ChatMessage,
  compress,
  compressContext,
  countChatTokens,
  countTokens,
  countTokensBatchAsync,
  decompress,
  encode,
  ENCODINGS,
} from '@fishplate/tokenizer';
import { type Check, validate } from '@fishplate/validation';
import { get_encoding } from 'tiktoken';

import { textOf } from './texts';

/** The longest that a hostile text of 200,000 characters may take here; a tokenizer that is not linear takes minutes. */
const HOSTILE_MS = 3000;

/** Between code points that are swept where not all are asked for. */
const STEP = 251;

const HOSTILE: readonly (readonly [name: string, text: string])[] = [
  ['one letter', 'a'.repeat(200_000)],
  ['one blank', ' '.repeat(200_000)],
  ['dashes', '-'.repeat(200_000)],
  ['scripts in turn', 'aб中'.repeat(60_000)],
  ['lone surrogates', '\ud800'.repeat(200_000)],
  ['no white space', 'abcdefghijklmnopqrstuvwxyz'.repeat(8000)],
  ['marks', '\u0301'.repeat(200_000)],
];

function checks(texts: number, step: number): Check[] {
  return [
    {
      name: 'code points have the tokens of npm tiktoken, in all encodings',
      run(engine) {
        let [swept, different] = [0, 0];
        for (const encoding of ENCODINGS) {
          const tiktoken = get_encoding(encoding === 'o200k_harmony' ? 'o200k_base' : encoding);
          for (let point = 0; point < 0x110000; point += step) {
            const char = String.fromCodePoint(point);
            const text = `a${char}b ${char}A${char}  ${char}1${char}${char}.${char}'s`;
            const expected = tiktoken.encode_ordinary(text);
            const tokens = encode(text, encoding, { engine });
            const same =
              tokens.length === expected.length && tokens.every((token, at) => token === expected[at]);
            if (!same || countTokens(text, encoding, { engine }) !== expected.length) different++;
            swept++;
          }
          tiktoken.free();
        }
        return judged(swept, different);
      },
    },
    {
      name: 'tokens are those of npm tiktoken, in all encodings',
      run(engine) {
        let different = 0;
        for (const encoding of ENCODINGS) {
          const tiktoken = get_encoding(encoding === 'o200k_harmony' ? 'o200k_base' : encoding);
          for (let seed = 1; seed <= texts; seed++) {
            const text = textOf(seed);
            const expected = tiktoken.encode_ordinary(text);
            const tokens = encode(text, encoding, { engine });
            const same =
              tokens.length === expected.length && tokens.every((token, at) => token === expected[at]);
            if (!same || countTokens(text, encoding, { engine }) !== expected.length) different++;
          }
          tiktoken.free();
        }
        return judged(texts * ENCODINGS.length, different);
      },
    },
    {
      name: 'hostile texts are counted, and soon',
      run(engine) {
        let slowest = 0;
        for (const encoding of ENCODINGS) {
          for (const [name, text] of HOSTILE) {
            const started = performance.now();
            const count = countTokens(text, encoding, { engine });
            const took = performance.now() - started;
            if (count === 0 || took > HOSTILE_MS) throw new Error(`${name}, ${encoding}: ${took} ms`);
            slowest = Math.max(slowest, took);
          }
        }
        return `slowest ${slowest.toFixed(1)} ms`;
      },
    },
    {
      name: '200,000 messages are counted while the event loop runs',
      async run(engine) {
        const messages = Array.from({ length: 200_000 }, (_, index) => textOf(1 + (index % 500)));
        let [longest, last] = [0, performance.now()];
        const timer = setInterval(() => {
          longest = Math.max(longest, performance.now() - last);
          last = performance.now();
        }, 1);
        const counts = await countTokensBatchAsync(messages, 'gpt-4o', { engine });
        clearInterval(timer);
        const expected = countTokens(messages[777]!, 'gpt-4o', { engine });
        if (counts.length !== messages.length || counts[777] !== expected) throw new Error('wrong counts');
        return `the loop waited ${longest.toFixed(0)} ms at most`;
      },
    },
    {
      name: 'a history of 2,000 messages fits a budget, pairs whole',
      run(engine) {
        const messages = history(2000);
        const context = compressContext(messages, { maxTokens: 20_000, model: 'gpt-4o', engine });
        const total = countChatTokens(context.messages, 'gpt-4o', { engine });
        if (total !== context.totalTokens || total > 20_000) throw new Error(`${total} tokens`);
        const [first] = context.messages.filter(({ role }) => role !== 'system');
        if (first?.role === 'tool') throw new Error('begins with a result');
        return `${total} of ${context.originalTokens} tokens`;
      },
    },
    {
      name: 'zstd comes back, within its limit',
      run(engine) {
        const data = Buffer.from(textOf(1).repeat(20_000));
        const frame = compress(data, { engine: 'native' });
        const back = decompress(frame, { maxBytes: data.length, engine });
        if (Buffer.compare(back, data) !== 0) throw new Error('other data');
        return `${data.length} bytes from ${frame.length}`;
      },
    },
  ];
}

function history(count: number): ChatMessage[] {
  const messages: ChatMessage[] = [{ role: 'system', content: 'You are an agent.' }];
  for (let index = 0; messages.length < count; index++) {
    const id = `call_${index}`;
    messages.push({ role: 'user', content: textOf(3 * index + 1) });
    messages.push({
      role: 'assistant',
      content: null,
      tool_calls: [{ id, type: 'function', function: { name: 'read_file', arguments: '{"path":"a.ts"}' } }],
    });
    messages.push({
      role: 'tool',
      tool_call_id: id,
      content: textOf(3 * index + 2).repeat(1 + (index % 40)),
    });
  }
  return messages;
}

function judged(texts: number, different: number): string {
  const detail = `${texts} texts, ${different} different`;
  if (texts === 0 || different > 0) throw new Error(detail);
  return detail;
}

const { values } = parseArgs({
  options: {
    texts: { type: 'string', default: '600' },
    points: { type: 'string', default: 'some' },
    json: { type: 'string' },
  },
});

void validate({
  checks: checks(Number(values.texts), values.points === 'all' ? 1 : STEP),
  capabilities: [capability({ call: 'native' }), capability({ call: 'fallback' })],
  json: values.json,
});
