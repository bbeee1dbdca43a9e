import { execFileSync, spawnSync } from 'node:child_process';

import {
  compress,
  compressAsync,
  decompress,
  decompressAsync,
  trainDictionary,
  trainDictionaryAsync,
} from '../src/index';
import { seeded, textOf } from './texts';

const ENGINES = ['native', 'fallback'] as const;
const coded = (code: string): Error => expect.objectContaining({ code, track: 'tokenizer' }) as Error;
const payloads = (): Buffer[] => [
  Buffer.alloc(0),
  Buffer.from('a'),
  Buffer.alloc(3_000_000, 'abc'),
  Buffer.from(Array.from({ length: 700 }, (_, seed) => textOf(seed)).join('')),
  Buffer.from(Array.from({ length: 300_000 }, (_, index) => seeded(index)(256))),
];

describe.each(ENGINES)('written by %s', (writer) => {
  test.each(ENGINES)('is read by %s', async (reader) => {
    for (const payload of payloads()) {
      const frame = compress(payload, { engine: writer });
      const options = { maxBytes: payload.length, engine: reader };
      expect(Buffer.compare(decompress(frame, options), payload)).toBe(0);
      expect(
        Buffer.compare(
          await decompressAsync(await compressAsync(payload, { engine: writer }), options),
          payload,
        ),
      ).toBe(0);
      if (payload.length > 0) {
        const less = { maxBytes: payload.length - 1, engine: reader };
        expect(() => decompress(frame, less)).toThrow(coded('OUTPUT_TOO_LARGE'));
        await expect(decompressAsync(frame, less)).rejects.toThrow(coded('OUTPUT_TOO_LARGE'));
      }
    }
  });

  const hasZstd = spawnSync('zstd', ['--version']).status === 0;
  (hasZstd ? test : test.skip)('is read by the zstd program', () => {
    for (const payload of payloads()) {
      const frame = compress(payload, { engine: writer });
      const output = execFileSync('zstd', ['-d', '-c'], { input: frame, maxBuffer: 1 << 24 });
      expect(Buffer.compare(output, payload)).toBe(0);
    }
  });
});

describe.each(ENGINES)('%s', (engine) => {
  test('what is no zstd, or is cut off, is an error', () => {
    const frame = compress(textOf(1).repeat(500), { engine: 'native' });
    for (const data of [
      Buffer.alloc(0),
      Buffer.from('hello, world'),
      Buffer.alloc(40, 0xff),
      frame.subarray(0, 40),
    ]) {
      expect(() => decompress(data, { maxBytes: 1e6, engine })).toThrow(coded('DATA_DAMAGED'));
    }
  });

  test('damaged data is an error or other data, never a crash', () => {
    const frame = compress(Buffer.alloc(20_000, textOf(3)), { engine: 'native' });
    for (let seed = 0; seed < 300; seed++) {
      const random = seeded(seed);
      const data = Buffer.from(frame);
      for (let times = 1 + random(4); times > 0; times--) data[random(data.length)] = random(256);
      try {
        expect(decompress(data, { maxBytes: 50_000, engine }).length).toBeLessThanOrEqual(50_000);
      } catch (error) {
        expect(['DATA_DAMAGED', 'OUTPUT_TOO_LARGE', 'NATIVE_ONLY']).toContain(
          (error as { code: string }).code,
        );
      }
    }
  });

  test('wrong options are errors', () => {
    expect(() => compress('a', { level: 23, engine })).toThrow(coded('OPTION_INVALID'));
    expect(() => compress('a', { level: NaN, engine })).toThrow(coded('OPTION_INVALID'));
    expect(() => compress(3 as never, { engine })).toThrow(coded('INPUT_INVALID'));
    expect(() => decompress('a' as never, { maxBytes: 3, engine })).toThrow(coded('INPUT_INVALID'));
    expect(() => decompress(Buffer.alloc(9), undefined as never)).toThrow(coded('OPTION_INVALID'));
  });
});

test('a dictionary makes small payloads smaller, and is needed to read them', async () => {
  const samples = Array.from({ length: 500 }, (_, index) =>
    JSON.stringify({ role: 'tool', tool_call_id: `call_${index}`, content: `exit code ${index % 3}: done` }),
  );
  const dictionary = trainDictionary(samples, { maxBytes: 4096, engine: 'native' });
  expect(Buffer.from(await trainDictionaryAsync(samples, { maxBytes: 4096, engine: 'native' }))).toEqual(
    Buffer.from(dictionary),
  );
  const plain = compress(samples[7]!, { engine: 'native' });
  const small = compress(samples[7]!, { dictionary, engine: 'native' });
  expect(small.length).toBeLessThan(plain.length / 2);
  const options = { maxBytes: 1000, engine: 'native' } as const;
  expect(Buffer.from(decompress(small, { ...options, dictionary })).toString()).toBe(samples[7]);
  expect(() => decompress(small, options)).toThrow(coded('DATA_DAMAGED'));
  expect(() => decompress(small, { ...options, engine: 'fallback' })).toThrow(coded('NATIVE_ONLY'));
  expect(() => trainDictionary([], { engine: 'native' })).toThrow(coded('SAMPLES_UNFIT'));
  expect(() => trainDictionary(samples, { engine: 'fallback' })).toThrow(coded('NATIVE_ONLY'));
});
