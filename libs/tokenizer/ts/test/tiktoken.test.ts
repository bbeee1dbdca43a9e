/** npm tiktoken is asked for the truth: `TEXTS=100000 POINTS=all npx jest tiktoken` at full size. */

import { get_encoding } from 'tiktoken';

import { countTokens, countTokensBatch, decode, decodeBytes, encode, type Encoding } from '../src/index';
import { textOf } from './texts';

const ENGINES = ['native', 'fallback'] as const;
const TEXTS = Number(process.env['TEXTS'] ?? 1500);
/** npm tiktoken has no o200k_harmony, whose ordinary tokens are those of o200k_base. */
const PEERS: readonly (readonly [
  Encoding,
  'o200k_base' | 'cl100k_base' | 'p50k_base' | 'p50k_edit' | 'r50k_base',
])[] = [
  ['o200k_base', 'o200k_base'],
  ['o200k_harmony', 'o200k_base'],
  ['cl100k_base', 'cl100k_base'],
  ['p50k_base', 'p50k_base'],
  ['p50k_edit', 'p50k_edit'],
  ['r50k_base', 'r50k_base'],
];

describe.each(PEERS)('%s', (encoding, peer) => {
  const tiktoken = get_encoding(peer);

  afterAll(() => tiktoken.free());

  test('has the tokens of tiktoken on generated texts, with both engines', () => {
    const texts = Array.from({ length: TEXTS }, (_, seed) => textOf(seed + 1));
    const counts = ENGINES.map((engine) => countTokensBatch(texts, encoding, { engine }));
    const different: unknown[] = [];
    texts.forEach((text, index) => {
      const expected = tiktoken.encode_ordinary(text);
      for (const [which, engine] of ENGINES.entries()) {
        const tokens = encode(text, encoding, { engine });
        const same = tokens.length === expected.length && tokens.every((token, at) => token === expected[at]);
        if (!same || counts[which]![index] !== expected.length)
          different.push({ engine, text, tokens, expected });
      }
    });
    expect(different.slice(0, 3)).toEqual([]);
  });

  test('decodes what tiktoken encodes', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const text = textOf(seed);
      const tokens = tiktoken.encode_ordinary(text);
      for (const engine of ENGINES) {
        expect(decode(tokens, encoding, { engine })).toBe(text.replace(LONE, '\ufffd'));
        expect(decodeBytes(tokens, encoding, { engine })).toEqual(Buffer.from(tiktoken.decode(tokens)));
      }
    }
  });
});

const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Every code point takes minutes: `POINTS=all npx jest tiktoken` has them all, and a run without it some of each block. */
describe('a sweep of code points', () => {
  const isWhole = process.env['POINTS'] === 'all';
  jest.setTimeout(isWhole ? 3_600_000 : 60_000);

  test.each(PEERS)('%s', (encoding, peer) => {
    const tiktoken = get_encoding(peer);
    const different: string[] = [];
    let swept = 0;
    for (let point = 0; point < 0x110000; point += isWhole ? 1 : point < 0x20000 ? 17 : 1021) {
      const char = String.fromCodePoint(point);
      const text = `a${char}b ${char}A${char}  ${char}1${char}${char}.${char}'s`;
      const expected = tiktoken.encode_ordinary(text);
      swept++;
      for (const engine of ENGINES) {
        const tokens = encode(text, encoding, { engine });
        if (tokens.length !== expected.length || tokens.some((token, at) => token !== expected[at])) {
          different.push(`${engine} U+${point.toString(16)}`);
        }
      }
    }
    tiktoken.free();
    expect(different.slice(0, 10)).toEqual([]);
    expect(swept).toBeGreaterThan(isWhole ? 1_114_111 : 8000);
  });
});

test('special tokens of all encodings are those of tiktoken, where they are allowed', () => {
  for (const [encoding, peer] of PEERS) {
    const tiktoken = get_encoding(peer);
    const names = ['<|endoftext|>', '<|endofprompt|>', '<|fim_prefix|>', '<|fim_middle|>', '<|fim_suffix|>'];
    const text = `a<|endoftext|>b <|<|endofprompt|>|> <|fim_prefix|><|fim_suffix|>c<|fim_middle|> <|x|>`;
    const expected = [...tiktoken.encode(text, 'all')];
    for (const engine of ENGINES) {
      const all = encode(text, encoding, { allowedSpecial: 'all', engine });
      expect([...all]).toEqual(expected);
      expect([...encode(text, encoding, { allowedSpecial: names, engine })]).toEqual(expected);
      expect(countTokens(text, encoding, { allowedSpecial: 'all', engine })).toBe(expected.length);
      expect(decode(all, encoding, { engine })).toBe(text);
    }
    tiktoken.free();
  }
});
