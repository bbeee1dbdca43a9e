import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';

import { FallbackTextIndex, type TextEngine } from '../src/bm25';
import { NativeTextIndex } from '../src/bm25-native';
import { terms } from '../src/bm25-text';
import { checkFilter } from '../src/encoding';
import { selectNative } from '../src/native';

jest.setTimeout(60_000);

const native = selectNative('native')!;
const WEIGHTS = { k1: 1.2, b: 0.75 };
const ENGINES = ['native', 'fallback'] as const;
const make = {
  native: (): TextEngine => NativeTextIndex.create(native, WEIGHTS),
  fallback: (): TextEngine => new FallbackTextIndex(WEIGHTS),
};

/** Characters of every kind that the rules of words speak of, and some that they do not. */
const CHARACTERS = [
  ..."abzABZ019_'’.,- \n/",
  ...'éÉßſİıΣσςῼǅﬁⅫ½²ª',
  ...'日本語カタカナひらがな々ーｶﾞ中𠀀',
  ...'한국어हिन्दीไทยລາວမြန်မာខ្មែרעבעربي',
  '\u0301',
  '\u0345',
  '\u200d',
  '\ufeff',
  '\u2044',
  '🦀',
  '\ud800',
  '\udc00',
];
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom(...CHARACTERS), maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
);

describe('terms', () => {
  test('both engines find the same terms', () => {
    fc.assert(
      fc.property(text, (sample) => {
        expect(terms(sample)).toEqual(native.terms(sample));
      }),
      { numRuns: 3000, seed: 7 },
    );
  });

  test('names and data of any length', () => {
    for (const length of [63, 64, 65, 255, 256, 257, 5000]) {
      for (const unit of ['a', 'aB', 'A_', '𝔸b', '日', "d'", '1.']) {
        const sample = unit.repeat(length);
        expect(terms(sample)).toEqual(native.terms(sample));
      }
    }
  });

  test('an example', () => {
    const sample = "Don't call readFile() on 東京都, v1.2: SCREAMING_CASE, HTTPServer";
    expect(terms(sample)).toEqual([
      ...['dont', 'call', 'readfile', 'read', 'file', 'on', '東京', '京都', 'v1.2'],
      ...['screamingcase', 'screaming', 'case', 'httpserver', 'http', 'server'],
    ]);
  });
});

const key = fc.constantFrom(...'abcdefgh');
const step = fc.oneof(
  fc.record({ key, text: fc.string({ unit: fc.constantFrom(...'xyzé '), maxLength: 14 }), kind: fc.nat(2) }),
  fc.record({ key }),
);

test('both engines rank alike, bit for bit, after any history, and write the same bytes', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.string({ unit: fc.constantFrom(...'xyzéw '), maxLength: 9 }),
      (steps, query) => {
        const filter = checkFilter({ kind: { $gte: 1 } });
        const [left, right] = ENGINES.map((engine) => {
          const index = make[engine]();
          const told = steps.map((one) =>
            'text' in one ? index.add(one.key, one.text, { kind: one.kind }) : index.remove(one.key),
          );
          return {
            told,
            all: index.search(query, 100, undefined),
            few: index.search(query, 2, undefined),
            filtered: index.search(query, 100, filter),
            bytes: index.toBytes().toString('hex'),
            keys: index.keys(),
            texts: index.stats().texts,
            terms: index.stats().terms,
          };
        });
        expect(left).toEqual(right);
      },
    ),
    { numRuns: 300, seed: 11 },
  );
});

test('each engine reads what the other wrote', () => {
  const read = {
    native: (bytes: Buffer): TextEngine => NativeTextIndex.fromBytes(native, bytes),
    fallback: (bytes: Buffer): TextEngine => FallbackTextIndex.fromBytes(bytes),
  };
  for (const [writing, reading] of [
    ['native', 'fallback'],
    ['fallback', 'native'],
  ] as const) {
    const writer = make[writing]();
    writer.add('𝔸', 'bits 𠮷 and ﬀ and \uffee', { a: 'ü', b: null, c: true, d: -1.5 });
    writer.add('Z', 'word '.repeat(1000), undefined);
    writer.add('empty', '', undefined);
    const reader = read[reading](writer.toBytes());
    expect(reader.toBytes()).toEqual(writer.toBytes());
    expect(reader.search('word bits', 9, undefined)).toEqual(writer.search('word bits', 9, undefined));
    expect(reader.metadataOf('𝔸')).toEqual({ a: 'ü', b: null, c: true, d: -1.5 });
  }
});

test.each(ENGINES)('%s: bytes that were cut or changed are refused', (engine) => {
  const index = make[engine]();
  index.add('a', 'some words of a text', { n: 1 });
  index.add('b', 'other words', undefined);
  const bytes = index.toBytes();
  const read = (some: Buffer): unknown =>
    engine === 'native' ? NativeTextIndex.fromBytes(native, some) : FallbackTextIndex.fromBytes(some);
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 0x10;
    expect(() => read(changed)).toThrow();
    expect(() => read(bytes.subarray(0, at))).toThrow();
  }
});

/** What `fixtures/fts5.py` asked of SQLite. */
interface Fts5 {
  readonly removed: number;
  readonly texts: readonly string[];
  readonly single: Readonly<Record<string, readonly [row: number, score: number][]>>;
  readonly pairs: Readonly<Record<string, readonly number[]>>;
}

/** Its formula is ours but for the idf, `ln((n - df + 0.5) / (df + 0.5))`, and 1e-6 where that is not above 0. */
describe.each(ENGINES)('%s: SQLite FTS5', (engine) => {
  const fts5 = JSON.parse(readFileSync(join(__dirname, 'fixtures', 'fts5.json'), 'utf8')) as Fts5;
  const index = make[engine]();
  for (const [row, body] of fts5.texts.entries()) index.add(String(row), body, undefined);
  for (let row = 0; row < fts5.texts.length; row += fts5.removed) index.remove(String(row));
  const { texts } = index.stats();

  test('gives scores for a word in one proportion to ours', () => {
    let compared = 0;
    for (const [word, theirs] of Object.entries(fts5.single)) {
      const ours = new Map(index.search(word, 1000, undefined).map((hit) => [Number(hit.key), hit.score]));
      expect([...ours.keys()].sort()).toEqual(theirs.map(([row]) => row).sort());
      if (theirs.length === 0) continue;
      const idf = (least: number): number =>
        Math.log(least + (texts - theirs.length + 0.5) / (theirs.length + 0.5));
      const proportion = idf(1) / (theirs.length < texts / 2 ? idf(0) : 1e-6);
      for (const [row, score] of theirs) expect(ours.get(row)! / score / proportion).toBeCloseTo(1, 6);
      compared += theirs.length;
    }
    expect(compared).toBeGreaterThan(500);
  });

  test('has nearly the same ten best texts for two words', () => {
    let shared = 0;
    let asked = 0;
    for (const [words, theirs] of Object.entries(fts5.pairs)) {
      const ours = new Set(index.search(words, 10, undefined).map((hit) => Number(hit.key)));
      asked += theirs.length;
      shared += theirs.filter((row) => ours.has(row)).length;
    }
    expect(asked).toBeGreaterThan(300);
    expect(shared / asked).toBeGreaterThan(0.97);
  });
});
