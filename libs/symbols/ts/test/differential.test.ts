/** Both engines give the same answers to the same calls, and write the same files. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import {
  createSymbolIndex,
  type FileSymbols,
  loadSymbolIndex,
  type QueryOptions,
  SYMBOL_KINDS,
  type SymbolIndex,
} from '../src/index';
import { fileOf, nameOf, pick, queryOf, type Random, seeded, symbolOf } from './symbols';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fishplate-symbols-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const FILTERS = ['src', 'src/**', '*.ts', '**/{http,core}/*.{rs,ts}', 'lib/[a-m]*', 'win/*', 'caf?/**'];

function optionsOf(random: Random): QueryOptions {
  return {
    ...(random(3) === 0 ? { limit: random(40) } : {}),
    ...(random(5) === 0 ? { kinds: [pick(random, SYMBOL_KINDS), pick(random, SYMBOL_KINDS)] } : {}),
    ...(random(4) === 0 ? { path: pick(random, FILTERS) } : {}),
    ...(random(4) === 0 ? { fuzzy: false } : {}),
    ...(random(4) === 0 ? { boostPaths: [pick(random, FILTERS)] } : {}),
  };
}

function both(): [native: SymbolIndex, fallback: SymbolIndex] {
  return [createSymbolIndex({ engine: 'native' }), createSymbolIndex({ engine: 'fallback' })];
}

function compare(native: SymbolIndex, fallback: SymbolIndex, random: Random, files: FileSymbols[]): void {
  const names = files.flatMap(({ symbols }) => symbols.map(({ name }) => name)).filter((name) => name !== '');
  for (let round = 0; round < 250; round++) {
    const text = queryOf(random, names.length === 0 ? nameOf(random) : pick(random, names));
    const options = optionsOf(random);
    const expected = fallback.query(text, options);
    const hits = native.query(text, options);
    // Comparing by jest takes longer than both queries.
    if (!isDeepStrictEqual(hits, expected)) {
      expect({ text, options, hits }).toEqual({ text, options, hits: expected });
    }
    const sums = hits.map(({ parts }) =>
      Object.values<number>({ ...parts }).reduce((sum, part) => sum + part, 0),
    );
    expect(sums).toEqual(hits.map(({ score }) => score));
  }
  for (const { path, references = {} } of files) {
    expect(native.outline(path)).toEqual(fallback.outline(path));
    for (const name of Object.keys(references)) {
      expect(native.references(name)).toEqual(fallback.references(name));
    }
  }
  const [a, b] = [native.stats(), fallback.stats()];
  expect({ ...a, engine: '', memoryBytes: 0 }).toEqual({ ...b, engine: '', memoryBytes: 0 });
}

test.each([1, 2, 3, 4])(
  'repository of seed %i',
  async (seed) => {
    const random = seeded(seed);
    const [native, fallback] = both();
    const files = Array.from({ length: 40 }, () => fileOf(random));
    expect(native.updateFiles(files)).toEqual(fallback.updateFiles(files));
    compare(native, fallback, random, files);

    // Edits: files change, go and come.
    for (let edit = 0; edit < 60; edit++) {
      const { path } = pick(random, files);
      if (random(3) === 0) {
        expect(native.removeFile(path)).toBe(fallback.removeFile(path));
      } else {
        const symbols = Array.from({ length: random(20) }, () => symbolOf(random));
        expect(native.updateFile(path, symbols)).toEqual(fallback.updateFile(path, symbols));
      }
    }
    compare(native, fallback, random, files);

    const [one, other] = [join(folder, `native-${seed}`), join(folder, `fallback-${seed}`)];
    await native.save(one);
    await fallback.save(other);
    expect(readFileSync(one).equals(readFileSync(other))).toBe(true);
    // Each reads what the other wrote.
    const loaded = [
      await loadSymbolIndex(other, { engine: 'native' }),
      await loadSymbolIndex(one, { engine: 'fallback' }),
    ] as const;
    compare(...loaded, random, files);
    expect(loaded[0].query('get', { limit: 50 })).toEqual(native.query('get', { limit: 50 }));
  },
  60_000,
);
