import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { type FileEntry, listFileNames, listFiles, type ListOptions, walkFiles } from '../src/index';
import { codeOf, ENGINES, git, gitList, makeTree, write } from './workspace';

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
  'src/a/deep.ts': 'x'.repeat(100),
  'a-b': '',
  'new\nline.txt': '',
  'häß.txt': '',
  '.hidden/x': '',
};

describe.each(ENGINES)('%s', (engine) => {
  const list = (root: string, options: ListOptions = {}): Promise<string[]> =>
    listFiles(root, { engine, ...options });

  test('lists what git lists, in the order of bytes, with a repository and without', async () => {
    const root = makeTree(FILES);
    const without = await list(root);
    git(root, 'init', '-q');
    expect(without).toEqual(gitList(root));
    expect(await list(root)).toEqual(without);
    expect(without).toContain('new\nline.txt');
  });

  test('walks in batches to the same files, with size, time and mode where asked', async () => {
    const root = makeTree(FILES);
    const found: FileEntry[] = [];
    for await (const batch of walkFiles(root, { engine, stat: true })) found.push(...batch);
    expect(found.map(({ path }) => path).sort()).toEqual((await list(root)).sort());
    const deep = found.find(({ path }) => path === 'src/a/deep.ts');
    expect(deep).toMatchObject({ kind: 'file', size: 100 });
    expect(Math.abs(deep!.mtimeMs! - Date.now())).toBeLessThan(60_000);
    expect(deep!.mode! & 0o170000).toBe(process.platform === 'win32' ? deep!.mode! & 0o170000 : 0o100000);
  });

  test('takes options', async () => {
    const root = makeTree(FILES);
    expect(await list(root, { hidden: false })).toEqual(
      (await list(root)).filter((path) => !/(^|\/)\./.test(path)),
    );
    expect(await list(root, { maxDepth: 1, hidden: false })).toEqual([
      'a-b',
      'a.txt',
      'häß.txt',
      'keep.log',
      'new\nline.txt',
    ]);
    expect(await list(root, { types: ['ts'] })).toEqual(['src/a/deep.ts']);
    expect(await list(root, { globs: ['*.txt', '!a*'] })).toEqual(['häß.txt', 'new\nline.txt']);
    expect(await list(root, { globs: ['!src/'] })).toEqual(
      (await list(root)).filter((path) => !path.startsWith('src/')),
    );
    expect(await list(root, { maxFileSize: 50 })).not.toContain('src/a/deep.ts');
    write(root, '.ignore', '*.txt\n!*.log\n');
    expect(await list(root, { extraIgnoreFiles: ['.ignore'], hidden: false })).toEqual([
      ...['a-b', 'b.log', 'keep.log', 'src/a/deep.ts', 'src/b.log', 'src/build/in.js'],
    ]);
  });

  test('names links, and follows them where told to, loops aside', async () => {
    const root = makeTree({ 'a/file': '', 'b/other': '' });
    symlinkSync('..', join(root, 'a', 'up'));
    symlinkSync('../b', join(root, 'a', 'b'));
    symlinkSync('nowhere', join(root, 'dangling'));
    expect(await list(root)).toEqual(['a/b', 'a/file', 'a/up', 'b/other', 'dangling']);
    expect(await list(root, { followSymlinks: true })).toEqual([
      'a/b/other',
      'a/file',
      'b/other',
      'dangling',
    ]);
  });

  test('names nested repositories, and does not go into them', async () => {
    const root = makeTree({ a: '', 'vendor/lib/x': '', 'plain/.git/nothing': '', 'plain/y': '' });
    git(root, 'init', '-q');
    git(join(root, 'vendor/lib'), 'init', '-q');
    expect(await list(root)).toEqual(gitList(root));
    expect(await list(root)).toEqual(['a', 'plain/y', 'vendor/lib/']);
  });

  test('passes over files of patterns that are links or pipes', async () => {
    const outside = makeTree({ rules: 'a\n' });
    const root = makeTree({ a: '', 'd/b': '' });
    symlinkSync(join(outside, 'rules'), join(root, '.gitignore'));
    spawnSync('mkfifo', [join(root, 'd', '.gitignore')]);
    expect(await list(root)).toEqual(['.gitignore', 'a', 'd/b']);
  });

  test('goes on where a directory is closed, and says so', async () => {
    const root = makeTree({ 'open/a': '', 'closed/b': '', c: '' });
    chmodSync(join(root, 'closed'), 0);
    const problems: string[] = [];
    const work = () => list(root, { onProblem: ({ path, message }) => problems.push(`${path}: ${message}`) });
    expect(await asNobody(root, work)).toEqual(['c', 'open/a']);
    expect(problems).toEqual([expect.stringMatching(/^closed: .*(permission|EACCES)/i)]);
  });

  test('directories that vanish meanwhile are no problem', async () => {
    const root = makeTree();
    for (let index = 0; index < 200; index++) write(root, `d${index}/e/f/file`);
    const problems: unknown[] = [];
    const listing = list(root, { onProblem: (problem) => problems.push(problem) });
    for (let index = 0; index < 200; index++) rmSync(join(root, `d${index}`), { recursive: true });
    expect((await listing).length).toBeLessThanOrEqual(200);
    expect(problems).toEqual([]);
  });

  test('takes 10,000 patterns and a file of a megabyte', async () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `name-${index}`);
    const root = makeTree({ keep: '', 'name-77': '', 'sub/name-9999': '', 'sub/name-x': '' });
    writeFileSync(join(root, '.gitignore'), names.join('\n'));
    git(root, 'init', '-q');
    expect(await list(root)).toEqual(gitList(root));
    const started = performance.now();
    writeFileSync(join(root, '.gitignore'), `${'# comment\n'.repeat(100_000)}keep\n`);
    expect(await list(root)).toEqual(gitList(root));
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test('rejects with the reason of its signal, before and during the walk', async () => {
    const root = makeTree(FILES);
    const reason = new Error('enough');
    await expect(list(root, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const work = async (): Promise<void> => {
      for await (const batch of walkFiles(root, { engine, signal: controller.signal })) {
        if (batch.length > 0) controller.abort(reason);
      }
    };
    await expect(work()).rejects.toBe(reason);
    for await (const batch of walkFiles(root, { engine })) {
      expect(batch.length).toBeGreaterThan(0);
      break;
    }
  });

  test('bad input meets a code', async () => {
    const root = makeTree({ file: '' });
    expect(await codeOf(() => list(join(root, 'none')))).toBe('ROOT_INVALID');
    expect(await codeOf(() => list(join(root, 'file')))).toBe('ROOT_INVALID');
    expect(await codeOf(() => list(1 as never))).toBe('INPUT_INVALID');
    expect(await codeOf(() => list('a\0b'))).toBe('INPUT_INVALID');
    expect(await codeOf(() => list(root, { requireGit: true }))).toBe('REPOSITORY_MISSING');
    const wrong: object[] = [
      { hidden: 1 },
      { tracked: 'no' },
      { types: ['cobol'] },
      { types: 'ts' },
      { globs: ['a\nb'] },
      { maxDepth: 0 },
      { maxFileSize: -1 },
      { threads: 1.5 },
      { signal: {} },
      { onProblem: 1 },
      { extraIgnoreFiles: ['../x'] },
    ];
    for (const options of wrong)
      expect([options, await codeOf(() => list(root, options))]).toEqual([options, 'OPTION_INVALID']);
  });
});

describe('with the index', () => {
  test('tracked files stay, whatever the patterns say, also those that are gone', async () => {
    const root = makeTree({ a: '', 'b.log': '', 'out/c': '', gone: '' });
    git(root, 'init', '-q');
    git(root, 'add', '.');
    write(root, '.gitignore', '*.log\nout\n');
    rmSync(join(root, 'gone'));
    expect(await listFiles(root)).toEqual(gitList(root));
    expect(await listFiles(root, { tracked: 'ignore' })).toEqual(['.gitignore', 'a']);
    expect(await listFiles(join(root, 'out'))).toEqual(['c']);
    expect(await listFiles(join(root, 'out'), { repository: false })).toEqual(['c']);
  });

  test('an index that cannot be read is an error, and nobody needs it for the patterns alone', async () => {
    const root = makeTree({ a: '' });
    git(root, 'init', '-q');
    writeFileSync(join(root, '.git', 'index'), 'DIRC nonsense');
    expect(await codeOf(() => listFiles(root))).toBe('INDEX_UNREADABLE');
    expect(await listFiles(root, { tracked: 'ignore' })).toEqual(['a']);
    rmSync(join(root, '.git', 'index'));
    if (spawnSync('mkfifo', [join(root, '.git', 'index')]).status !== 0) return;
    expect(await codeOf(() => listFiles(root))).toBe('INDEX_UNREADABLE');
  });

  test('user patterns, worktrees, submodules and conflicts are as in git', async () => {
    const library = makeTree({ l: '' });
    git(library, 'init', '-q');
    git(library, 'add', '.');
    git(library, 'commit', '-q', '-m', 'x');
    const root = makeTree({ a: '', 'b.tmp': '', 'c.swp': '' });
    git(root, 'init', '-q', '-b', 'main');
    git(root, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library, 'sub');
    git(root, 'add', 'a');
    git(root, 'commit', '-q', '-m', 'one');
    write(root, '.git/info/exclude', '*.tmp\n');
    write(root, '.git/mine', '*.swp\n');
    git(root, 'config', 'core.excludesFile', join(root, '.git/mine'));
    expect(await listFiles(root)).toEqual(gitList(root));
    expect(await listFiles(root)).toEqual(['.gitmodules', 'a', 'sub']);
    expect(await listFiles(join(root, 'sub'))).toEqual(['l']);
    const tree = join(makeTree(), 'tree');
    git(root, 'worktree', 'add', '-q', '-b', 'other', tree);
    for (const name of ['x.tmp', 'y.swp', 'z']) write(tree, name);
    expect(await listFiles(tree)).toEqual(gitList(tree));
    for (const [directory, text] of [
      [tree, 'ours'],
      [root, 'theirs'],
    ] as const) {
      write(directory, 'a', text);
      git(directory, 'commit', '-q', '-am', text);
    }
    spawnSync('git', ['merge', '-q', 'other'], { cwd: root });
    expect(await listFiles(root)).toEqual(gitList(root));
  });

  test('names that are not UTF-8 survive as bytes', async () => {
    if (process.platform !== 'linux') return;
    const root = makeTree({ plain: '' });
    writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0x61])]), '');
    expect([...(await listFileNames(root)).toString('latin1').split('\0')]).toEqual(['plain', '\xffa', '']);
    expect(await listFiles(root)).toEqual(['plain', '\ufffda']);
  });

  test('walks that are left early leave no thread behind', async () => {
    if (process.platform !== 'linux') return;
    const root = makeTree(Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`d${index}/f`, ''])));
    const threads = (): number => readdirSync('/proc/self/task').length;
    await walkFiles(root).next();
    const before = threads();
    for (let turn = 0; turn < 50; turn++)
      for await (const batch of walkFiles(root)) if (batch.length > 0) break;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(threads()).toBeLessThanOrEqual(before + 4);
  });

  test('a listing of 30,000 files leaves the event loop free', async () => {
    const root = makeTree();
    for (let directory = 0; directory < 100; directory++) {
      mkdirSync(join(root, `directory-${directory}`));
      for (let file = 0; file < 300; file++)
        writeFileSync(join(root, `directory-${directory}`, `file-${file}.txt`), '');
    }
    let [last, longest] = [performance.now(), 0];
    const timer = setInterval(() => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    }, 1);
    const counts: number[] = [];
    const files = await listFiles(root, { onProgress: (found) => counts.push(found) });
    clearInterval(timer);
    expect(files).toHaveLength(30_000);
    expect(counts.at(-1)).toBe(30_000);
    expect(longest).toBeLessThan(200);
  }, 60_000);
});

/** Permissions do not bind root: works as an ordinary user who owns `root`. */
async function asNobody<Result>(root: string, work: () => Promise<Result>): Promise<Result> {
  if (process.geteuid?.() !== 0) return work();
  spawnSync('chown', ['-R', '65534', root]);
  // Threads of the native engine take the user of the process when they start.
  process.seteuid!(65534);
  try {
    return await work();
  } finally {
    process.seteuid!(0);
  }
}
