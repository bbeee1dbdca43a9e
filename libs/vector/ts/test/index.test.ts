import {
  createVectorIndex,
  type Filter,
  type Metadata,
  type VectorIndex,
  type VectorIndexOptions,
} from '../src';
import { codeOf, codeOfAsync, detached, ENGINES, METRICS, numbers, plainScore } from './vectors';

const DIMS = 48;
const ROWS = numbers(DIMS * 400, 31);
const KEYS = Array.from({ length: 400 }, (_, row) => `key ${row}`);
const QUERY = numbers(DIMS, 32);

const METADATA: (Metadata | undefined)[] = KEYS.map((_, row) =>
  row % 5 === 0
    ? undefined
    : { row, lang: row % 2 ? 'en' : 'dé', draft: row % 3 === 0, note: row % 7 ? null : 'x' },
);

const STORAGES: Pick<VectorIndexOptions, 'storage' | 'rescore'>[] = [
  { storage: 'f32' },
  { storage: 'f16' },
  { storage: 'f16', rescore: true },
  { storage: 'i8' },
  { storage: 'i8', rescore: false },
  { storage: 'b1' },
  { storage: 'b1', rescore: false },
];

const rowOf = (row: number): Float32Array => ROWS.subarray(row * DIMS, (row + 1) * DIMS);

function filled(options: Omit<VectorIndexOptions, 'dims'>): VectorIndex {
  const index = createVectorIndex({ dims: DIMS, ...options });
  index.addMany(KEYS, ROWS, METADATA);
  return index;
}

describe.each(ENGINES)('with the %s engine', (engine) => {
  test.each(STORAGES)('%o: the best are those of a sorted list of what is kept', (storage) => {
    for (const metric of METRICS) {
      const index = filled({ engine, metric, ...storage });
      for (let row = 0; row < 400; row += 3) index.remove(`key ${row}`);
      const all = KEYS.flatMap((key) => {
        const entry = index.get(key);
        return entry === null ? [] : [{ key, score: plainScore(metric, QUERY, entry.vector) }];
      });
      const sign = metric === 'cosine' || metric === 'dot' ? -1 : 1;
      all.sort((left, right) => sign * (left.score - right.score));
      const hits = index.searchSync(QUERY, 10, { effort: 400 });
      expect(hits.map(({ key }) => key)).toEqual(all.slice(0, 10).map(({ key }) => key));
      hits.forEach(({ score }, place) => expect(score).toBeCloseTo(all[place]!.score, 6));
      index.close();
    }
  });

  test('a key that is there keeps its row and gets what is new', () => {
    const index = filled({ engine });
    const row = index.rowOf('key 7');
    expect(index.add('key 7', QUERY)).toBe(row);
    expect(index.size).toBe(400);
    expect(index.get('key 7')).toEqual({ vector: QUERY });
    expect(index.searchSync(QUERY, 1)[0]).toEqual({ key: 'key 7', row, score: 1 });
    expect(index.remove('key 7')).toBe(true);
    expect(index.remove('key 7')).toBe(false);
    expect(index.has('key 7')).toBe(false);
    expect(index.keyOf(row!)).toBeNull();
    expect(index.add('another', QUERY, { a: 1 })).toBe(row);
    expect(index.get('another')).toEqual({ vector: QUERY, metadata: { a: 1 } });
  });

  test('rows are compared by their numbers', () => {
    for (const metric of METRICS) {
      const index = filled({ engine, metric });
      const [left, right] = [index.rowOf('key 3')!, index.rowOf('key 9')!];
      expect(index.similarity(left, right)).toBeCloseTo(plainScore(metric, rowOf(3), rowOf(9)), 5);
      index.remove('key 3');
      for (const wrong of [left, 400, -1, 1.5, NaN, '0', undefined]) {
        expect(codeOf(() => index.similarity(wrong as number, right))).toBe('ROW_UNKNOWN');
        expect(codeOf(() => index.similarity(right, wrong as number))).toBe('ROW_UNKNOWN');
      }
    }
  });

  test.each<[Filter, (metadata: Metadata) => boolean]>([
    [{ lang: 'en' }, ({ lang }) => lang === 'en'],
    [{ lang: 'dé', draft: true }, ({ lang, draft }) => lang === 'dé' && draft === true],
    [{ row: { $gte: 10, $lt: 40 } }, ({ row }) => (row as number) >= 10 && (row as number) < 40],
    [{ row: { $gt: 390 } }, ({ row }) => (row as number) > 390],
    [{ row: { $in: [1, 2, 999, 'x'] } }, ({ row }) => row === 1 || row === 2],
    [{ row: { $nin: [1, 2] } }, ({ row }) => row !== 1 && row !== 2],
    [{ note: { $ne: null } }, ({ note }) => note !== null],
    [{ note: null }, ({ note }) => note === null],
    [{ lang: { $gt: 'da' } }, ({ lang }) => lang !== undefined],
    [{ lang: { $gt: 5 } }, () => false],
    [{ draft: { $lt: true } }, ({ draft }) => draft === false],
    [{ row: { $exists: false } }, ({ row }) => row === undefined],
    [{ $or: [{ row: 1 }, { row: 3 }, { $and: [] }] }, () => true],
    [{ $or: [] }, () => false],
    [{ $not: { lang: 'en' } }, ({ lang }) => lang !== 'en'],
    [
      { $and: [{ lang: 'en' }, { $not: { draft: true } }], row: { $lte: 99 } },
      ({ lang, draft, row }) => lang === 'en' && draft !== true && (row as number) <= 99,
    ],
    [{}, () => true],
  ])('%j lets through what it says', (filter, passes) => {
    const index = filled({ engine });
    const found = index.searchSync(QUERY, 400, { filter }).map(({ key }) => key);
    const expected = KEYS.filter((_, row) => passes(METADATA[row] ?? {}));
    expect(found.sort()).toEqual(expected.sort());
    const signs = filled({ engine, storage: 'b1' });
    expect(
      signs
        .searchSync(QUERY, 400, { filter })
        .map(({ key }) => key)
        .sort(),
    ).toEqual(expected);
  });

  test('minScore keeps out what is worse', () => {
    for (const metric of METRICS) {
      const index = filled({ engine, metric });
      const all = index.searchSync(QUERY, 400);
      for (const least of [all[20]!.score, all[0]!.score, 1e9, -1e9]) {
        const isDistance = metric.toLowerCase().includes('euclidean');
        const expected = all.filter(({ score }) => (isDistance ? score <= least : score >= least));
        expect(index.searchSync(QUERY, 400, { minScore: least })).toEqual(expected);
      }
    }
  });

  test('diverse hits are far from each other', () => {
    const index = createVectorIndex({ dims: 2, engine });
    index.addMany(['a', 'b', 'c'], Float32Array.of(1, 0.1, 1, 0.11, 0.5, 1));
    const keys = (diversity: number): string[] =>
      index.searchSync(Float32Array.of(1, 0), 2, { diversity }).map(({ key }) => key);
    expect(keys(1)).toEqual(['a', 'b']);
    expect(keys(0.3)).toEqual(['a', 'c']);
  });

  test('a search is of what was there when it was asked for', async () => {
    const index = filled({ engine });
    const query = QUERY.slice();
    const expected = index.searchSync(QUERY, 5);
    const running = index.search(query, 5);
    query.fill(0);
    for (const { key } of expected) index.remove(key);
    index.add('new', QUERY);
    expect(await running).toEqual(expected);
    const last = index.search(QUERY, 1);
    index.close();
    expect((await last)[0]!.key).toBe('new');
  });

  test('a signal calls a search off before, during and after', async () => {
    const index = filled({ engine });
    const reason = new Error('called off');
    await expect(index.search(QUERY, 1, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const during = new AbortController();
    const running = index.search(QUERY, 1, { signal: during.signal });
    during.abort(reason);
    // It may have been faster.
    await running.then(
      (hits) => expect(hits).toHaveLength(1),
      (error: unknown) => expect(error).toBe(reason),
    );
    const after = new AbortController();
    const hits = await index.search(QUERY, 1, { signal: after.signal });
    after.abort(reason);
    expect(hits).toHaveLength(1);
  });

  test('a closed index refuses everything with a code', async () => {
    const index = filled({ engine });
    index.close();
    index.close();
    for (const call of [
      () => index.add('a', QUERY),
      () => index.addMany(['a'], QUERY),
      () => index.remove('a'),
      () => index.get('a'),
      () => index.rowOf('a'),
      () => index.keyOf(0),
      () => index.similarity(0, 1),
      () => index.searchSync(QUERY, 1),
      () => index.stats(),
    ]) {
      expect(codeOf(call)).toBe('INDEX_CLOSED');
    }
    expect(await codeOfAsync(index.search(QUERY, 1))).toBe('INDEX_CLOSED');
    expect(await codeOfAsync(index.save('unused'))).toBe('INDEX_CLOSED');
  });

  test('what cannot be kept is refused with a code, and nothing is added', () => {
    const index = createVectorIndex({ dims: 3, engine });
    const vector = Float32Array.of(1, 2, 3);
    for (const [code, call] of [
      ['KEY_INVALID', () => index.add('', vector)],
      ['KEY_INVALID', () => index.add('\ud800', vector)],
      ['KEY_INVALID', () => index.add('x'.repeat(65_536), vector)],
      ['KEY_INVALID', () => index.add('é'.repeat(32_768), vector)],
      ['KEY_INVALID', () => index.add(7 as never, vector)],
      ['DIMS_MISMATCH', () => index.add('a', Float32Array.of(1, 2))],
      ['INPUT_INVALID', () => index.add('a', [1, 2, 3] as never)],
      ['INPUT_INVALID', () => index.add('a', detached(3))],
      ['VECTOR_NOT_FINITE', () => index.add('a', Float32Array.of(1, NaN, 3))],
      ['VECTOR_NOT_FINITE', () => index.addMany(['a', 'b'], Float32Array.of(1, 2, 3, 4, 5, Infinity))],
      ['DIMS_MISMATCH', () => index.addMany(['a', 'b'], vector)],
      ['KEY_INVALID', () => index.addMany(['a', ''], Float32Array.of(1, 2, 3, 4, 5, 6))],
      ['METADATA_INVALID', () => index.add('a', vector, { a: NaN })],
      ['METADATA_INVALID', () => index.add('a', vector, { a: [] as never })],
      ['METADATA_INVALID', () => index.add('a', vector, { a: '\udfff' })],
      ['METADATA_INVALID', () => index.add('a', vector, 'text' as never)],
      ['INPUT_INVALID', () => index.addMany(['a'], vector, [])],
      ['VECTOR_NOT_FINITE', () => index.searchSync(Float32Array.of(1, 2, NaN), 1)],
      ['OPTION_INVALID', () => index.searchSync(vector, 0)],
      ['OPTION_INVALID', () => index.searchSync(vector, 1, { diversity: 1.1 })],
      ['OPTION_INVALID', () => index.searchSync(vector, 1, { minScore: NaN })],
      ['FILTER_INVALID', () => index.searchSync(vector, 1, { filter: { $xor: [] } })],
      ['FILTER_INVALID', () => index.searchSync(vector, 1, { filter: { a: { $regex: 'x' } } })],
      ['FILTER_INVALID', () => index.searchSync(vector, 1, { filter: { a: [1] as never } })],
      ['OPTION_INVALID', () => createVectorIndex({ dims: 0, engine })],
      ['OPTION_INVALID', () => createVectorIndex({ dims: 65_537, engine })],
      ['OPTION_INVALID', () => createVectorIndex({ dims: 3, engine, storage: 'f8' as never })],
    ] as const) {
      expect([code, codeOf(call)]).toEqual([code, code]);
    }
    let deep: Filter = { a: 1 };
    for (let level = 0; level < 16; level++) deep = { $not: deep };
    expect(codeOf(() => index.searchSync(vector, 1, { filter: deep }))).toBe('FILTER_INVALID');
    expect(index.size).toBe(0);
    expect(index.searchSync(vector, 5)).toEqual([]);
    index.add('x'.repeat(65_535), vector, { ['__proto__']: 1, '': 'ok', big: -0 });
    expect(index.get('x'.repeat(65_535))?.metadata).toEqual({ ['__proto__']: 1, '': 'ok', big: 0 });
  });
});

test('both engines answer alike, bit for bit', () => {
  for (const storage of STORAGES) {
    for (const metric of METRICS) {
      const [native, fallback] = ENGINES.map((engine) => filled({ engine, metric, ...storage }));
      for (const options of [{}, { diversity: 0.4 }, { filter: { lang: 'en' } }, { effort: 20 }]) {
        expect(native!.searchSync(QUERY, 20, options)).toEqual(fallback!.searchSync(QUERY, 20, options));
      }
      expect(native!.get('key 5')).toEqual(fallback!.get('key 5'));
    }
  }
});

test('the native index takes at most 1.1 times the bytes of its vectors', () => {
  const index = createVectorIndex({ dims: 384, engine: 'native' });
  index.addMany(
    Array.from({ length: 3000 }, (_, row) => `document-${row}`),
    numbers(384 * 3000, 1),
  );
  expect(index.stats().bytes).toBeLessThan(1.1 * 3000 * 384 * 4);
});
