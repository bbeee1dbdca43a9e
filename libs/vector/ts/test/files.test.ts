import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { createVectorIndex, VectorIndex, type VectorIndexOptions } from '../src';
import { codeOfAsync, ENGINES, numbers, withFolder } from './vectors';

const GOLDEN = join(__dirname, '..', '..', 'core', 'tests', 'golden', 'index-1.fpvec');
const DIMS = 100;
const QUERY = numbers(DIMS, 50);

function sample(options: Omit<VectorIndexOptions, 'dims'>): VectorIndex {
  const index = createVectorIndex({ dims: DIMS, ...options });
  for (let row = 0; row < 300; row++) {
    index.add(
      `kéy ${row}`,
      numbers(DIMS, row + 1),
      row % 3 ? { row, text: 'a\nb', yes: true, none: null } : undefined,
    );
  }
  for (let row = 0; row < 300; row += 4) index.remove(`kéy ${row}`);
  return index;
}

test.each([
  { storage: 'f32' },
  { storage: 'f16', rescore: true },
  { storage: 'i8', rescore: true },
  { storage: 'i8', rescore: false },
  { storage: 'b1', rescore: true },
] as const)('%o: both engines write the same bytes, and read each other', async (storage) => {
  await withFolder(async (folder) => {
    const paths = ENGINES.map((engine) => join(folder, engine));
    for (const [at, engine] of ENGINES.entries()) await sample({ engine, ...storage }).save(paths[at]!);
    expect(readFileSync(paths[0]!).equals(readFileSync(paths[1]!))).toBe(true);
    const expected = sample({ engine: 'native', ...storage }).searchSync(QUERY, 30);
    for (const engine of ENGINES) {
      for (const mmap of [false, true]) {
        const index = await VectorIndex.load(paths[0]!, { engine, mmap });
        expect(index.dims).toBe(DIMS);
        expect(index.searchSync(QUERY, 30)).toEqual(expected);
        // It goes on, in the rows that were free.
        index.add('new', QUERY);
        expect(index.rowOf('new')).toBe(0);
        expect(index.searchSync(QUERY, 1)[0]!.key).toBe('new');
        index.close();
      }
    }
    expect(readdirSync(folder)).toHaveLength(2);
  });
});

test('an index of kind hnsw goes from engine to engine and back', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'index');
    const options = { kind: 'hnsw', metric: 'dot', graph: { connections: 8, effort: 50 } } as const;
    const expected = sample({ ...options, engine: 'fallback' }).searchSync(QUERY, 5);
    for (const [writes, reads] of [
      ['native', 'fallback'],
      ['fallback', 'native'],
      ['native', 'native'],
      ['fallback', 'fallback'],
    ] as const) {
      await sample({ ...options, engine: writes }).save(path);
      const index = await VectorIndex.load(path, { engine: reads, mmap: true });
      expect(index.searchSync(QUERY, 5, { effort: 300 })).toEqual(expected);
      await index.save(path);
      const again = await VectorIndex.load(path, { engine: 'native' });
      expect(again.stats().graphBytes).toBeGreaterThan(0);
      expect(await again.search(QUERY, 5, { effort: 300, filter: { row: { $gte: 0 } } })).toEqual(
        index.searchSync(QUERY, 5, { effort: 300, filter: { row: { $gte: 0 } } }),
      );
    }
  });
});

describe.each(ENGINES)('with the %s engine', (engine) => {
  test('the golden file is read and written again', async () => {
    await withFolder(async (folder) => {
      const index = await VectorIndex.load(GOLDEN, { engine });
      expect(index.size).toBe(2);
      expect(index.get('first')?.metadata).toEqual({ lang: 'en', year: 1999, kept: true, none: null });
      await index.save(join(folder, 'again'));
      expect(readFileSync(join(folder, 'again')).equals(readFileSync(GOLDEN))).toBe(true);
    });
  });

  test('a file that is not what was written is refused with a code', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'index');
      const bytes = readFileSync(GOLDEN);
      const codeOfBytes = (changed: Uint8Array): Promise<string | undefined> => {
        writeFileSync(path, changed);
        return codeOfAsync(VectorIndex.load(path, { engine, mmap: true }));
      };
      for (const at of [9, 13, 17, 21, 33, 41, 190, 195, 325, 700, bytes.length - 1]) {
        const changed = Buffer.from(bytes);
        changed[at]! ^= 16;
        expect([at, await codeOfBytes(changed)]).toEqual([at, at < 12 ? 'FILE_UNSUPPORTED' : 'FILE_DAMAGED']);
      }
      expect(await codeOfBytes(bytes.subarray(0, -1))).toBe('FILE_DAMAGED');
      expect(await codeOfBytes(Buffer.concat([bytes, Buffer.alloc(1)]))).toBe('FILE_DAMAGED');
      expect(await codeOfBytes(bytes.subarray(0, 100))).toBe('FILE_UNSUPPORTED');
      expect(await codeOfBytes(Buffer.alloc(0))).toBe('FILE_UNSUPPORTED');
      expect(await codeOfAsync(VectorIndex.load(join(folder, 'missing'), { engine }))).toBe('FILE_FAILED');
      expect(await codeOfAsync(VectorIndex.load(folder, { engine }))).toBe('FILE_UNSUPPORTED');
      expect(await codeOfAsync(VectorIndex.load('', { engine }))).toBe('INPUT_INVALID');
      expect(await codeOfAsync(VectorIndex.load('a\0b', { engine }))).toBe('INPUT_INVALID');
    });
  });

  test('a save that fails leaves the old file and nothing else', async () => {
    await withFolder(async (folder) => {
      const index = sample({ engine });
      expect(await codeOfAsync(index.save(join(folder, 'missing', 'index')))).toBe('FILE_FAILED');
      expect(await codeOfAsync(index.save(folder))).toBe('FILE_FAILED');
      expect(existsSync(folder)).toBe(true);
      expect(readdirSync(folder)).toEqual([]);
    });
  });

  test('on a full disk a save says so, and the old file is as it was', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'index');
      await sample({ engine }).save(path);
      const before = readFileSync(path);
      // The kernel refuses to let files of this process grow: as a full disk does, but for a signal that is ignored.
      const script = `
        process.on('SIGXFSZ', () => {});
        require(${JSON.stringify(join(__dirname, 'register.cjs'))});
        const { VectorIndex } = require(${JSON.stringify(join(__dirname, '..', 'src'))});
        VectorIndex.load(${JSON.stringify(path)}, { engine: '${engine}' }).then(async (index) => {
          index.add('another', new Float32Array(${DIMS}).fill(1));
          await index.save(${JSON.stringify(path)}).then(() => 'saved', (error) => error.code)
            .then((outcome) => process.stdout.write(outcome));
        });
      `;
      const outcome = execFileSync('prlimit', ['--fsize=50000', process.execPath, '-e', script], {
        encoding: 'utf8',
      });
      expect(outcome).toBe('FILE_FAILED');
      expect(readFileSync(path).equals(before)).toBe(true);
      expect(readdirSync(folder)).toEqual(['index']);
    });
  });
});
