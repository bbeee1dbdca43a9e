import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import * as fc from 'fast-check';

import { createRuntime } from '../src/index.js';
import { listWorkspace } from '../src/workspace/listing.js';
import { codeOf, git, makeWorkspace, writeIn } from './workspace.js';

const list = (root: string, engine: 'native' | 'fallback' = 'native') => listWorkspace(root, { engine });

const FILES = {
  '.gitignore': '*.log\n/build/\n!keep.log\n',
  'a.txt': '',
  'b.log': '',
  'keep.log': '',
  'build/out.js': '',
  'src/build/in.js': '',
  'src/.gitignore': 'secret\n!b.log\n',
  'src/secret': '',
  'src/b.log': '',
  'new\nline.txt': '',
  'häß.txt': '',
};
const LISTED = [
  '.gitignore',
  'a.txt',
  'häß.txt',
  'keep.log',
  'new\nline.txt',
  'src/.gitignore',
  'src/b.log',
  'src/build/in.js',
];

test('lists what git lists, and the same without git', async () => {
  const root = makeWorkspace(FILES);
  expect(await list(root)).toMatchObject({ files: [...LISTED].sort(), engine: 'native', note: null });
  git(root, ['init', '-q']);
  expect(await list(root)).toMatchObject({ files: [...LISTED].sort(), engine: 'native' });
  expect(await list(root, 'fallback')).toMatchObject({ files: [...LISTED].sort(), engine: 'js' });
});

test('leaves out what git still tracks but is gone, keeps what is tracked though ignored', async () => {
  const root = makeWorkspace({ a: '', b: '', 'c.log': '' });
  git(root, ['init', '-q']);
  git(root, ['add', '.']);
  writeFileSync(join(root, '.gitignore'), '*.log\n');
  rmSync(join(root, 'b'));
  expect((await list(root)).files).toEqual(['.gitignore', 'a', 'c.log']);
});

test('leaves out what a killed process left of its writing', async () => {
  const left = '.fishplate-0123456789abcdef.tmp';
  const root = makeWorkspace({ a: '', [left]: '', [`src/${left}`]: '', '.fishplate-mine.tmp': '' });
  for (const engine of ['native', 'fallback'] as const) {
    if (engine === 'fallback') git(root, ['init', '-q']);
    expect((await list(root, engine)).files).toEqual(['.fishplate-mine.tmp', 'a']);
  }
});

test('names links, does not follow them', async () => {
  const outside = makeWorkspace({ 'far/away': '' });
  const root = makeWorkspace({ a: '' });
  symlinkSync(outside, join(root, 'out'));
  expect((await list(root)).files).toEqual(['a', 'out']);
  git(root, ['init', '-q']);
  expect((await list(root)).files).toEqual(['a', 'out']);
});

test.each(['native', 'fallback'] as const)(
  'names nested repositories, does not go into them (%s)',
  async (engine) => {
    const root = makeWorkspace({ a: '', 'vendor/lib/x': '' });
    git(root, ['init', '-q']);
    git(join(root, 'vendor/lib'), ['init', '-q']);
    git(join(root, 'vendor/lib'), ['add', '.']);
    git(join(root, 'vendor/lib'), ['commit', '-q', '-m', 'x']);
    expect(await list(root, engine)).toMatchObject({ files: ['a'], nestedRepositories: ['vendor/lib'] });
  },
);

test('lists a subdirectory of a repository, and one that the repository ignores as a whole', async () => {
  const root = makeWorkspace({ '.gitignore': 'scratch/\n', 'app/a': '', 'scratch/b': '' });
  git(root, ['init', '-q']);
  expect(await list(join(root, 'app'))).toMatchObject({ files: ['a'], note: null });
  expect(await list(join(root, 'scratch'))).toMatchObject({
    files: ['b'],
    note: expect.stringContaining('ignores it as a whole') as string,
  });
});

test('takes back in what an inner file allows, with all that is in it', async () => {
  const root = makeWorkspace({
    '.gitignore': '*.log\n',
    'a/.gitignore': '!c.log\n!*[x.log\n',
    'a/c.log/in': '',
    'a/c.log/in.log': '',
    'a/b [x.log/in': '',
    'a/d.log/out': '',
  });
  git(root, ['init', '-q']);
  const { files } = await list(root, 'native');
  expect(files).toContain('a/c.log/in');
  expect((await list(root, 'fallback')).files).toEqual(files);
});

test('runs no program that the repository names, though git does', async () => {
  const root = makeWorkspace({ a: '' });
  git(root, ['init', '-q']);
  const ran = join(root, '.git', 'ran');
  writeIn(root, '.git/hook.sh', `#!/bin/sh\ntouch '${ran}'\n`, 0o755);
  git(root, ['config', 'core.fsmonitor', join(root, '.git', 'hook.sh')]);
  expect((await list(root)).files).toEqual(['a']);
  expect(existsSync(ran)).toBe(false);
  spawnSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root });
  expect(existsSync(ran)).toBe(true);
});

test('a tracked directory that became a file is gone, and the rest is listed', async () => {
  const root = makeWorkspace({ a: '', 'd/in': '' });
  git(root, ['init', '-q']);
  git(root, ['add', '.']);
  rmSync(join(root, 'd'), { recursive: true });
  writeFileSync(join(root, 'd'), '');
  expect((await list(root, 'native')).files).toEqual(['a', 'd']);
});

test('rules that are a link, or a pipe that nobody writes to, are passed over', async () => {
  const outside = makeWorkspace({ rules: 'a\n' });
  const root = makeWorkspace({ a: '', 'd/b': '' });
  symlinkSync(join(outside, 'rules'), join(root, '.gitignore'));
  if (process.platform !== 'win32') spawnSync('mkfifo', [join(root, 'd', '.gitignore')]);
  expect((await list(root, 'fallback')).files).toEqual(['.gitignore', 'a', 'd/b']);
});

test('a damaged index ends no listing, and is told', async () => {
  const root = makeWorkspace({ a: '' });
  git(root, ['init', '-q']);
  writeFileSync(join(root, '.git', 'index'), 'DIRC nonsense');
  expect(await list(root)).toMatchObject({ files: ['a'], note: expect.stringContaining('index') as string });
});

test('a damaged configuration ends no listing, and is told', async () => {
  const root = makeWorkspace({ a: '', 'b.log': '', '.gitignore': '*.log\n' });
  git(root, ['init', '-q']);
  writeFileSync(join(root, '.git', 'config'), '[core');
  expect(await list(root)).toMatchObject({
    files: ['.gitignore', 'a'],
    note: expect.stringContaining('configuration') as string,
  });
});

test('index entries that lead out of the workspace, or are longer than any path, end no listing', async () => {
  const root = makeWorkspace({ a: '' });
  git(root, ['init', '-q']);
  const id = git(root, ['hash-object', '-w', 'a']).trim();
  const long = 'd/'.repeat(3000) + 'f';
  spawnSync('git', ['update-index', '-z', '--index-info'], { cwd: root, input: `100644 ${id}\t${long}\0` });
  expect(git(root, ['ls-files'])).toContain('d/d/d');
  expect((await list(root)).files).toEqual(['a']);
}, 60_000);

describe('the tool', () => {
  const call = async (root: string, input: object) => {
    const runtime = createRuntime({ workspace: root });
    try {
      return await runtime.call('list_files', input);
    } finally {
      await runtime.close();
    }
  };

  test('takes globs and kinds, and a directory in every form', async () => {
    const root = makeWorkspace({ 'src/a.ts': '', 'src/b.md': '', 'c.ts': '' });
    for (const [input, files] of [
      [{ globs: ['src'] }, ['src/a.ts', 'src/b.md']],
      [{ types: ['ts'] }, ['c.ts', 'src/a.ts']],
      [{ types: ['ts'], under: 'src/' }, ['src/a.ts']],
      [{ under: '' }, ['c.ts', 'src/a.ts', 'src/b.md']],
      [{ under: '.' }, ['c.ts', 'src/a.ts', 'src/b.md']],
    ] as const) {
      expect([input, await call(root, input)]).toMatchObject([input, { ok: true, data: { files } }]);
    }
    expect(await codeOf(() => call(root, { globs: ['./src'] }))).toBe('OPTION_INVALID');
  });

  test('says what a directory is where it lists nothing of it', async () => {
    const root = makeWorkspace({ '.gitignore': 'out/\n', 'out/x': '', 'lib/y': '', 'a.txt': '' });
    git(root, ['init', '-q']);
    git(join(root, 'lib'), ['init', '-q']);
    expect(await call(root, { under: 'none' })).toMatchObject({ ok: false, code: 'FILE_NOT_FOUND' });
    for (const [under, text] of [
      ['out', 'out is ignored by .gitignore, line 1: out/'],
      ['a.txt', 'a.txt is no directory'],
      ['lib', 'lib is a repository of its own'],
    ] as const) {
      const answer = await call(root, { under });
      expect([under, answer.ok && answer.text]).toEqual([under, expect.stringContaining(text)]);
    }
    const whole = await call(root, {});
    expect(whole.ok && whole.text).toContain('[repositories of their own, not listed: lib]');
  });

  test('counts names that are not UTF-8 where they concern what is asked for', async () => {
    if (process.platform !== 'linux') return;
    const root = makeWorkspace({ 'a/x': '', 'b/y': '' });
    writeFileSync(Buffer.concat([Buffer.from(`${root}/a/`), Buffer.from([0xff])]), '');
    expect(await call(root, { under: 'a' })).toMatchObject({ data: { files: ['a/x'], unnameable: 1 } });
    expect(await call(root, { under: 'b' })).toMatchObject({ data: { files: ['b/y'], unnameable: 0 } });
  });
});

test('stops when cancelled', async () => {
  const root = makeWorkspace({ a: '' });
  for (const engine of ['native', 'fallback'] as const) {
    expect(await codeOf(() => listWorkspace(root, { engine, signal: AbortSignal.abort() }))).toBe(
      'CANCELLED',
    );
  }
  const later = new AbortController();
  const pending = codeOf(() => listWorkspace(root, { engine: 'auto', signal: later.signal }));
  later.abort();
  expect(await pending).toBe('CANCELLED');
});

const NAMES = fc.constantFrom('a', 'b', 'c.log', 'd');
const PATTERNS = fc.constantFrom(
  'a',
  'b/',
  '*.log',
  '/a',
  '!a',
  '!c.log',
  'a/b',
  '**/d',
  'a/**',
  '# a',
  '\\!b',
  '[ab]',
);

test('walks as git lists, on random trees with random rules', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.array(NAMES, { minLength: 1, maxLength: 3 }), {
        maxLength: 10,
        selector: (path) => path.join('/'),
      }),
      fc.array(fc.tuple(fc.constantFrom('', 'a/', 'b/', 'a/b/'), fc.array(PATTERNS, { maxLength: 4 })), {
        maxLength: 3,
      }),
      async (paths, rules) => {
        const root = makeWorkspace();
        for (const path of paths) tryWrite(root, path.join('/'), '');
        for (const [directory, lines] of rules)
          tryWrite(root, `${directory}.gitignore`, `${lines.join('\n')}\n`);
        mkdirSync(join(root, 'seed'), { recursive: true });
        git(root, ['init', '-q']);
        const byGit = git(root, ['ls-files', '-co', '--exclude-standard', '-z']).split('\0').filter(Boolean);
        const ours = await Promise.all([list(root, 'native'), list(root, 'fallback')]);
        rmSync(root, { recursive: true });
        for (const { files } of ours) expect(files).toEqual(byGit.sort());
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);

/** A random path may run through what is already a file. */
function tryWrite(root: string, path: string, content: string): void {
  try {
    writeIn(root, path, content);
  } catch {
    // The tree stays as it is.
  }
}

test('the state of a workspace is not listed, even where the file that hides it was removed', async () => {
  const root = makeWorkspace({ 'a.txt': '', 'sub/.fishplate/journal-1/x': '', 'sub/.fishplater': '' });
  const runtime = createRuntime({ workspace: root });
  await runtime.call('list_files', {});
  rmSync(join(root, '.fishplate/.gitignore'));
  expect(await runtime.call('list_files', {})).toMatchObject({
    data: { files: ['a.txt', 'sub/.fishplater'] },
  });
  await runtime.close();
});
