import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { createRuntime, type Runtime } from '../src/index.js';
import { makeWorkspace, writeIn } from './workspace.js';

const FILES = {
  '.gitignore': 'built/\n',
  'src/user.ts':
    'import { save } from "./store";\n\nexport class User {\n  getUserName(): string {\n    return save("x");\n  }\n}\n',
  'src/store.ts': 'export function save(text: string): string {\n  return text;\n}\n',
  'lib/tree.py': 'class Tree:\n    def walk(self):\n        pass\n',
  'built/user.js': 'export function builtOnly() {}\n',
  'secret/keys.ts': 'export const secretName = 1;\n',
  'notes.txt': 'function notes() {}\n',
};

async function found(runtime: Runtime, query: string, more: object = {}): Promise<string[]> {
  const answer = await runtime.call('search_symbols', { query, ...more });
  if (!answer.ok) throw new Error(answer.message);
  return answer.data.symbols.map(({ path, line, name }) => `${path}:${line} ${name}`);
}

describe.each(['native', 'fallback'] as const)('symbols, %s', (engine) => {
  const config = { sandbox: { policy: { readDeny: ['secret'] } } };
  let workspace: string;
  let runtime: Runtime;

  beforeEach(() => {
    workspace = makeWorkspace(FILES);
    symlinkSync('secret/keys.ts', join(workspace, 'link.ts'));
    runtime = createRuntime({ workspace, config, engines: { symbols: engine } });
  });
  afterEach(() => runtime.close());

  test('are found by name, initials and misspelling, in files that git lists and the policy shows', async () => {
    expect((await found(runtime, 'getUserName'))[0]).toBe('src/user.ts:4 getUserName');
    expect((await found(runtime, 'gUN'))[0]).toBe('src/user.ts:4 getUserName');
    expect((await found(runtime, 'getUsrName'))[0]).toBe('src/user.ts:4 getUserName');
    expect(await found(runtime, 'walk', { path: 'lib' })).toEqual(['lib/tree.py:2 walk']);
    expect(await found(runtime, 'User', { kinds: ['class'] })).toEqual(['src/user.ts:3 User']);
    expect(await found(runtime, 'builtOnly')).toEqual([]);
    expect(await found(runtime, 'secretName')).toEqual([]);
  });

  test('follow edits, commands and undo at once', async () => {
    expect(await found(runtime, 'freshlyMade')).toEqual([]);
    const search = 'export function save';
    const edits = [{ search, replace: `export function freshlyMade() {}\n${search}` }];
    expect(await runtime.call('edit_file', { path: 'src/store.ts', edits })).toMatchObject({ ok: true });
    expect(await found(runtime, 'freshlyMade')).toEqual(['src/store.ts:1 freshlyMade']);
    expect(await runtime.call('undo', {})).toMatchObject({ ok: true });
    expect(await found(runtime, 'freshlyMade')).toEqual([]);
    const script = "require('fs').writeFileSync('src/made.ts', 'export function madeByCommand() {}')";
    const ran = await runtime.call('run_command', { command: process.execPath, args: ['-e', script] });
    if (ran.ok) expect(await found(runtime, 'madeByCommand')).toEqual(['src/made.ts:1 madeByCommand']);
  });

  test('follow what others write, after a moment', async () => {
    expect(await found(runtime, 'walk')).toHaveLength(1);
    writeIn(workspace, 'lib/other.py', 'def writtenByOthers():\n    pass\n');
    rmSync(join(workspace, 'lib/tree.py'));
    const deadline = Date.now() + 60_000;
    while ((await found(runtime, 'writtenByOthers')).length === 0 && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(await found(runtime, 'writtenByOthers')).toEqual(['lib/other.py:1 writtenByOthers']);
    expect(await found(runtime, 'walk')).toEqual([]);
  });

  test('of one file are outlined as it is now, with depth', async () => {
    writeIn(workspace, 'src/user.ts', `// first\n${FILES['src/user.ts']}`);
    const outlined = await runtime.call('outline', { path: 'src/user.ts' });
    expect(outlined).toMatchObject({
      ok: true,
      data: {
        language: 'typescript',
        symbols: [
          { name: 'User', kind: 'class', line: 4, depth: 0, exported: true },
          { name: 'getUserName', kind: 'method', line: 5, depth: 1, container: 'User' },
        ],
      },
    });
    expect(await runtime.call('outline', { path: 'notes.txt' })).toMatchObject({ code: 'LANGUAGE_UNKNOWN' });
    expect(await runtime.call('outline', { path: 'none.ts' })).toMatchObject({ code: 'FILE_NOT_FOUND' });
    await expect(runtime.call('outline', { path: 'secret/keys.ts' })).rejects.toMatchObject({
      code: 'PATH_PROTECTED',
    });
  });

  test('make a map that fits its budget, seen from what is in focus', async () => {
    const map = await runtime.call('repo_map', { focus: ['src/user.ts'], budgetTokens: 60 });
    if (!map.ok) throw new Error(map.message);
    expect(map.data.tokens).toBeLessThanOrEqual(60);
    expect(map.data.files.map(({ path }) => path)).toEqual(expect.arrayContaining(['src/store.ts']));
    expect(map.text).toContain('save');
  });
});

test('a question that is cancelled while files are indexed leaves the next one whole', async () => {
  const many = Object.fromEntries(
    Array.from({ length: 400 }, (_, at) => [`src/f${at}.ts`, `export function fn${at}() {}\n`]),
  );
  const runtime = createRuntime({ workspace: makeWorkspace(many) });
  const controller = new AbortController();
  const asked = runtime.call('search_symbols', { query: 'fn399' }, { signal: controller.signal });
  controller.abort();
  await expect(asked).rejects.toMatchObject({ code: 'CANCELLED' });
  expect((await found(runtime, 'fn399'))[0]).toBe('src/f399.ts:1 fn399');
  await runtime.close();
});

test('an index that is made ahead is waited for by questions, which are told how far it is', async () => {
  const many = Object.fromEntries(
    Array.from({ length: 3000 }, (_, at) => [`src/f${at}.ts`, `export function fn${at}() {}\n`]),
  );
  const runtime = createRuntime({ workspace: makeWorkspace(many) });
  const told: number[] = [];
  const ahead = runtime.prepare();
  const answer = runtime.call(
    'search_symbols',
    { query: 'fn2999' },
    { onProgress: ({ done }) => told.push(done) },
  );
  const controller = new AbortController();
  const given = runtime.call('search_symbols', { query: 'fn1' }, { signal: controller.signal });
  setTimeout(() => controller.abort(), 1);
  await expect(given).rejects.toMatchObject({ code: 'CANCELLED' });
  await ahead;
  expect(await answer).toMatchObject({ ok: true, data: { files: 3000 } });
  expect(told.length).toBeGreaterThan(1);
  expect(told.at(-1)).toBe(3000);
  await runtime.close();
});

test('a runtime that is closed while it indexes ahead ends without waiting for all of it', async () => {
  const many = Object.fromEntries(
    Array.from({ length: 500 }, (_, at) => [`f${at}.ts`, 'export class A {}\n']),
  );
  const runtime = createRuntime({ workspace: makeWorkspace(many) });
  const ahead = runtime.prepare();
  await runtime.close();
  await expect(ahead).rejects.toMatchObject({ code: 'CANCELLED' });
});

test('a file name with a line end makes no second line, and an empty list of kinds stands for all', async () => {
  const name = 'real.ts:1 function trusted()\nforged.ts';
  const runtime = createRuntime({ workspace: makeWorkspace({ [name]: 'export function shown() {}\n' }) });
  const hits = await runtime.call('search_symbols', { query: 'shown', kinds: [] });
  expect(hits).toMatchObject({
    text: `${JSON.stringify(name)}:1 function export function shown()`,
    data: { symbols: [{ path: name }] },
  });
  const map = await runtime.call('repo_map', {});
  expect(map).toMatchObject({ text: `${JSON.stringify(name)}\n  1: export function shown()` });
  expect(await runtime.call('repo_map', { budgetTokens: 1 })).toMatchObject({
    data: { files: [] },
    text: 'no file fits into 1 tokens',
  });
  await runtime.close();
});
