/** Checks that ask compilers what a file declares. */

import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { compareDeclarations, declarationsOf } from '@fishplate/diff/syntax';
import ts from 'typescript';

import { type Check, expectEqual } from '@fishplate/validation';

const WITHOUT_PYTHON =
  spawnSync('python3', ['--version']).status === 0 ? undefined : 'python3 is not installed';

/** Parsing has one engine; asking twice would tell nothing more. */
export const syntaxChecks: Check[] = [
  {
    name: 'declarations of TypeScript are those of its compiler',
    nativeOnly: true,
    run: likeTypeScript,
  },
  {
    name: 'functions and classes of Python are those of its parser',
    nativeOnly: true,
    skip: WITHOUT_PYTHON,
    run: likePython,
  },
  {
    name: 'white space and comments change no declaration',
    nativeOnly: true,
    run: unchanged,
  },
];

const TYPESCRIPT = dirname(require.resolve('typescript'));

/** The library's declaration files: what is at the top of each. */
async function likeTypeScript(): Promise<string> {
  const files = readdirSync(TYPESCRIPT).filter((file) => /^lib\..*\.d\.ts$/.test(file));
  let count = 0;
  for (const file of files) {
    const text = readFileSync(join(TYPESCRIPT, file), 'utf8');
    const { declarations } = await declarationsOf(text, { path: file });
    const ours = declarations
      .filter(({ container }) => container.length === 0)
      .map(({ name, line }) => `${name} ${line}`);
    expectEqual(ours, topLevel(text), file);
    count += ours.length;
  }
  return `${count} declarations in ${files.length} files`;
}

function topLevel(text: string): string[] {
  const source = ts.createSourceFile('lib.d.ts', text, ts.ScriptTarget.Latest, true);
  const place = (name: ts.Node, node: ts.Node): string =>
    `${name.getText().replace(/^(["'])(.*)\1$/, '$2')} ${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
  return source.statements.flatMap((statement) => {
    if (ts.isVariableStatement(statement)) {
      return statement.declarationList.declarations.map(({ name }) => place(name, statement));
    }
    const { name } = statement as ts.Statement & { name?: ts.Node };
    return name === undefined ? [] : [place(name, statement)];
  });
}

/** Prints, for each file named, what its functions and classes are called and where they end. */
const PYTHON_SCRIPT = `
import ast, json, sys
def walk(body, owners):
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield ".".join([*owners, node.name]) + " " + str(node.end_lineno)
            if isinstance(node, ast.ClassDef):
                yield from walk(node.body, [*owners, node.name])
        elif isinstance(node, (ast.If, ast.Try, ast.With)):
            for part in ("body", "handlers", "orelse", "finalbody"):
                for inner in getattr(node, part, []):
                    yield from walk(inner.body if isinstance(inner, ast.ExceptHandler) else [inner], owners)
found = {}
for path in sys.argv[1:]:
    with open(path, "rb") as file:
        try:
            found[path] = list(walk(ast.parse(file.read()).body, []))
        except SyntaxError:
            pass
json.dump(found, sys.stdout)
`;

/** Modules of Python's own library. */
async function likePython(): Promise<string> {
  const where = ['-c', 'import os; print(os.path.dirname(os.__file__))'];
  const folder = execFileSync('python3', where, { encoding: 'utf8' }).trim();
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.py'))
    .map((file) => join(folder, file));
  const answer = execFileSync('python3', ['-c', PYTHON_SCRIPT, ...files], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  let count = 0;
  for (const [path, expected] of Object.entries(JSON.parse(answer) as Record<string, string[]>)) {
    const { declarations } = await declarationsOf(readFileSync(path), { language: 'python' });
    const ours = declarations
      .filter(({ kind }) => kind === 'function' || kind === 'method' || kind === 'class')
      .map(({ container, name, endLine }) => `${[...container, name].join('.')} ${endLine}`);
    expectEqual(ours, expected, path);
    count += ours.length;
  }
  return `${count} functions and classes`;
}

/** White space and comments aside, the file is the same. */
async function unchanged(): Promise<string> {
  const text = readFileSync(join(TYPESCRIPT, 'lib.dom.d.ts'), 'utf8');
  const started = performance.now();
  const other = `// another header\n${text.replaceAll('\n', '\r\n')}`;
  const { changes, restChanged } = await compareDeclarations(text, other, { language: 'typescript' });
  expectEqual({ changes, restChanged }, { changes: [], restChanged: false }, 'lib.dom.d.ts');
  return `2 x ${(text.length / 1e6).toFixed(1)} MB in ${Math.round(performance.now() - started)} ms`;
}
