import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createHybridIndex, HybridIndex } from '../src/hybrid';
import { fuse } from '../src/hybrid-fusion';

const ENGINES = ['native', 'fallback'] as const;
const coded = (code: string): object => expect.objectContaining({ code, track: 'vector' }) as object;

/** An embedding that knows three meanings. */
const MEANINGS: Record<string, number> = {
  cat: 0,
  kitten: 0,
  feline: 0,
  dog: 1,
  puppy: 1,
  car: 2,
  engine: 2,
};
const embed = (texts: string[]): Promise<Float32Array[]> =>
  Promise.resolve(
    texts.map((text) => {
      const vector = new Float32Array(3).fill(0.1);
      for (const word of text.toLowerCase().split(/\W+/)) {
        if (word in MEANINGS) vector[MEANINGS[word]!]! += 1;
      }
      return vector;
    }),
  );

jest.setTimeout(60_000);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fishplate-hybrid-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('fuse', () => {
  const fusion = { constant: 60, depth: 100, text: 1, vectors: 1 };
  const ranked = (...keys: string[]): { key: string; score: number }[] =>
    keys.map((key, at) => ({ key, score: 10 - at }));

  test('scores are sums of reciprocal ranks', () => {
    const fused = fuse(ranked('a', 'b'), ranked('b', 'c'), fusion);
    expect(fused.map(({ key }) => key)).toEqual(['b', 'a', 'c']);
    expect(fused[0]).toEqual({
      key: 'b',
      score: 1 / 62 + 1 / 61,
      text: { score: 9, rank: 2 },
      vector: { score: 10, rank: 1 },
    });
    expect(fused[1]).toMatchObject({ score: 1 / 61, vector: null });
    expect(fused[2]).toMatchObject({ score: 1 / 62, text: null });
  });

  test('of equal scores the one comes first that words have first', () => {
    expect(fuse(ranked('a', 'b'), ranked('b', 'a'), fusion).map(({ key }) => key)).toEqual(['a', 'b']);
    expect(fuse(ranked('a'), ranked('b'), fusion).map(({ key }) => key)).toEqual(['a', 'b']);
  });

  test('weights', () => {
    expect(fuse(ranked('a'), ranked('b'), { ...fusion, vectors: 2 })[0]!.key).toBe('b');
  });
});

describe.each(ENGINES)('%s', (engine) => {
  test('without vectors words alone rank', async () => {
    const index = createHybridIndex({ engine });
    await index.add('a', { text: 'how to read a file', metadata: { kind: 'note' } });
    await index.add('b', { text: 'readFile reads a file, another file' });
    await index.add('c', { text: 'nothing of the sort' });
    const hits = await index.search('read file', 10);
    expect(hits.map(({ key }) => key).sort()).toEqual(['a', 'b']);
    expect(hits[0]!.text!.rank).toBe(1);
    expect(hits[0]!.text!.score).toBeGreaterThan(hits[1]!.text!.score);
    expect(hits.every(({ vector }) => vector === null)).toBe(true);
    expect(hits.find(({ key }) => key === 'a')!.metadata).toEqual({ kind: 'note' });
    expect(index.searchSync('read file', 10)).toEqual(hits);
    expect(index.stats()).toMatchObject({
      texts: 3,
      vectors: null,
      engine: engine === 'native' ? 'native' : 'js',
    });
    index.close();
  });

  test('with an embedding function meaning counts too', async () => {
    const index = createHybridIndex({ engine, embed });
    await index.addMany([
      ['kitten', { text: 'A kitten sleeps' }],
      ['dog', { text: 'A dog barks' }],
      ['car', { text: 'The car has an engine' }],
    ]);
    const hits = await index.search('feline', 3);
    expect(hits[0]).toMatchObject({ key: 'kitten', text: null, vector: { rank: 1 } });
    expect(hits[0]!.vector!.score).toBeGreaterThan(0.95);
    const both = await index.search('dog', 1);
    expect(both[0]).toMatchObject({ key: 'dog', text: { rank: 1 }, vector: { rank: 1 } });
    expect(await index.search('feline', 3, { only: 'text' })).toEqual([]);
    expect((await index.search('dog', 3, { only: 'vectors' }))[0]).toMatchObject({ key: 'dog', text: null });
    expect(index.searchSync('feline', 3)).toEqual([]);
    const [vector] = await embed(['feline']);
    expect(index.searchSync({ vector: vector! }, 1)[0]!.key).toBe('kitten');
    index.close();
  });

  test('a filter holds for both rankings', async () => {
    const index = createHybridIndex({ engine, embed });
    await index.addMany([
      ['a', { text: 'cat', metadata: { year: 2020 } }],
      ['b', { text: 'kitten', metadata: { year: 2024 } }],
      ['c', { text: 'cat and kitten' }],
    ]);
    const hits = await index.search('cat', 10, { filter: { year: { $gte: 2021 } } });
    expect(hits.map(({ key, metadata }) => [key, metadata])).toEqual([['b', { year: 2024 }]]);
    const without = { filter: { year: { $exists: false } }, only: 'text' } as const;
    expect(await index.search('cat', 10, without)).toHaveLength(1);
    index.close();
  });

  test('what is replaced or removed is gone from both', async () => {
    const index = createHybridIndex({ engine, embed });
    await index.add('a', { text: 'cat', metadata: { n: 1 } });
    await index.add('a', { text: 'car' });
    expect((await index.search('cat', 5)).map(({ text }) => text)).toEqual([null]);
    expect(index.metadata('a')).toBeNull();
    expect(index.size).toBe(1);
    expect(index.remove('a')).toBe(true);
    expect(index.remove('a')).toBe(false);
    expect(await index.search('car', 5)).toEqual([]);
    expect(index.stats().vectors!.vectors).toBe(0);
    index.close();
    const bare = createHybridIndex({ engine });
    await bare.add('b', { text: 'dog', vector: new Float32Array([0, 1, 0]) });
    await bare.add('b', { text: 'dog' });
    expect(bare.stats()).toMatchObject({ texts: 1, vectors: { vectors: 0 } });
    bare.close();
  });

  test('of calls with one key the last one counts, however long embeddings take', async () => {
    const waiting: (() => void)[] = [];
    const slow = async (texts: string[]): Promise<Float32Array[]> => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return embed(texts);
    };
    const index = createHybridIndex({ engine, embed: slow });
    const additions = [
      index.add('a', { text: 'cat' }),
      index.add('a', { text: 'dog' }),
      index.add('b', { text: 'car' }),
      index.add('c', { text: 'first' }),
    ];
    expect(index.remove('b')).toBe(true);
    await index.add('c', { text: 'second', vector: new Float32Array([0, 0, 1]) });
    for (const resolve of waiting.reverse()) resolve();
    await Promise.all(additions);
    expect(index.keys().sort()).toEqual(['a', 'c']);
    expect(index.searchSync('dog', 5)).toHaveLength(1);
    expect(index.searchSync('cat', 5)).toHaveLength(0);
    expect(index.searchSync('second', 5)).toHaveLength(1);
    const late = index.add('d', { text: 'cat' });
    index.close();
    waiting.at(-1)!();
    await expect(late).rejects.toEqual(coded('INDEX_CLOSED'));
  });

  test('an embedding that fails changes nothing', async () => {
    let answer = (): unknown => embed(['cat']);
    const index = createHybridIndex({ engine, embed: async () => (await answer()) as Float32Array[] });
    await index.add('a', { text: 'cat' });
    for (const bad of [
      () => Promise.reject(new Error('quota')),
      () => [],
      () => [[1, 2, 3]],
      () => [new Float32Array(0)],
      () => null,
    ]) {
      answer = bad;
      await expect(index.add('a', { text: 'dog' })).rejects.toEqual(coded('EMBEDDING_FAILED'));
      await expect(index.search('cat', 1)).rejects.toEqual(coded('EMBEDDING_FAILED'));
    }
    answer = () => [new Float32Array(4)];
    await expect(index.add('a', { text: 'dog' })).rejects.toEqual(coded('DIMS_MISMATCH'));
    answer = () => [new Float32Array([1, NaN, 0])];
    await expect(index.add('a', { text: 'dog' })).rejects.toEqual(coded('VECTOR_NOT_FINITE'));
    expect(index.searchSync('cat', 5)).toHaveLength(1);
    expect(index.searchSync('dog', 5)).toHaveLength(0);
    index.close();
  });

  test('arguments that cannot be are refused, with nothing changed', async () => {
    const index = createHybridIndex({ engine });
    const text = 'a';
    const add = (key: unknown, entry: unknown): Promise<void> =>
      index.add(key as string, entry as { text: string });
    await expect(add('', { text })).rejects.toEqual(coded('KEY_INVALID'));
    await expect(add('\ud800', { text })).rejects.toEqual(coded('KEY_INVALID'));
    await expect(add('a', null)).rejects.toEqual(coded('INPUT_INVALID'));
    await expect(add('a', {})).rejects.toEqual(coded('TEXT_INVALID'));
    await expect(add('a', { text, vector: [1] })).rejects.toEqual(coded('INPUT_INVALID'));
    const infinite = new Float32Array([Infinity]);
    await expect(add('a', { text, vector: infinite })).rejects.toEqual(coded('VECTOR_NOT_FINITE'));
    await expect(add('a', { text, metadata: { a: [] } })).rejects.toEqual(coded('METADATA_INVALID'));
    const two = index.addMany([
      ['a', { text, vector: new Float32Array(2) }],
      ['b', { text, vector: new Float32Array(3) }],
    ]);
    await expect(two).rejects.toEqual(coded('DIMS_MISMATCH'));
    expect(index.size).toBe(0);
    await expect(index.search('', 0)).rejects.toEqual(coded('OPTION_INVALID'));
    await expect(index.search({}, 1)).rejects.toEqual(coded('INPUT_INVALID'));
    await expect(index.search(7 as never, 1)).rejects.toEqual(coded('INPUT_INVALID'));
    await expect(index.search('a', 1, { only: 'words' as never })).rejects.toEqual(coded('OPTION_INVALID'));
    await expect(index.search('a', 1, { filter: { $x: 1 } })).rejects.toEqual(coded('FILTER_INVALID'));
    const signal = AbortSignal.abort(new Error('stop'));
    await expect(index.search('a', 1, { signal })).rejects.toThrow('stop');
    for (const options of [
      { k1: -1 },
      { b: 2 },
      { fusion: { depth: 0 } },
      { embed: 1 },
      { vectors: { dims: 0 } },
      { vectors: { storage: 'f8' } },
    ]) {
      expect(() => createHybridIndex({ engine, ...options } as never)).toThrow(
        coded('OPTION_INVALID') as Error,
      );
    }
    expect(await index.search('', 5)).toEqual([]);
    index.close();
    await expect(index.search('a', 1)).rejects.toEqual(coded('INDEX_CLOSED'));
    expect(() => index.size).toThrow(coded('INDEX_CLOSED') as Error);
    index.close();
  });

  test('texts alone survive a save and a load', async () => {
    const path = join(folder, 'index');
    const index = createHybridIndex({ engine, k1: 0.9, fusion: { constant: 10 } });
    for (let number = 0; number < 50; number++) {
      await index.add(`k${number}`, { text: `word${number % 7} text ${number}`, metadata: { number } });
    }
    index.remove('k3');
    await Promise.all([index.save(path), index.save(path)]);
    expect(readdirSync(folder)).toEqual(['index']);
    for (const other of ENGINES) {
      const loaded = await HybridIndex.load(path, { engine: other });
      expect(loaded.keys()).toEqual(index.keys());
      expect(loaded.searchSync('word3 text 10', 20)).toEqual(index.searchSync('word3 text 10', 20));
      loaded.close();
    }
    index.close();
  });

  test('texts and vectors are saved as of one moment, and an old generation goes', async () => {
    const path = join(folder, 'index');
    const index = createHybridIndex({ engine, embed });
    await index.addMany([
      ['a', { text: 'cat', metadata: { n: 1 } }],
      ['b', { text: 'dog' }],
    ]);
    await index.save(path);
    const first = readdirSync(folder);
    expect(first).toHaveLength(2);
    // What a save that was killed has left goes with the next one; what is not ours stays.
    writeFileSync(`${path}.0123456789abcdef.new`, '');
    writeFileSync(`${path}.0123456789abcdef.vectors`, '');
    writeFileSync(`${path}.notes.vectors`, '');
    const saving = index.save(path);
    await index.add('c', { text: 'puppy' });
    await saving;
    const second = readdirSync(folder);
    expect(second).toHaveLength(3);
    expect(second.filter((name) => first.includes(name))).toEqual(['index']);
    for (const other of ENGINES) {
      for (const mmap of [false, true]) {
        const loaded = await HybridIndex.load(path, { engine: other, embed, mmap });
        const [vectors, texts] = [loaded.stats().vectors!.vectors, loaded.size];
        expect(vectors).toBe(texts);
        const hits = await loaded.search('kitten', 1);
        expect(hits).toEqual([{ ...hits[0], key: 'a', metadata: { n: 1 } }]);
        await loaded.add('d', { text: 'car' });
        expect((await loaded.search('engine', 1))[0]!.key).toBe('d');
        loaded.close();
      }
    }
    const vectorsFile = second.find((name) => /^index\.[0-9a-f]{16}\.vectors$/.test(name))!;
    rmSync(join(folder, vectorsFile));
    await expect(HybridIndex.load(path, { engine })).rejects.toEqual(coded('FILE_FAILED'));
    index.close();
  });

  test('a save that fails leaves what was there', async () => {
    const path = join(folder, 'index');
    const index = createHybridIndex({ engine, embed });
    await index.add('a', { text: 'cat' });
    await expect(index.save(join(folder, 'none', 'index'))).rejects.toEqual(coded('FILE_FAILED'));
    await index.save(path);
    const before = readdirSync(folder);
    mkdirSync(join(folder, 'taken'));
    await expect(index.save(join(folder, 'taken'))).rejects.toEqual(coded('FILE_FAILED'));
    expect(readdirSync(folder).sort()).toEqual([...before, 'taken'].sort());
    index.close();
  });

  test('a damaged, foreign, newer or missing file is refused', async () => {
    const path = join(folder, 'index');
    const index = createHybridIndex({ engine });
    await index.add('a', { text: 'some text' });
    await index.save(path);
    index.close();
    const whole = readFileSync(path);
    const load = (bytes: Uint8Array): Promise<unknown> => {
      writeFileSync(path, bytes);
      return HybridIndex.load(path, { engine });
    };
    // Every byte of the head, then some of each part.
    for (let at = 8; at < whole.length; at += at < 24 ? 1 : 9) {
      const changed = Buffer.from(whole);
      changed[at]! ^= 0x40;
      const code = at < 12 ? 'FILE_UNSUPPORTED' : 'FILE_DAMAGED';
      await expect(load(changed)).rejects.toEqual(coded(code));
    }
    for (let length = 8; length < whole.length; length += 7) {
      await expect(load(whole.subarray(0, length))).rejects.toEqual(coded('FILE_DAMAGED'));
    }
    await expect(load(Buffer.from('something else'))).rejects.toEqual(coded('FILE_UNSUPPORTED'));
    await expect(HybridIndex.load(join(folder, 'none'), { engine })).rejects.toEqual(coded('FILE_FAILED'));
    await expect(HybridIndex.load('', { engine })).rejects.toEqual(coded('INPUT_INVALID'));
  });
});
