import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import {
  createSymbolIndex,
  extractSymbols,
  indexWorkspace,
  refreshFiles,
  type WorkspaceProgress,
  type WorkspaceReport,
} from '../src/index';

const ENGINES = ['native', 'fallback'] as const;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fishplate-symbols-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(files: Record<string, string | Buffer>, root = join(folder, 'root')): string {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

const SAMPLES: Record<string, [path: string, text: string, expected: string[]]> = {
  typescript: [
    'a.ts',
    'export class Shape {\n  area(): number {\n    return 1;\n  }\n}\nexport const LIMIT = 1;\nfunction helper() {}\n',
    ['class Shape 0:13', 'method area 1:2', 'constant LIMIT 5:13', 'function helper 6:9'],
  ],
  javascript: [
    'a.js',
    'class Queue {\n  push(item) {}\n}\nconst run = () => {\n  const local = 1;\n};\n',
    ['class Queue 0:6', 'method push 1:2', 'function run 3:6'],
  ],
  python: [
    'a.py',
    'LIMIT = 3\n\nclass Shape(Base):\n    """class Not:"""\n    def area(self):\n        local = 1\n        return local\n',
    ['constant LIMIT 0:0', 'class Shape 2:6', 'method area 4:8'],
  ],
  rust: [
    'a.rs',
    'pub struct Shape {\n    size: u32,\n}\nimpl Shape {\n    pub fn area(&self) -> u32 {\n        let local = 1;\n        local\n    }\n}\n',
    ['struct Shape 0:11', 'field size 1:4', 'method area 4:11'],
  ],
  go: [
    'a.go',
    'package a\n\ntype Shape struct {\n\tsize int\n}\n\nfunc (s *Shape) Area() int {\n\treturn s.size\n}\n',
    ['struct Shape 2:5', 'field size 3:1', 'method Area 6:16'],
  ],
  java: [
    'A.java',
    'public class Shape {\n    private int size;\n    public int area(int by) {\n        return size * by;\n    }\n}\n',
    ['class Shape 0:13', 'field size 1:16', 'method area 2:15'],
  ],
  c: [
    'a.c',
    '#define LIMIT 1\nstruct shape {\n    int size;\n};\nstatic int area(struct shape *of)\n{\n    return of->size;\n}\n',
    ['constant LIMIT 0:8', 'struct shape 1:7', 'field size 2:8', 'function area 4:11'],
  ],
  cpp: [
    'a.cpp',
    'namespace ui {\nclass Shape {\npublic:\n    int area(int by);\n};\n}\nint ui::Shape::area(int by) {\n    return by;\n}\n',
    ['namespace ui 0:10', 'class Shape 1:6', 'method area 3:8', 'method area 6:15'],
  ],
  ruby: [
    'a.rb',
    'module Ui\n  class Shape\n    def area(by)\n      by\n    end\n  end\nend\n',
    ['module Ui 0:7', 'class Shape 1:8', 'method area 2:8'],
  ],
};

describe.each(ENGINES)('%s', (engine) => {
  test.each(Object.entries(SAMPLES))(
    'what a plain file of %s declares',
    async (_, [path, text, expected]) => {
      const file = await extractSymbols(path, text, { engine });
      expect(
        file!.symbols.map(({ kind, name, line, column }) => `${kind} ${name} ${line}:${column}`),
      ).toEqual(expect.arrayContaining(expected));
      expect(file!.symbols.length).toBe(expected.length);
    },
  );

  test('ends, containers, exports and references', async () => {
    const file = await extractSymbols('a.ts', SAMPLES['typescript']![1], { engine });
    const [shape, area] = file!.symbols;
    expect(shape).toMatchObject({
      endLine: 4,
      endColumn: 1,
      exported: true,
      signature: 'export class Shape',
    });
    expect(area).toMatchObject({ container: 'Shape', endLine: 3, endColumn: 3 });
    const used = await extractSymbols('b.ts', "import { Shape } from './a';\nnew Shape().area(); // area\n", {
      engine,
    });
    expect(used!.references).toMatchObject({ Shape: 2, area: 1 });
    const index = createSymbolIndex({ engine });
    index.updateFiles([file!, used!]);
    expect(index.references('area')).toEqual([{ path: 'b.ts', count: 1 }]);
  });

  test('columns are in UTF-16 units, with carriage returns and bytes that are no UTF-8', async () => {
    const text = Buffer.concat([
      Buffer.from("const a = '😀é'; /* "),
      Buffer.of(0xff),
      Buffer.from(' */\r\nfunction x() {}\r\n'),
    ]);
    const file = await extractSymbols('a.js', text, { engine });
    expect(file!.symbols.at(-1)).toMatchObject({ name: 'x', line: 1, column: 9, endColumn: 15 });
  });

  test('what is refused', async () => {
    await expect(
      extractSymbols('a.ts', 'x'.repeat(2000), { engine, maxFileBytes: 1000 }),
    ).rejects.toMatchObject({
      code: 'INPUT_TOO_LARGE',
    });
    await expect(extractSymbols('a.ts', 'a\0b', { engine })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await expect(extractSymbols('a.ts', 5 as never, { engine })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
    });
    await expect(extractSymbols('a.ts', '', { engine, timeoutMs: -1 })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
    });
    await expect(extractSymbols('a.txt', 'x', { engine })).resolves.toBeNull();
    await expect(indexWorkspace(join(folder, 'none'), { engine })).rejects.toMatchObject({
      code: 'ROOT_INVALID',
    });
  });

  test('a workspace without a list: no .git, no node_modules, no links; what was skipped is told', async () => {
    const root = write({
      'src/a.ts': 'export function alpha() {}\n',
      'src/deep/b.py': 'def beta():\n    pass\n',
      'node_modules/x/c.js': 'function gamma() {}\n',
      '.git/hooks/d.py': 'def delta(): pass\n',
      'README.md': '# no symbols\n',
      'binary.c': Buffer.from('int x\0;'),
      'large.js': `function big() {}\n${' '.repeat(5000)}`,
    });
    symlinkSync(join(root, 'src/a.ts'), join(root, 'link.ts'));
    const told: WorkspaceProgress[] = [];
    let report: WorkspaceReport | undefined;
    const index = await indexWorkspace(root, {
      engine,
      maxFileBytes: 4096,
      onProgress: (progress) => told.push(progress),
      onReport: (it) => (report = it),
    });
    expect(index.query('alpha').map(({ path }) => path)).toEqual(['src/a.ts']);
    expect(index.stats().files).toBe(2);
    expect(told.at(-1)).toEqual({ filesDone: 4, filesTotal: 4, symbols: 2 });
    expect(report).toMatchObject({ files: 2, symbols: 2, otherLanguages: 1, gone: 0, skipped: 2 });
    expect(new Set(report!.named.map(({ path, reason }) => `${path} ${reason}`))).toEqual(
      new Set(['binary.c binary', 'large.js tooLarge']),
    );
    index.close();
  });

  test('a list of the caller: files that are gone, pipes, ways out of the root', async () => {
    const root = write({ 'a.ts': 'export const one = 1;\n', 'outside.ts': '' });
    write({ 'secret.ts': 'export const secret = 1;\n' }, folder);
    symlinkSync(join(folder, 'secret.ts'), join(root, 'leak.ts'));
    symlinkSync(folder, join(root, 'up'));
    symlinkSync(join(root, 'a.ts'), join(root, 'inside.ts'));
    execFileSync('mkfifo', [join(root, 'pipe.ts')]);
    let report: WorkspaceReport | undefined;
    const index = await indexWorkspace(root, {
      engine,
      files: new Set([
        'a.ts',
        'inside.ts',
        'leak.ts',
        'up/secret.ts',
        '../secret.ts',
        '/etc/x.ts',
        'pipe.ts',
        'gone.ts',
        'x.md',
      ]),
      onReport: (it) => (report = it),
    });
    expect(index.query('secret')).toEqual([]);
    expect(index.query('one').map(({ path }) => path)).toEqual(['a.ts', 'inside.ts']);
    expect(report).toMatchObject({ files: 2, gone: 1, otherLanguages: 1, skipped: 5 });
    const reasons = report!.named.map(({ path, reason }) => `${path} ${reason}`).sort();
    expect(reasons).toEqual([
      '../secret.ts outside',
      '/etc/x.ts outside',
      'leak.ts outside',
      'pipe.ts notAFile',
      'up/secret.ts outside',
    ]);
  });

  test('an asynchronous walk is taken too', async () => {
    const root = write({ 'a.go': 'package a\n\nfunc Alpha() {}\n' });
    async function* walk(): AsyncGenerator<string> {
      await Promise.resolve();
      yield 'a.go';
    }
    const index = await indexWorkspace(root, { engine, files: walk() });
    expect(index.query('Alpha')).toHaveLength(1);
  });

  test('files that changed or went are refreshed together', async () => {
    const root = write({
      'a.ts': 'export const old = 1;\n',
      'b.ts': 'export const kept = 1;\n',
      'c.ts': 'let c;\n',
    });
    const index = await indexWorkspace(root, { engine });
    write({ 'a.ts': 'export const fresh = 1;\n', 'd.rs': 'fn added() {}\n' });
    rmSync(join(root, 'c.ts'));
    const update = await refreshFiles(index, root, ['a.ts', 'c.ts', 'd.rs', 'never.ts']);
    expect(update).toMatchObject({ files: 2, added: 2, removed: 1 });
    expect(index.query('old')).toEqual([]);
    expect(index.query('fresh')).toHaveLength(1);
    expect(index.query('added')).toHaveLength(1);
    expect(index.stats()).toMatchObject({ files: 3, symbols: 3 });
  });

  test('a signal before, during and after', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 400 }, (_, at) => [`f${at}.ts`, `export function name${at}() {}\n`.repeat(40)]),
    );
    const root = write(files);
    const reason = new Error('enough');
    await expect(indexWorkspace(root, { engine, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const during = new AbortController();
    const running = indexWorkspace(root, { engine, signal: during.signal });
    during.abort(reason);
    await expect(running).rejects.toBe(reason);
    const after = new AbortController();
    const index = await indexWorkspace(root, { engine, signal: after.signal });
    after.abort(reason);
    expect(index.stats().files).toBe(400);
    await expect(
      indexWorkspace(root, {
        engine,
        onProgress: () => {
          throw reason;
        },
      }),
    ).rejects.toBe(reason);
  });
});

test('the event loop goes on while the binding works', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 300 }, (_, at) => [
      `f${at}.ts`,
      `export function name${at}(a: number) { return a; }\n`.repeat(200),
    ]),
  );
  const root = write(files);
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await indexWorkspace(root, { engine: 'native' });
  clearInterval(timer);
  expect(turns).toBeGreaterThan(1);
});
