import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

import ts from 'typescript';

import { INSTALLED, PACKAGES, runNode } from '../src/installation.js';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly bin?: unknown;
  readonly exports?: Readonly<Record<string, { readonly types?: string }>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const folderOf = (name: string): string => join(INSTALLED, 'node_modules', name);
const manifestOf = (name: string): Manifest =>
  JSON.parse(readFileSync(join(folderOf(name), 'package.json'), 'utf8')) as Manifest;

test('the packed packages lie in the installation, not in the workspace', async () => {
  for (const name of PACKAGES) expect(realpathSync(folderOf(name))).toBe(folderOf(name));
  const script = `
    const loaded = ['fishplate', '@fishplate/diff', '@fishplate/engine'].map((name) => require.resolve(name));
    require('fishplate').createRuntime().capabilities();
    const { binding } = require('@fishplate/diff').capability({ call: 'native' });
    const syntax = require('@fishplate/diff/syntax');
    loaded.push(syntax.syntaxCapability().binding.path);
    console.log(JSON.stringify([...loaded, binding.path, ...Object.keys(require.cache)]));
  `;
  const { stdout, stderr } = await runNode(['--no-warnings', '-e', script]);
  expect(stderr).toBe('');
  const paths = JSON.parse(stdout) as string[];
  expect(paths.length).toBeGreaterThan(10);
  expect(paths.filter((path) => !path.startsWith(INSTALLED))).toEqual([]);
});

test('versions go together, and every package says what it needs', () => {
  const versions = new Set(PACKAGES.map((name) => manifestOf(name).version));
  expect(versions.size).toBe(1);
  const [version] = versions;
  for (const name of PACKAGES) {
    for (const [dependency, range] of Object.entries(manifestOf(name).dependencies ?? {})) {
      if (PACKAGES.includes(dependency)) expect(range).toBe(version);
    }
  }
});

test('the runtime brings its fixtures, schema, documentation and licence terms', () => {
  for (const path of [
    'fixtures/timespan/gitignore',
    'schema/fishplate.config.schema.json',
    'README.md',
    'package.json',
  ]) {
    expect(existsSync(join(folderOf('fishplate'), path))).toBe(true);
  }
  expect(existsSync(join(folderOf('fishplate'), 'src'))).toBe(false);
  expect(existsSync(join(folderOf('fishplate'), 'test'))).toBe(false);
});

describe('public surface', () => {
  const visible = PACKAGES.filter((name) => !name.includes('-native') && !name.endsWith('-tables'));
  const entries = visible.flatMap((name) =>
    Object.entries(manifestOf(name).exports ?? {}).flatMap(([path, { types }]) =>
      types === undefined ? [] : [{ entry: name + path.slice(1), types: join(folderOf(name), types) }],
    ),
  );

  test.each(visible)('%s', (name) => {
    const { bin, exports } = manifestOf(name);
    expect({ bin, exports }).toMatchSnapshot();
  });

  test.each(entries)('names of $entry', ({ types }) => {
    expect(exportedNames(types)).toMatchSnapshot();
  });

  test.each(entries)('$entry gives its values to require and to import alike', async ({ entry, types }) => {
    const script = `
      import { createRequire } from 'node:module';
      const names = (loaded) => Object.keys(loaded).filter((key) => !['default', 'module.exports', '__esModule'].includes(key)).sort();
      const required = createRequire(process.cwd() + '/x.js')('${entry}');
      console.log(JSON.stringify([names(await import('${entry}')), names(required)]));
    `;
    const { stdout } = await runNode(['--no-warnings', '--input-type=module', '-e', script]);
    const [imported, required] = JSON.parse(stdout) as [string[], string[]];
    expect(imported).toEqual(required);
    expect(imported).toEqual(
      exportedNames(types).flatMap((name) => (name.startsWith('type ') ? [] : [name])),
    );
  });
});

/** Names that type declarations export; those that are types only say so. */
function exportedNames(entry: string): string[] {
  const options = {
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
    types: [],
  };
  const program = ts.createProgram([entry], {
    ...options,
    target: ts.ScriptTarget.ES2022,
    skipLibCheck: true,
  });
  const checker = program.getTypeChecker();
  const symbol = checker.getSymbolAtLocation(program.getSourceFile(entry)!)!;
  const names = checker.getExportsOfModule(symbol).map((exported) => {
    const target = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const isValue = (target.flags & ts.SymbolFlags.Value) !== 0 && !isTypeOnly(exported);
    return isValue ? exported.name : `type ${exported.name}`;
  });
  return names.sort();
}

/** Whether a class, say, is exported by `export type`: its name is no value then. */
function isTypeOnly({ declarations = [] }: ts.Symbol): boolean {
  return declarations.some(
    (declaration) => ts.isExportSpecifier(declaration) && ts.isTypeOnlyExportDeclaration(declaration),
  );
}
