/** What is refused, and with which code; files that are no index; threads. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { capability, createSymbolIndex, loadSymbolIndex, type SymbolInput } from '../src/index';

const ENGINES = ['native', 'fallback'] as const;
const [GOLDEN_1, GOLDEN] = [1, 2].map((format) =>
  join(__dirname, `../../core/tests/golden/v${format}.symbols`),
) as [string, string];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fishplate-symbols-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const good: SymbolInput = { name: 'good', kind: 'class', line: 0, column: 0 };

describe.each(ENGINES)('%s', (engine) => {
  const code = (expected: string) => expect.objectContaining({ code: expected, track: 'symbols' }) as Error;

  test.each<[string, unknown[], string]>([
    ['a path that is empty', ['', []], 'INPUT_INVALID'],
    ['a path that is no string', [7, []], 'INPUT_INVALID'],
    ['symbols that are no array', ['a', {}], 'INPUT_INVALID'],
    ['a symbol that is null', ['a', [null]], 'INPUT_INVALID'],
    ['a kind that is none', ['a', [{ ...good, kind: 'klass' }]], 'INPUT_INVALID'],
    ['a line below 0', ['a', [{ ...good, line: -1 }]], 'INPUT_INVALID'],
    ['a column that is a fraction', ['a', [{ ...good, column: 0.5 }]], 'INPUT_INVALID'],
    ['an end line over the largest', ['a', [{ ...good, endLine: 2 ** 31 }]], 'INPUT_INVALID'],
    ['exported that is a text', ['a', [{ ...good, exported: 'yes' }]], 'INPUT_INVALID'],
    ['a count of 0', ['a', [], { x: 0 }], 'INPUT_INVALID'],
    ['a name over 1 MiB', ['a', [{ ...good, name: 'é'.repeat(2 ** 19 + 1) }]], 'INPUT_TOO_LARGE'],
  ])('%s is refused, and nothing is changed', (_, args, expected) => {
    const index = createSymbolIndex({ engine });
    index.updateFile('a', [good]);
    expect(() => index.updateFile(...(args as Parameters<typeof index.updateFile>))).toThrow(code(expected));
    expect(() => index.updateFiles([{ path: 'b', symbols: [good] }, ...([null] as never[])])).toThrow(
      code('INPUT_INVALID'),
    );
    expect(index.stats()).toMatchObject({ files: 1, symbols: 1 });
  });

  test.each<[string, unknown[], string]>([
    ['a query that is no string', [7], 'INPUT_INVALID'],
    ['a query over 4096 bytes', ['x'.repeat(4097)], 'INPUT_TOO_LARGE'],
    ['options that are an array', ['x', []], 'OPTION_INVALID'],
    ['a limit over the largest', ['x', { limit: 10_001 }], 'OPTION_INVALID'],
    ['a kind that is none', ['x', { kinds: ['klass'] }], 'OPTION_INVALID'],
    ['no kinds', ['x', { kinds: [] }], 'OPTION_INVALID'],
    ['fuzzy that is a number', ['x', { fuzzy: 1 }], 'OPTION_INVALID'],
    ['a glob that is none', ['x', { path: '[a' }], 'OPTION_INVALID'],
    ['a preferred glob that is none', ['x', { boostPaths: ['{a'] }], 'OPTION_INVALID'],
  ])('%s is refused', (_, args, expected) => {
    const index = createSymbolIndex({ engine });
    index.updateFile('a', [good]);
    const call = () => index.query(...(args as Parameters<typeof index.query>));
    expect(call).toThrow(code(expected));
  });

  test('both engines word a bad glob alike', () => {
    const worded = ENGINES.map((own) => {
      try {
        createSymbolIndex({ engine: own }).query('x', { path: '{a,"b' });
        return '';
      } catch (error) {
        return (error as Error).message;
      }
    });
    expect(worded[0]).toBe(worded[1]);
    expect(worded[0]).not.toBe('');
  });

  test('a closed index refuses all but closing', async () => {
    const index = createSymbolIndex({ engine });
    index.close();
    index.close();
    const closed = code('SYMBOLS_CLOSED');
    expect(() => index.query('x')).toThrow(closed);
    expect(() => index.updateFile('a', [])).toThrow(closed);
    expect(() => index.stats()).toThrow(closed);
    await expect(index.save(join(folder, 'closed'))).rejects.toThrow(closed);
  });

  test('closing does not disturb a save', async () => {
    const path = join(folder, `saving-${engine}`);
    const index = createSymbolIndex({ engine });
    index.updateFile('a', [good]);
    const saving = index.save(path);
    index.close();
    await saving;
    const loaded = await loadSymbolIndex(path, { engine });
    expect(loaded.stats().files).toBe(1);
  });

  test('golden files are read, and damaged ones are refused', async () => {
    const index = await loadSymbolIndex(GOLDEN, { engine });
    expect(index.stats()).toMatchObject({
      engine: engine === 'native' ? 'native' : 'js',
      files: 2,
      symbols: 3,
    });
    const again = join(folder, `again-${engine}`);
    await index.save(again);
    const bytes = readFileSync(GOLDEN);
    expect(readFileSync(again).equals(bytes)).toBe(true);
    await (await loadSymbolIndex(GOLDEN_1, { engine })).save(again);
    expect(readFileSync(again).equals(bytes)).toBe(true);
    const path = join(folder, `damaged-${engine}`);
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 1 << (at % 8);
      writeFileSync(path, at % 2 === 0 ? damaged : bytes.subarray(0, at));
      await expect(loadSymbolIndex(path, { engine })).rejects.toThrow(code('SYMBOLS_DAMAGED'));
    }
    await expect(loadSymbolIndex(join(folder, 'none'), { engine })).rejects.toThrow(
      code('SYMBOLS_NOT_FOUND'),
    );
    await expect(loadSymbolIndex(folder, { engine })).rejects.toThrow(code('SYMBOLS_IO'));
    await expect(loadSymbolIndex('', { engine })).rejects.toThrow(code('INPUT_INVALID'));
    await expect(index.save(join(folder, 'no/folder'))).rejects.toThrow(code('SYMBOLS_NOT_FOUND'));
  });

  test('lone surrogates become replacement characters', () => {
    const index = createSymbolIndex({ engine });
    index.updateFile('a\ud800', [{ ...good, name: 'x\udc00y' }]);
    expect(index.query('x')).toMatchObject([{ path: 'a\ufffd', name: 'x\ufffdy' }]);
    expect(index.removeFile('a\ud800')).toBe(true);
  });
});

test('the binding loads here', () => {
  expect(capability({ call: 'native' }).engine).toBe('native');
});
