/** What is found, and what comes first. */

import { createSymbolIndex, type QueryOptions, type SymbolIndex, type SymbolInput } from '../src/index';

const ENGINES = ['native', 'fallback'] as const;

function symbol(name: string, more: Partial<SymbolInput> = {}): SymbolInput {
  return { name, kind: 'function', line: 0, column: 0, ...more };
}

function indexOf(
  engine: (typeof ENGINES)[number],
  files: Record<string, (string | SymbolInput)[]>,
): SymbolIndex {
  const index = createSymbolIndex({ engine });
  for (const [path, symbols] of Object.entries(files)) {
    const inputs = symbols.map((own, line) => (typeof own === 'string' ? symbol(own, { line }) : own));
    index.updateFile(path, inputs);
  }
  return index;
}

describe.each(ENGINES)('%s', (engine) => {
  const names = (index: SymbolIndex, text: string, options?: QueryOptions) =>
    index.query(text, options).map(({ name }) => name);

  test('the tiers come in their order', () => {
    const index = indexOf(engine, {
      'a.ts': ['fooBar', 'fooBarBaz', 'myFooBar', 'xfoobarx', 'foxoBaxr', 'fooBra', 'unrelated'],
    });
    expect(index.query('fooBar').map(({ name, tier }) => [name, tier])).toEqual([
      ['fooBar', 'exact'],
      ['fooBarBaz', 'prefix'],
      ['myFooBar', 'substring'],
      ['foxoBaxr', 'subsequence'],
      ['xfoobarx', 'substring'],
    ]);
    expect(index.query('fooBarr').map(({ name, tier }) => [name, tier])).toContainEqual(['fooBar', 'typo']);
    expect(names(index, 'fooBar', { fuzzy: false })).toEqual(['fooBar', 'fooBarBaz', 'myFooBar', 'xfoobarx']);
  });

  test.each([
    ['HTTPS', 'HTTPServer'],
    ['hs', 'HTTPServer'],
    ['gun', 'getUserName'],
    ['gusrnm', 'getUserName'],
    ['get user name', 'getUserName'],
    ['get_user_name', 'getUserName'],
    ['GETUSERNAME', 'getUserName'],
    ['recieveMessage', 'receiveMessage'],
    ['utf8', 'utf8Decode'],
    ['cafe', 'caféService'],
    ['CAFÉ', 'caféService'],
    ['cafe\u0301', 'caféService'],
    ['名前', '名前を取得'],
    ['имя', 'полноеИмя'],
    ['__init', '__init__'],
    ['operator==', 'operator=='],
  ])('%j finds %s first', (text, expected) => {
    const all = [
      'HTTPServer',
      'getUserName',
      'receiveMessage',
      'utf8Decode',
      'cafe\u0301Service'.normalize('NFC'),
      '名前を取得',
      'полноеИмя',
      '__init__',
      'operator==',
      'guard',
    ];
    expect(names(indexOf(engine, { 'a.ts': all }), text)[0]).toBe(expected);
  });

  test('words before a name say where it is', () => {
    const index = indexOf(engine, {
      'src/user/store.ts': [symbol('load', { container: 'UserStore' }), 'save'],
      'src/order/store.ts': [symbol('load', { container: 'OrderStore' }), 'save'],
      'lib/other.rs': [symbol('load', { container: 'order::Table' })],
    });
    const places = (text: string) => index.query(text).map(({ path, container }) => container ?? path);
    expect(places('UserStore.load')[0]).toBe('UserStore');
    expect(places('user/store save')).toEqual(['src/user/store.ts']);
    expect(places('save order')).toEqual([]);
    expect(places('save src/order')).toEqual(['src/order/store.ts']);
    expect(places('order/store.ts:save')).toEqual(['src/order/store.ts']);
    expect(places('order::load')).toContain('order::Table');
    expect(places('Table::load')).toEqual(['order::Table']);
    expect(places('nowhere/file save')).toEqual([]);
  });

  test('kinds, paths and preferred paths', () => {
    const index = indexOf(engine, {
      'src/a.ts': [symbol('thing', { kind: 'class' })],
      'src/b.rs': [symbol('thing', { kind: 'struct' })],
      'test/a.ts': [symbol('thing', { kind: 'class' })],
    });
    const paths = (options: QueryOptions) => index.query('thing', options).map(({ path }) => path);
    expect(paths({ kinds: ['struct'] })).toEqual(['src/b.rs']);
    expect(paths({ path: 'src/' })).toEqual(['src/a.ts', 'src/b.rs']);
    expect(paths({ path: '*.ts' })).toEqual(['src/a.ts', 'test/a.ts']);
    expect(paths({ path: '{lib,test}/**' })).toEqual(['test/a.ts']);
    expect(paths({ boostPaths: ['test'] })[0]).toBe('test/a.ts');
    expect(paths({ limit: 0 })).toEqual([]);
  });

  test('ranges are those of the name as it was written', () => {
    const index = indexOf(engine, { 'a.ts': ['a_😀Bcafe\u0301D', 'get_user_name'] });
    const ranges = (text: string) => index.query(text)[0]!.ranges;
    expect(ranges('gun')).toEqual([[0, 1], [4, 5], [9, 10]]); // biome-ignore format: pairs
    expect(ranges('user')).toEqual([[4, 8]]);
    expect(ranges('😀bcafed')).toEqual([[2, 9], [10, 11]]); // biome-ignore format: pairs
  });

  test('nonsense finds nothing', () => {
    const index = indexOf(engine, { 'a.ts': ['getUserName', 'receiveMessage', 'HTTPServer'] });
    for (const text of ['', '   ', 'zqxwvk', '/', '::', '\u0000', '\ud800'])
      expect(names(index, text)).toEqual([]);
  });

  test('an outline is a tree by ranges, and by containers where ranges are not known', () => {
    const index = createSymbolIndex({ engine });
    index.updateFile('a.ts', [
      symbol('inner', { line: 2, column: 4, endLine: 3, endColumn: 5 }),
      symbol('Outer', { kind: 'class', endLine: 10, endColumn: 1 }),
      symbol('after', { line: 12 }),
      symbol('member', { line: 13, container: 'x.after' }),
    ]);
    const tree = index.outline('a.ts').map(({ name, children }) => [name, children.map((own) => own.name)]);
    expect(tree).toEqual([
      ['Outer', ['inner']],
      ['after', ['member']],
    ]);
    expect(index.outline('b.ts')).toEqual([]);
  });

  test('references are counted by file', () => {
    const index = createSymbolIndex({ engine });
    index.updateFiles([
      { path: 'a.ts', symbols: [], references: { load: 2, constructor: 1 } },
      { path: 'b.ts', symbols: [], references: { load: 5 } },
    ]);
    expect(index.references('load')).toEqual([
      { path: 'b.ts', count: 5 },
      { path: 'a.ts', count: 2 },
    ]);
    index.updateFile('b.ts', []);
    expect(index.references('load')).toEqual([{ path: 'a.ts', count: 2 }]);
    expect(index.references('constructor')).toEqual([{ path: 'a.ts', count: 1 }]);
    expect(index.references('toString')).toEqual([]);
  });
});
