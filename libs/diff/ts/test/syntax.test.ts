/** Declarations by name, and which of them changed. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';
import ts from 'typescript';

import {
  compareDeclarations,
  declarationsOf,
  type Language,
  languageOf,
  syntaxCapability,
} from '../src/syntax/index';

const compare = async (
  before: string,
  after: string,
  language: Language = 'typescript',
): Promise<readonly string[]> => {
  const { changes, hasErrors } = await compareDeclarations(before, after, { language });
  expect(hasErrors).toBe(false);
  return changes.map(({ changes: kinds, kind, name, container, old }) => {
    const where = container.length === 0 ? '' : ` in ${container.join('.')}`;
    const was = old !== null && old.name !== name ? ` from ${old.name}` : '';
    return `${kinds.join(' ')}: ${kind} ${name}${where}${was}`;
  });
};

const codeOfRejection = (work: () => Promise<unknown>): Promise<string> =>
  work().then(
    () => 'none',
    (error: { code: string }) => error.code,
  );

const lines = (...parts: string[]): string => parts.join('\n') + '\n';
const ADD = 'function add(a: number, b: number) { const sum = a + b; return check(sum, "add"); }';
const AREA = 'area() { const { width, height } = this.size; return width * height * this.scale; }';

test('lists declarations with their owners and lines', async () => {
  const text = lines('export class A {', '  x = 1;', '  m() {}', '}', 'const f = () => 1;');
  for (const given of [text, Buffer.from(text)]) {
    expect(await declarationsOf(given, { path: 'src/a.ts' })).toEqual({
      language: 'typescript',
      declarations: [
        { kind: 'class', name: 'A', container: [], line: 1, endLine: 4 },
        { kind: 'field', name: 'x', container: ['A'], line: 2, endLine: 2 },
        { kind: 'method', name: 'm', container: ['A'], line: 3, endLine: 3 },
        { kind: 'function', name: 'f', container: [], line: 5, endLine: 5 },
      ],
      hasErrors: false,
    });
  }
});

test.each([
  ['nothing', 'function f() { return 1; }', '// new\nfunction f() {\r\n  return 1;\r\n}', []],
  ['an addition', ADD, lines(ADD, 'class B { m() {} }'), ['added: class B']],
  ['a removal', lines(ADD, 'type T = 1;'), ADD, ['removed: type T']],
  ['a body', 'function f() { return 1; }', 'function f() { return 2; }', ['body-changed: function f']],
  ['a head', 'function f() {}', 'export function f(x) {}', ['signature-changed: function f']],
  ['a member alone', `class A { ${AREA} }`, 'class A { area() {} }', ['body-changed: method area in A']],
  ['a name', ADD, ADD.replace('add', 'plus'), ['renamed: function plus from add']],
  [
    'a name and its code',
    ADD,
    ADD.replace('add', 'plus').replace('check', 'verify'),
    ['renamed body-changed: function plus from add'],
  ],
  [
    'the name of an owner, and of none of its members',
    `class A { ${AREA} x = 1; }`,
    `class B { ${AREA} x = 1; }`,
    ['renamed: class B from A'],
  ],
  [
    'another owner',
    lines(`class A { ${AREA} }`, 'class B { x = 1; }'),
    lines('class A { }', `class B { x = 1; ${AREA} }`),
    ['moved: method area in B'],
  ],
  [
    'a place',
    lines('function a() {}', 'function b() { 1; }', 'function c() { 2; }'),
    lines('function c() { 2; }', 'function a() {}', 'function b() { 1; }'),
    ['moved: function c'],
  ],
  ['another kind', 'class A {}', 'interface A {}', ['kind-changed signature-changed: interface A']],
  [
    'a function written as a constant',
    'function f() { return 1; }',
    'const f = () => { return 1; };',
    ['signature-changed body-changed: function f'],
  ],
  [
    'one of several of one name',
    lines('function f(a: string): void;', 'function f(a: number): void;', 'function f(a: any) {}'),
    lines('function f(a: string): void;', 'function f(a: bigint): void;', 'function f(a: any) {}'),
    ['signature-changed: function f'],
  ],
  [
    'two that fit alike',
    lines('const a = 1;', 'const b = 1;'),
    'const c = 1;',
    ['removed: variable a', 'removed: variable b', 'added: variable c'],
  ],
])('tells %s', async (_, before, after, expected) => {
  expect(await compare(before, after)).toEqual(expected);
});

test.each<[Language, string, string, string[]]>([
  [
    'python',
    'def f(x):\n  if x:\n    a()\n    b()\n',
    'def f(x):\n  if x:\n    a()\n  b()\n',
    ['body-changed: function f'],
  ],
  ['rust', 'impl A { fn f() {} }', 'impl A { pub fn f() {} }', ['signature-changed: method f in impl A']],
  [
    'go',
    'package a\nfunc (s *S) F() {}',
    'package a\nfunc (s *S) F() { g() }',
    ['body-changed: method (*S).F'],
  ],
  ['json', '{"a": {"b": 1}, "c": 2}', '{"a": {"b": 2}}', ['removed: key c', 'body-changed: key b in a']],
  ['tsx', 'const A = () => <p>1</p>;', 'const A = () => <p>2</p>;', ['body-changed: function A']],
  ['javascript', 'class A { #x = 1 }', 'class A { #x = 2 }', ['body-changed: field #x in A']],
])('reads %s', async (language, before, after, expected) => {
  expect(await compare(before, after, language)).toEqual(expected);
});

test('the TypeScript compiler finds the same declarations in the sources of this library', async () => {
  const root = join(__dirname, '..');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => /^(?:src|test)[\\/].*\.ts$/.test(file))
    .map((file) => join(root, file));
  expect(files.length).toBeGreaterThan(40);
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    const { declarations, hasErrors } = await declarationsOf(text, { path: file });
    const found = declarations.map(({ name, container, line, endLine }) =>
      [...container, name, line, endLine].join(' '),
    );
    expect([file, hasErrors, found]).toEqual([file, false, compilerDeclarations(text)]);
  }
});

/** As the compiler's syntax tree has them. */
function compilerDeclarations(text: string): string[] {
  const source = ts.createSourceFile('a.ts', text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const line = (at: number): number => source.getLineAndCharacterOfPosition(at).line + 1;
  const visit = (node: ts.Node, container: readonly string[]): void => {
    if (ts.isVariableStatement(node)) {
      const { declarations } = node.declarationList;
      for (const declaration of declarations) {
        if (!ts.isIdentifier(declaration.name)) continue;
        const whole = declarations.length === 1 ? node : declaration;
        add(declaration.name.text, whole, container);
      }
    } else if (isDeclaration(node)) {
      const name = ts.isConstructorDeclaration(node) ? 'constructor' : (node.name?.getText() ?? 'default');
      add(name, node, container);
      const members = ts.isClassDeclaration(node) ? node.members : [];
      for (const member of members) visit(member, [...container, name]);
    } else if (ts.isBlock(node)) {
      for (const statement of node.statements) visit(statement, container);
    }
  };
  const add = (name: string, node: ts.Node, container: readonly string[]): void => {
    found.push([...container, name, line(node.getStart()), line(node.getEnd())].join(' '));
  };
  for (const statement of source.statements) visit(statement, []);
  return found;
}

function isDeclaration(
  node: ts.Node,
): node is
  | ts.FunctionDeclaration
  | ts.ClassDeclaration
  | ts.InterfaceDeclaration
  | ts.TypeAliasDeclaration
  | ts.EnumDeclaration
  | ts.ClassElement {
  return (
    ts.isFunctionDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isEnumDeclaration(node) ||
    (ts.isClassElement(node) && !ts.isClassStaticBlockDeclaration(node))
  );
}

test('code outside declarations is told apart', async () => {
  const options = { path: 'a.js' };
  expect(await compareDeclarations("import 'a';", "import 'b';", options)).toMatchObject({
    changes: [],
    restChanged: true,
  });
  expect(await compareDeclarations('run();', '// x\nrun( );', options)).toMatchObject({ restChanged: false });
  expect(await compareDeclarations('f();', 'class {', options)).toMatchObject({ hasErrors: true });
});

test('any shuffling, removing and adding of declarations is told by name', async () => {
  const body = (name: string): string =>
    `function ${name}() { return [${'x, '.repeat(3)}"${name}", side(${name})]; }`;
  const names = fc.uniqueArray(fc.constantFrom(...'abcdefghijklmnop'), { maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(names, names, async (before, after) => {
      const text = (list: readonly string[]): string => list.map(body).join('\n');
      const { changes } = await compareDeclarations(text(before), text(after), { language: 'javascript' });
      const told = (kind: string): string[] =>
        changes.flatMap((change) => (change.changes.includes(kind as never) ? [change.name] : [])).sort();
      const renamed = changes.flatMap(({ old, new: now }) =>
        old !== null && now !== null && old.name !== now.name ? [[old.name, now.name] as const] : [],
      );
      const gone = before.filter((name) => !after.includes(name));
      const come = after.filter((name) => !before.includes(name));
      expect([...told('removed'), ...renamed.map(([name]) => name)].sort()).toEqual(gone.sort());
      expect([...told('added'), ...renamed.map(([, name]) => name)].sort()).toEqual(come.sort());
      if (gone.length === 0 && come.length === 0) {
        // As many are in order as the longest run says: all but those told to have moved.
        const moved = told('moved');
        const rest = (list: readonly string[]): string[] => list.filter((name) => !moved.includes(name));
        expect(rest(after)).toEqual(rest(before));
      }
    }),
    { numRuns: 200, seed: 51 },
  );
});

test('the ending of a path tells the language', () => {
  expect(languageOf('x/y.mts')).toBe('typescript');
  expect(languageOf('Makefile')).toBeNull();
});

test('bad input meets a code', async () => {
  expect(await codeOfRejection(() => declarationsOf('', {}))).toBe('LANGUAGE_UNKNOWN');
  expect(await codeOfRejection(() => declarationsOf('', { path: 'a.txt' }))).toBe('LANGUAGE_UNKNOWN');
  expect(await codeOfRejection(() => declarationsOf('', { language: 'cobol' as Language }))).toBe(
    'LANGUAGE_UNKNOWN',
  );
  expect(await codeOfRejection(() => declarationsOf(1 as never, { language: 'go' }))).toBe('INPUT_INVALID');
  expect(await codeOfRejection(() => declarationsOf('', { path: 1 as never }))).toBe('INPUT_INVALID');
  expect(await codeOfRejection(() => declarationsOf('', { language: 'go', timeoutMs: 0 }))).toBe(
    'OPTION_INVALID',
  );
  expect(await codeOfRejection(() => declarationsOf(' '.repeat(33 << 20), { language: 'json' }))).toBe(
    'INPUT_TOO_LARGE',
  );
  const noise = '({[<"`=>'.repeat(100_000);
  expect(await codeOfRejection(() => declarationsOf(noise, { language: 'go', timeoutMs: 20 }))).toBe(
    'SYNTAX_TIMED_OUT',
  );
});

test('without the parsers a code says why', async () => {
  expect(syntaxCapability()).toMatchObject({ track: 'syntax', engine: 'native' });
  process.env['FISHPLATE_SYNTAX_ENGINE'] = 'fallback';
  try {
    expect(await codeOfRejection(() => declarationsOf('', { language: 'go' }))).toBe('SYNTAX_UNAVAILABLE');
    expect(syntaxCapability()).toMatchObject({ engine: null });
  } finally {
    delete process.env['FISHPLATE_SYNTAX_ENGINE'];
  }
});

test('thousands of unrelated declarations end soon', async () => {
  const many = (word: string): string =>
    Array.from(
      { length: 3000 },
      (_, index) => `function ${word}${index}() { return ${word}(${index}, "${word}", x, y, z); }`,
    ).join('\n');
  const { changes } = await compareDeclarations(many('old'), many('new'), { language: 'javascript' });
  expect(changes.length).toBeGreaterThan(0);
  const nested = `${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}`;
  expect(
    (await compareDeclarations(nested, nested.replace('1', '2'), { language: 'json' })).changes,
  ).toHaveLength(1);
}, 20_000);
