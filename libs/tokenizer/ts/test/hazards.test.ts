/** Arguments of every kind, with both engines: the same answer or the same code. */

import {
  capability,
  chunkByTokens,
  compress,
  compressAsync,
  compressContext,
  compressContextAsync,
  countChatTokens,
  countChatTokensAsync,
  countTokens,
  countTokensAsync,
  countTokensBatch,
  countTokensBatchAsync,
  createTokenCounter,
  decode,
  decodeBytes,
  decompress,
  decompressAsync,
  encode,
  estimateJsonTokens,
  isWithinTokenLimit,
  trainDictionary,
  trainDictionaryAsync,
  truncateTokens,
} from '../src/index';

jest.setTimeout(60_000);

const ENGINES = ['native', 'fallback'] as const;

/** What both engines answer, or the code of what they throw. */
function both(call: (options: { engine: 'native' | 'fallback' }) => unknown): unknown {
  const [native, fallback] = ENGINES.map((engine) => {
    try {
      return { answer: call({ engine }) };
    } catch (error) {
      return { code: (error as { code?: string }).code ?? String(error) };
    }
  });
  expect(fallback).toEqual(native);
  return native!.answer ?? native!.code;
}

function detached<T extends Uint8Array | Uint32Array>(array: T): T {
  structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
  return array;
}

test('what feigns to be a typed array is refused', () => {
  const bytes = { [Symbol.toStringTag]: 'Uint8Array', length: 3 } as unknown as Uint8Array;
  const tokens = { [Symbol.toStringTag]: 'Uint32Array', length: 3 } as unknown as Uint32Array;
  expect(both((options) => countTokens(bytes, undefined, options))).toBe('INPUT_INVALID');
  expect(both((options) => decode(tokens, undefined, options))).toBe('INPUT_INVALID');
  expect(both((options) => compress(bytes, options))).toBe('INPUT_INVALID');
  expect(both((options) => decompress(bytes, { maxBytes: 9, ...options }))).toBe('INPUT_INVALID');
});

test('detached and shared memory', () => {
  expect(both((options) => countTokens(detached(new Uint8Array(8)), undefined, options))).toBe(0);
  expect(both((options) => decode(detached(new Uint32Array(8)), undefined, options))).toBe('');
  expect(both((options) => decompress(detached(new Uint8Array(8)), { maxBytes: 9, ...options }))).toBe(
    'DATA_DAMAGED',
  );
  const shared = new Uint8Array(new SharedArrayBuffer(8)).fill(97);
  expect(both((options) => countTokens(shared, undefined, options))).toBe(1);
  expect(both((options) => decode(new Uint32Array(new SharedArrayBuffer(8)), undefined, options))).toBe('!!');
});

test('bytes that are no string of V8 any more are refused, and not copied', () => {
  const most = 2 ** 29 - 24;
  expect(both((options) => countTokens(Buffer.alloc(most + 1), undefined, options))).toBe('INPUT_INVALID');
  expect(both((options) => countTokens(Buffer.alloc(2 ** 31 + 1), undefined, options))).toBe('INPUT_INVALID');
});

test('a part of a Buffer, bytes that are no UTF-8, a byte order mark', () => {
  const part = Buffer.from('xxhello worldyy').subarray(2, 13);
  expect(both((options) => countTokens(part, undefined, options))).toBe(2);
  const broken = Buffer.from([0x61, 0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80, 0xf0, 0x9f]);
  const expected = [...encode(new TextDecoder('utf-8').decode(broken))];
  expect(both((options) => [...encode(broken, undefined, options)])).toEqual(expected);
  expect(both((options) => [...encode(Buffer.from([0xef, 0xbb, 0xbf, 0x61]), undefined, options)])).toEqual([
    5574, 64,
  ]);
});

test('an array whose elements change while they are read', () => {
  const texts = ['x', 'y'];
  let reads = 0;
  Object.defineProperty(texts, 1, { get: () => (reads++ === 0 ? 'y' : 5) });
  expect(() => countTokensBatch(texts, undefined, { engine: 'native' })).toThrow(
    expect.objectContaining({ code: 'INPUT_INVALID' }),
  );
});

test('long runs are encoded as merging would, from wherever they start', () => {
  for (const unit of ['a', '-', ' ', '=', 'ab', 'xyz', '中', '\u0301', '-=', '\n', '!?#', 'Aa']) {
    for (const length of [383, 384, 385, 640, 1001]) {
      for (const end of ['', 'b', '\n', 'Z ', ' x']) {
        const text = `${unit.repeat(length)}${end}`;
        const tokens = both((options) => [...encode(text, 'o200k_base', options)]) as number[];
        expect(decode(tokens)).toBe(text);
      }
    }
  }
});

test('frames that hold no data, cut ones, and what is behind a frame', () => {
  const frame = compress('zstd '.repeat(200));
  const skipped = Buffer.from([0x5f, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
  const read = (...parts: Uint8Array[]): unknown =>
    both((options) => decompress(Buffer.concat(parts), { maxBytes: 2000, ...options }).length);
  expect(read(skipped, frame, skipped, frame)).toBe(2000);
  expect(read(skipped)).toBe(0);
  expect(read(frame, frame, frame)).toBe('OUTPUT_TOO_LARGE');
  for (let end = 0; end < frame.length; end++) expect(read(frame.subarray(0, end))).toBe('DATA_DAMAGED');
  for (let end = 1; end < skipped.length; end++) {
    expect(read(frame, skipped.subarray(0, end))).toBe('DATA_DAMAGED');
  }
  expect(read(frame, Buffer.from('garbage'))).toBe('DATA_DAMAGED');
});

test('long texts are cut as short ones are', () => {
  const line = 'The quick brown fox, 中文 and 👩‍👩‍👧 jumps over 12345 lazy dogs.\r\n';
  const text = line.repeat(3000);
  for (const side of ['end', 'start', 'middle'] as const) {
    for (const limit of [0, 1, 7, 100, 3001]) {
      const cut = both((options) => truncateTokens(text, limit, { side, ...options })) as string;
      expect(countTokens(cut)).toBeLessThanOrEqual(limit);
      // A character has at most some tokens, which is what may be missing.
      expect(countTokens(cut)).toBeGreaterThanOrEqual(limit - 8);
      if (side === 'end') expect(text.startsWith(cut)).toBe(true);
      if (side === 'start') expect(text.endsWith(cut)).toBe(true);
    }
  }
  const solid = 'x'.repeat(100_000);
  expect(both((options) => truncateTokens(solid, 10, { side: 'middle', ...options }))).toBe('x'.repeat(80));
  expect(both((options) => chunkByTokens('a b c', { maxTokens: 2, overlap: 2, ...options }))).toBe(
    'OPTION_INVALID',
  );
});

test('options that are no object, and signals that are none, are errors with a code', async () => {
  const messages = [{ role: 'user', content: 'a' }];
  const frame = compress('a');
  const calls: readonly ((options: never) => unknown)[] = [
    (options) => countTokens('a', undefined, options),
    (options) => countTokensBatch(['a'], undefined, options),
    (options) => isWithinTokenLimit('a', 1, undefined, options),
    (options) => encode('a', undefined, options),
    (options) => decode([1], undefined, options),
    (options) => decodeBytes([1], undefined, options),
    (options) => truncateTokens('a', 1, options),
    (options) => chunkByTokens('a', options),
    (options) => createTokenCounter(undefined, options),
    (options) => countChatTokens(messages, undefined, options),
    (options) => estimateJsonTokens({}, undefined, options),
    (options) => compressContext(messages, options),
    (options) => compress('a', options),
    (options) => decompress(frame, options),
    (options) => trainDictionary(['a'], options),
    (options) => capability(options),
    (options) => compressAsync('a', options),
    (options) => decompressAsync(frame, options),
    (options) => trainDictionaryAsync(['a'], options),
  ];
  const signalled: readonly ((options: never) => Promise<unknown>)[] = [
    (options) => countTokensAsync('a', undefined, options),
    (options) => countTokensBatchAsync(['a'], undefined, options),
    (options) => countChatTokensAsync(messages, undefined, options),
    (options) => compressContextAsync(messages, { ...(options as object), maxTokens: 9 }),
  ];
  const refused = { code: 'OPTION_INVALID', track: 'tokenizer' };
  for (const wrong of [null, 5, 'x', [], () => 0] as never[]) {
    for (const call of [...calls, ...signalled.slice(0, 3)]) {
      await expect(Promise.resolve().then(() => call(wrong))).rejects.toMatchObject(refused);
    }
  }
  for (const signal of [5, null, {}, new AbortController()]) {
    for (const call of signalled) await expect(call({ signal } as never)).rejects.toMatchObject(refused);
  }
});

test('a run of full stops is looked at once for the end of a sentence', () => {
  const text = '.!?'.repeat(70_000) + 'a. b';
  const chunks = chunkByTokens(text, { maxTokens: 60_000, boundary: 'sentence' });
  expect(chunks.map((chunk) => chunk.text).join('')).toBe(text);
});
