import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import {
  type FileEntry,
  listFileNames,
  listFiles,
  type ListOptions,
  openMatcher,
  walkFiles,
} from '../src/index';
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
    // Each directory once, by its own path where it has one.
    expect(await list(root, { followSymlinks: true })).toEqual(['a/file', 'b/other', 'dangling']);
  });

  test('names nested repositories, and does not go into them', async () => {
    const root = makeTree({ a: '', 'vendor/lib/x': '', 'plain/.git/nothing': '', 'plain/y': '' });
    git(root, 'init', '-q');
    git(join(root, 'vendor/lib'), 'init', '-q');
    expect(await list(root)).toEqual(gitList(root));
    expect(await list(root)).toEqual(['a', 'plain/y', 'vendor/lib/']);
  });

  test('passes over ignore files that are links or pipes', async () => {
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
    const work = () => list(root, { onProblem: ({ path, code }) => problems.push(`${path}: ${code}`) });
    expect(await asNobody(root, work)).toEqual(['c', 'open/a']);
    expect(problems).toEqual(['closed: EACCES']);
    const walkOften = async (): Promise<void> => {
      for (let turn = 0; turn < 200; turn++) {
        const told: string[] = [];
        for await (const batch of walkFiles(root, { engine, onProblem: ({ path }) => told.push(path) }))
          expect(batch.length).toBeGreaterThan(0);
        expect(told).toEqual(['closed']);
      }
    };
    await asNobody(root, walkOften);
    // A root that is closed is no empty one.
    expect(await asNobody(root, () => codeOf(() => list(join(root, 'closed'))))).toBe('ROOT_INVALID');
  }, 60_000);

  test('directories that vanish meanwhile are no problem', async () => {
    const root = makeTree();
    for (let index = 0; index < 400; index++)
      for (let file = 0; file < 20; file++) write(root, `d${index}/e/file-${file}`);
    const problems: unknown[] = [];
    let found = 0;
    // The walk waits for its reader after some thousand files, so that most directories are still to be read.
    for await (const batch of walkFiles(root, { engine, onProblem: (problem) => problems.push(problem) })) {
      expect(batch.length).toBeLessThanOrEqual(1000);
      if (found === 0) rmSync(root, { recursive: true });
      found += batch.length;
    }
    expect(found).toBeGreaterThan(0);
    expect(found).toBeLessThan(8000);
    expect(problems).toEqual([]);
  }, 60_000);

  test('takes 10,000 patterns and an ignore file of a megabyte', async () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `name-${index}`);
    const root = makeTree({ keep: '', 'name-77': '', 'sub/name-9999': '', 'sub/name-x': '' });
    writeFileSync(join(root, '.gitignore'), names.join('\n'));
    git(root, 'init', '-q');
    expect(await list(root)).toEqual(gitList(root));
    const patterns = Array.from(
      { length: 8000 },
      (_, index) => `sub/name-${index}*/${'of-some-length/'.repeat(8)}x?`,
    );
    writeFileSync(join(root, '.gitignore'), `${patterns.join('\n')}\nkeep\n`);
    expect(await list(root)).toEqual(gitList(root));
    expect(await list(root)).not.toContain('keep');
  }, 60_000);

  test('a glob that matches a directory takes all in it, and the nearest decision counts', async () => {
    const root = makeTree({
      'src/a.ts': '',
      'src/deep/b.md': '',
      'src/test/c.ts': '',
      'other.ts': '',
      'A.TS': '',
    });
    git(root, 'init', '-q');
    const cases: [string[], string[]][] = [
      [['src'], ['src/a.ts', 'src/deep/b.md', 'src/test/c.ts']],
      [['src/'], ['src/a.ts', 'src/deep/b.md', 'src/test/c.ts']],
      [
        ['/src', '!test'],
        ['src/a.ts', 'src/deep/b.md'],
      ],
      [
        ['src', '!*.md'],
        ['src/a.ts', 'src/test/c.ts'],
      ],
      [
        ['!*.md', 'src'],
        ['src/a.ts', 'src/test/c.ts'],
      ],
      [['src/**'], ['src/a.ts', 'src/deep/b.md', 'src/test/c.ts']],
      [['src/*.ts'], ['src/a.ts']],
      [['!src', '*.ts'], ['other.ts']],
      [['*.{ts,md}'], []],
    ];
    for (const [globs, expected] of cases)
      expect([globs, await list(root, { globs })]).toEqual([globs, expected]);
    expect(await list(root, { globs: ['src'], types: ['ts'] })).toEqual(['src/a.ts', 'src/test/c.ts']);
    expect(await list(root, { types: ['ts', 'md'], globs: ['deep'] })).toEqual(['src/deep/b.md']);
  });

  test('repositories below obey globs, types and depth', async () => {
    const root = makeTree({ 'a.ts': '', 'vendor/lib/x': '' });
    git(root, 'init', '-q');
    git(join(root, 'vendor/lib'), 'init', '-q');
    expect(await list(root, { globs: ['vendor'] })).toEqual(['vendor/lib/']);
    expect(await list(root, { globs: ['*.ts'] })).toEqual(['a.ts']);
    expect(await list(root, { types: ['ts'] })).toEqual(['a.ts']);
    expect(await list(root, { maxDepth: 2 })).toEqual(['a.ts', 'vendor/lib/']);
  });

  test('letters count', async () => {
    const root = makeTree({ '.gitignore': '*.log\nBuild\n', 'a.LOG': '', 'build/x': '', 'B.log': '' });
    git(root, 'init', '-q');
    expect(await list(root)).toEqual(gitList(root));
    expect(await list(root)).toEqual(['.gitignore', 'a.LOG', 'build/x']);
  });

  test('what a callback throws ends the walk and is thrown, as it is', async () => {
    const root = makeTree(FILES);
    const mine = new TypeError('mine');
    const onProgress = (): never => {
      throw mine;
    };
    await expect(list(root, { onProgress })).rejects.toBe(mine);
    const walk = async (): Promise<void> => {
      for await (const batch of walkFiles(root, { engine, onProgress })) expect(batch).toBeDefined();
    };
    await expect(walk()).rejects.toBe(mine);
    for (let index = 0; index < 500; index++) write(root, `many/d${index}/f`);
    // While it goes on too, where nobody else would catch it.
    let calls = 0;
    const later = (): void => {
      if (++calls === 1) throw mine;
    };
    await expect(list(root, { onProgress: later })).rejects.toBe(mine);
  });

  test('a repository around is found from below, and refused where it is left aside', async () => {
    const root = makeTree({ 'sub/a': '' });
    git(root, 'init', '-q');
    expect(await list(join(root, 'sub'), { requireGit: true })).toEqual(['a']);
    expect(await codeOf(() => list(root, { requireGit: true, repository: false }))).toBe('OPTION_INVALID');
    for (const below of ['.git', '.git/refs']) {
      expect(await codeOf(() => list(join(root, below)))).toBe('ROOT_INVALID');
      expect(await codeOf(() => openMatcher(join(root, below), { engine }))).toBe('ROOT_INVALID');
      expect(await codeOf(() => list(join(root, below), { repository: false }))).toBe('none');
    }
  });

  test('submodules are named, also those that the fallback knows by their file alone', async () => {
    const library = makeTree({ l: '' });
    git(library, 'init', '-q');
    git(library, 'add', '.');
    git(library, 'commit', '-q', '-m', 'x');
    const root = makeTree({
      'plain/.git/nothing': '',
      'plain/y': '',
      'file/.git': 'no repository',
      'file/z': '',
    });
    git(root, 'init', '-q');
    git(root, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library, 'sub');
    expect(await list(root)).toEqual(gitList(root));
  });

  test('one signal serves many walks', async () => {
    const root = makeTree(FILES);
    const warnings: Error[] = [];
    const listen = (warning: Error): number => warnings.push(warning);
    process.on('warning', listen);
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 30 }, () => list(root, { signal })));
    await new Promise(setImmediate);
    process.removeListener('warning', listen);
    expect(warnings).toEqual([]);
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
      { globs: [''] },
      { globs: ['#x'] },
      { globs: ['./a'] },
      { globs: ['!'] },
      { globs: new Array(5) },
      { deleted: null },
      { hidden: null },
      { engine: Symbol('s') },
    ];
    for (const options of wrong)
      expect([options, await codeOf(() => list(root, options))]).toEqual([options, 'OPTION_INVALID']);
    for (const options of [null, 1, 'x', true, []])
      expect([options, await codeOf(() => listFiles(root, options as never))]).toEqual([
        options,
        'OPTION_INVALID',
      ]);
    await expect(list('a\0b')).rejects.toThrow('holds a NUL');
    await expect(list(root, { hidden: null as never })).rejects.toThrow('and is null');
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
    const root = makeTree();
    // More than wait for a reader: a walk that is not ended would wait for ever.
    for (let index = 0; index < 80; index++)
      for (let file = 0; file < 100; file++) write(root, `d${index}/f${file}`);
    const threads = (): number => readdirSync('/proc/self/task').length;
    await walkFiles(root).next();
    const before = threads();
    for (let turn = 0; turn < 20; turn++)
      for await (const batch of walkFiles(root)) if (batch.length > 0) break;
    for (let wait = 0; wait < 100 && threads() > before; wait++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(threads()).toBeLessThanOrEqual(before);
  }, 60_000);

  test('walks that nobody reads keep no thread of the pool', async () => {
    const root = makeTree();
    for (let index = 0; index < 80; index++)
      for (let file = 0; file < 100; file++) write(root, `d${index}/f${file}`);
    const walks = Array.from({ length: 8 }, () => walkFiles(root));
    for (const walk of walks) await walk.next();
    const asked = walks.map((walk) => walk.next());
    expect((await stat(root)).isDirectory()).toBe(true);
    await Promise.all(asked);
    for (const walk of walks) await walk.return();
  }, 60_000);

  test('a listing lets the event loop run, and tells how many it found', async () => {
    const root = makeTree();
    for (let directory = 0; directory < 100; directory++) {
      mkdirSync(join(root, `directory-${directory}`));
      for (let file = 0; file < 300; file++)
        writeFileSync(join(root, `directory-${directory}`, `file-${file}-${'x'.repeat(80)}.txt`), '');
    }
    let turns = 0;
    let isOver = false;
    const turn = (): void => {
      turns++;
      if (!isOver) setImmediate(turn);
    };
    setImmediate(turn);
    const counts: number[] = [];
    const files = await listFiles(root, { onProgress: (found) => counts.push(found) });
    isOver = true;
    expect(files).toHaveLength(30_000);
    expect(counts.at(-1)).toBe(30_000);
    // Three mebibytes of paths are cut apart in as many pieces.
    expect(turns).toBeGreaterThan(3);
    const stopped = new AbortController();
    const listing = listFiles(root, { signal: stopped.signal });
    setImmediate(() => stopped.abort(new Error('enough')));
    await expect(listing).rejects.toThrow('enough');
  }, 60_000);

  test('deleted: false lists what is there, with the kind that it has there', async () => {
    const root = makeTree({ a: 'x', gone: '', 'was-file': '' });
    git(root, 'init', '-q');
    git(root, 'add', '.');
    rmSync(join(root, 'gone'));
    rmSync(join(root, 'was-file'));
    symlinkSync('a', join(root, 'was-file'));
    expect(await listFiles(root)).toEqual(gitList(root));
    expect(await listFiles(root, { deleted: false })).toEqual(['a', 'was-file']);
    const found: FileEntry[] = [];
    for await (const batch of walkFiles(root, { stat: true })) found.push(...batch);
    found.sort((one, other) => (one.path < other.path ? -1 : 1));
    expect(found).toMatchObject([{ path: 'a', size: 1 }, { path: 'gone', kind: 'file' }, { kind: 'link' }]);
    expect(found[1]).not.toHaveProperty('size');
  });

  test('a damaged configuration is an error', async () => {
    const root = makeTree({ a: '' });
    git(root, 'init', '-q');
    write(root, '.git/config', '[core');
    expect(await codeOf(() => listFiles(root))).toBe('CONFIG_UNREADABLE');
    expect(await codeOf(() => openMatcher(root))).toBe('CONFIG_UNREADABLE');
    await expect(listFiles(root)).rejects.toThrow('.git/config');
  });

  test('an ignore file that is closed is told', async () => {
    const root = makeTree({ a: '', '.gitignore': 'a\n' });
    chmodSync(join(root, '.gitignore'), 0);
    const problems: string[] = [];
    const work = () => listFiles(root, { onProblem: ({ path, code }) => problems.push(`${path}: ${code}`) });
    expect(await asNobody(root, work)).toEqual(['.gitignore', 'a']);
    expect(problems).toEqual(['.gitignore: EACCES']);
  });
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
