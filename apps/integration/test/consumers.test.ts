import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import ts from 'typescript';

import { ENGINES, INSTALLED, makeDirectory, runNode } from '../src/installation.js';

const README = readFileSync(join(INSTALLED, 'node_modules', 'fishplate', 'README.md'), 'utf8');

/** The fenced blocks of the README in one language. */
function blocks(language: string): string[] {
  return [...README.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))].map(([, code]) => code!);
}

const BODY = `
  const runtime = createRuntime({ workspace: process.argv[2] });
  runtime.call('edit_file', { path: 'a.txt', edits: [{ search: 'one', replace: 'two' }] })
    .then((result) => { console.log(result.ok, result.engines.diff); return runtime.close(); });
`;

describe.each(ENGINES)('%s', (asked, reported) => {
  test.each([
    ['CommonJS', 'commonjs', `const { createRuntime } = require('fishplate');${BODY}`],
    ['ES modules', 'module', `import { createRuntime } from 'fishplate';${BODY}`],
    ['import() from CommonJS', 'commonjs', `import('fishplate').then(({ createRuntime }) => {${BODY}});`],
  ])('runs for %s', async (_, type, input) => {
    const workspace = makeDirectory({ 'a.txt': 'one\n' });
    const { code, stdout, stderr } = await runNode([`--input-type=${type}`, '-', workspace], {
      env: { FISHPLATE_DIFF_ENGINE: asked },
      input,
    });
    expect([code, stdout]).toEqual([0, `true ${reported}\n`]);
    // Node 20 calls require() of an ES module experimental.
    expect(stderr.split('\n').filter((line) => !/ExperimentalWarning|--trace-warnings/.test(line))).toEqual([
      '',
    ]);
  });
});

test('the API example of the README runs as it stands', async () => {
  const [example] = blocks('js');
  const workspace = makeDirectory({ 'greeting.txt': 'Hello, word!\n' });
  const { code, stdout, stderr } = await runNode(['--input-type=module', '-'], {
    input: example!.replace("'/path/to/project'", JSON.stringify(workspace)),
  });
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('+Hello, world!');
  expect(readFileSync(join(workspace, 'greeting.txt'), 'utf8')).toBe('Hello, word!\n');
});

test('the plan and the configuration of the README are sound', async () => {
  const [plan, config] = blocks('json').filter(
    (block) => block.includes('"steps"') || block.includes('"limits"'),
  );
  const workspace = makeDirectory({ 'greeting.txt': 'Hello, word!\n', 'fishplate.config.json': config! });
  const file = join(makeDirectory({ 'plan.json': plan! }), 'plan.json');
  const command = join(INSTALLED, 'node_modules', 'fishplate', 'dist', 'cli', 'main.js');
  expect(await runNode([command, 'run', '--plan', file, '--workspace', workspace])).toMatchObject({
    code: 0,
  });
});

describe.each(ENGINES)('the libraries by themselves (%s)', (asked) => {
  const names = {
    tokenizer: 'countTokens, compressContext, ENCODINGS',
    json: 'stableStringify, createPartialParser, openJson',
  };
  const body = `
    const parser = createPartialParser();
    const shown = parser.push('{"path":"src/a').value;
    const context = compressContext([{ role: 'user', content: 'a' }], { maxTokens: 100 });
    const found = openJson(Buffer.from('{"a":[1,{"b":2}]}')).get('/a/1/b');
    console.log(countTokens('tiktoken is great!'), ENCODINGS.length, context.messages.length, found, stableStringify({ b: 1, a: shown }));
  `;
  test.each([
    [
      'CommonJS',
      'commonjs',
      Object.entries(names).map(([name, names]) => `const { ${names} } = require('@fishplate/${name}');`),
    ],
    [
      'ES modules',
      'module',
      Object.entries(names).map(([name, names]) => `import { ${names} } from '@fishplate/${name}';`),
    ],
  ])('run for %s', async (_, type, head) => {
    const { code, stdout, stderr } = await runNode([`--input-type=${type}`, '-'], {
      env: { FISHPLATE_TOKENIZER_ENGINE: asked, FISHPLATE_JSON_ENGINE: asked },
      input: head.join('\n') + body,
    });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe('6 6 1 2 {"a":{"path":"src/a"},"b":1}\n');
  });
});

test('TypeScript users get types, as ES modules and as CommonJS, with every check on', () => {
  const source = `
    import { createRuntime, isFishplateError, type CallResult, type Runtime, type ToolData } from 'fishplate';
    import { unifiedDiff } from '@fishplate/diff';
    import { chooseEngine } from '@fishplate/engine';
    import { createPartialParser, parse, type Snapshot } from '@fishplate/json';
    import { compressContext, type ChatMessage, type CompressedContext, countTokens } from '@fishplate/tokenizer';
    const history: ChatMessage[] = [{ role: 'tool', tool_call_id: 'a', content: 'b' }];
    export const fitted: CompressedContext = compressContext(history, { maxTokens: countTokens('a', 'gpt-4o'), strategy: 'drop' });
    export const snapshot: Snapshot<{ path: string }> = createPartialParser<{ path: string }>().push('{');
    export const limited: { a: number } = parse<{ a: number }>('{"a":1}', { maxDepth: 3, protoKeys: 'error' });
    // @ts-expect-error: there is no such strategy
    compressContext(history, { maxTokens: 1, strategy: 'guess' });
    const runtime: Runtime = createRuntime({ workspace: '.', engines: { diff: 'auto' }, config: { limits: { maxFileBytes: 1 } } });
    export async function use(): Promise<string | undefined> {
      const read: CallResult<ToolData<'read_file'>> = await runtime.call('read_file', { path: 'a', startLine: 1 });
      const patch: string = unifiedDiff('a', 'b').patch;
      if (!read.ok) return read.hint + read.code + patch + chooseEngine({ track: 'diff' }).asked;
      const by: unknown = await runtime.call('tool' + read.data.totalLines, {});
      return isFishplateError(by) ? by.code : read.data.text;
    }
    // @ts-expect-error: the field is called path
    void runtime.call('read_file', { file: 'a' });
    // @ts-expect-error: data is there only where ok is true
    void runtime.call('diff', {}).then((result) => result.data.patch);
  `;
  for (const [name, noCheck] of [
    ['consumer.mts', false],
    ['consumer.cts', true],
  ] as const) {
    const file = join(INSTALLED, name);
    expect(problems(file, source, noCheck)).toEqual([]);
  }
});

/** What the compiler says of a file that lies beside the installed packages, without writing it there. */
function problems(file: string, source: string, skipLibCheck: boolean): string[] {
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2023.d.ts'],
    // Users of Node have its types; these are the workspace's.
    typeRoots: [fileURLToPath(new URL('../../../node_modules/@types', import.meta.url))],
    types: ['node'],
  };
  const host = ts.createCompilerHost(options);
  const plain = ts.createCompilerHost(options);
  host.getSourceFile = (name, version, ...rest) =>
    name === file ? ts.createSourceFile(name, source, version) : plain.getSourceFile(name, version, ...rest);
  host.fileExists = (name) => name === file || plain.fileExists(name);
  host.readFile = (name) => (name === file ? source : plain.readFile(name));
  const program = ts.createProgram([file], options, host);
  return ts.getPreEmitDiagnostics(program).map((problem) => {
    const place = problem.file === undefined ? '' : `${problem.file.fileName}: `;
    return place + ts.flattenDiagnosticMessageText(problem.messageText, '\n');
  });
}
