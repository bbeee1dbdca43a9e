import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { explainIgnore, isIgnored, type Matcher, openMatcher } from '../src/index';
import { isAnyUnusual } from '../src/paths';
import { codeOf, ENGINES, git, gitExplains, gitList, makeTree, write } from './workspace';

const FILES = {
  '.gitignore': '# rules\n*.log\n!keep.log\nout/\n/only-top\n',
  'src/.gitignore': '!debug.log\n',
  'src/debug.log': '',
  'out/a': '',
  'src/only-top': '',
};

const shown = (matcher: Matcher, path: string): string => {
  const decision = matcher.explain(path);
  return decision === null ? '' : [decision.source, decision.line, decision.pattern].join(':');
};

describe.each(ENGINES)('%s', (engine) => {
  test('says what git check-ignore says, and why', () => {
    const root = makeTree(FILES);
    git(root, 'init', '-q');
    const matcher = openMatcher(root, { engine });
    for (const path of [
      'a.log',
      'keep.log',
      'src/debug.log',
      'src/x.log',
      'out',
      'out/a',
      'only-top',
      'src/only-top',
      'no',
    ]) {
      expect([path, shown(matcher, path)]).toEqual([path, gitExplains(root, path)]);
    }
    expect(isIgnored(root, 'a.log', { engine })).toBe(true);
    expect(explainIgnore(root, 'keep.log', { engine })).toEqual({
      ...{ source: '.gitignore', line: 3, pattern: '!keep.log', negated: true },
    });
  });

  test('takes paths in every form', () => {
    const root = makeTree(FILES);
    const matcher = openMatcher(root, { engine });
    for (const path of ['a.log', './a.log', 'x/../a.log', join(root, 'a.log'), 'a//b.log']) {
      expect([path, matcher.ignores(path)]).toEqual([path, true]);
    }
    expect(matcher.ignores('new-directory/out', true)).toBe(true);
    expect(matcher.ignores('new-directory/out/')).toBe(true);
    expect(matcher.ignores('new-directory/out')).toBe(false);
    expect(matcher.ignoresAll(['a.log', 'b', 'out/', 'out', './a.log', 'é.log'])).toEqual([
      true,
      false,
      true,
      false,
      true,
      true,
    ]);
    expect(matcher.ignoresAll(['a.log', 'b', 'é.log'])).toEqual([true, false, true]);
    expect(matcher.ignoresAll([])).toEqual([]);
    // A path through a file is of nothing, and answered.
    expect(matcher.explain('src/debug.log/x/y')).toBeNull();
    expect(matcher.ignores('out/a/b')).toBe(true);
  });

  test('refresh keeps answers and listing right', async () => {
    const root = makeTree({ '.gitignore': '*.log\n', a: '', 'd/b': '', 'd/c.log': '' });
    git(root, 'init', '-q');
    const matcher = openMatcher(root, { engine });
    expect(matcher.ignores('d/c.log')).toBe(true);
    expect(await matcher.files()).toEqual(gitList(root));
    const steps: [string, () => void][] = [
      ['new', () => write(root, 'new')],
      ['x.log', () => write(root, 'x.log')],
      ['a', () => rmSync(join(root, 'a'))],
      ['e', () => ['e/f/g', 'e/h.log', 'e/i'].forEach((path) => write(root, path))],
      ['d', () => rmSync(join(root, 'd'), { recursive: true })],
      ['d', () => write(root, 'd')],
      ['e/.gitignore', () => write(root, 'e/.gitignore', '!*.log\ni\n')],
      ['.gitignore', () => write(root, '.gitignore', 'f\n')],
      ['e/.gitignore', () => rmSync(join(root, 'e/.gitignore'))],
      ['.git/info/exclude', () => write(root, '.git/info/exclude', 'new\n')],
      ['n', () => (mkdirSync(join(root, 'n')), git(join(root, 'n'), 'init', '-q'), write(root, 'n/x'))],
    ];
    for (const [path, change] of steps) {
      change();
      await matcher.refresh([path]);
      expect([path, await matcher.files()]).toEqual([path, gitList(root)]);
    }
    expect(matcher.ignores('e/i')).toBe(false);
    matcher.close();
    expect(await codeOf(() => matcher.ignores('a'))).toBe('MATCHER_CLOSED');
  });

  test('random edits, told or told too late, leave what git lists', async () => {
    let seed = 20_261;
    const below = (bound: number): number => (seed = (seed * 48_271) % 0x7fff_ffff) % bound;
    const names = ['a', 'b.log', 'c', 'keep.log', 'd'];
    const root = makeTree({ '.gitignore': '*.log\n!keep.log\n', 'nested/x': '', 'real/y': '' });
    git(root, 'init', '-q');
    git(join(root, 'nested'), 'init', '-q');
    symlinkSync('real', join(root, 'link'));
    const matcher = openMatcher(root, { engine });
    const directories = ['', 'a/', 'a/c/', 'c/', 'nested/', 'real/', 'link/'];
    for (let step = 0; step < 60; step++) {
      const told: string[] = [];
      for (let edit = 0; edit <= below(3); edit++) {
        const directory = directories[below(directories.length)]!;
        const path = directory + (below(6) === 0 ? '.gitignore' : names[below(names.length)]!);
        // What is written through a link is changed where it leads to.
        told.push(path, path.replace(/^link\//, 'real/'));
        try {
          if (below(3) === 0) rmSync(join(root, path), { recursive: true, force: true });
          else write(root, path, path.endsWith('.gitignore') ? ['c\n', '*.log\n', '!b.log\n'][below(3)] : '');
        } catch (error) {
          // What is a file in one path and a directory in another stays as it is.
          expect((error as { code: string }).code).toMatch(/EEXIST|ENOTDIR|EISDIR/);
        }
      }
      const early = below(2) === 0 ? matcher.files() : undefined;
      const [, , listed] = await Promise.all([early, matcher.refresh(told), matcher.files()]);
      expect([step, told, listed]).toEqual([step, told, gitList(root)]);
    }
  }, 60_000);

  test('calls take effect in their order, and one walk serves all', async () => {
    const root = makeTree({ a: '', b: '' });
    const matcher = openMatcher(root, { engine });
    const all = [matcher.files(), matcher.files(), matcher.files()];
    write(root, 'new');
    const refreshed = matcher.refresh(['new']);
    const after = matcher.files();
    await Promise.all([...all, refreshed]);
    expect(await after).toEqual(['a', 'b', 'new']);
    const pending = matcher.refresh().then(() => matcher.files());
    matcher.close();
    expect(await codeOf(() => pending)).toBe('MATCHER_CLOSED');
    const other = openMatcher(root, { engine });
    const late = other.files();
    other.close();
    expect(await codeOf(() => late)).toBe('MATCHER_CLOSED');
    expect(await codeOf(() => other.files())).toBe('MATCHER_CLOSED');
  });

  test('refresh takes the root, paths outside, and those below the real root', async () => {
    const top = makeTree({ 'sub/a': '', 'sub/b.log': '' });
    git(top, 'init', '-q');
    const root = join(top, 'sub');
    const elsewhere = join(makeTree(), 'link');
    symlinkSync(root, elsewhere);
    const matcher = openMatcher(elsewhere, { engine });
    expect(await matcher.files()).toEqual(['a', 'b.log']);
    for (const told of [[elsewhere], ['.'], ['../.gitignore'], [join(root, 'c')], undefined]) {
      write(root, 'c');
      await matcher.refresh(told);
      expect([told, await matcher.files()]).toEqual([told, ['a', 'b.log', 'c']]);
      rmSync(join(root, 'c'));
      await matcher.refresh(['c']);
      expect(await matcher.files()).toEqual(['a', 'b.log']);
    }
    for (const wrong of ['a', null, [1], ['a\0b'], 5])
      expect(await codeOf(() => matcher.refresh(wrong as never))).toBe('INPUT_INVALID');
    rmSync(top, { recursive: true });
    expect(await codeOf(() => matcher.refresh())).toBe('ROOT_INVALID');
    await expect(matcher.refresh()).rejects.toThrow(/link|sub/);
  });

  test('paths that no file system has are refused, absent directories remembered within bounds', async () => {
    const root = makeTree({ '.gitignore': '*.log\n' });
    const matcher = openMatcher(root, { engine });
    expect(await codeOf(() => matcher.ignores('a/'.repeat(20_000) + 'b'))).toBe('INPUT_INVALID');
    expect(matcher.ignores(`${'a/'.repeat(1500)}b.log`)).toBe(true);
    for (let index = 0; index < 100_000; index++)
      if (!matcher.ignores(`no-${index}/a.log`, false)) throw new Error(String(index));
    expect(await codeOf(() => matcher.ignores('a', 'yes' as never))).toBe('INPUT_INVALID');
    expect(await codeOf(() => openMatcher(root, null as never))).toBe('OPTION_INVALID');
  }, 60_000);

  test('an escaped space at the end of a pattern is a part of it', () => {
    const root = makeTree({ '.gitignore': 'trail\\ \nplain  \n' });
    git(root, 'init', '-q');
    const matcher = openMatcher(root, { engine });
    for (const path of ['trail ', 'plain']) expect(shown(matcher, path)).toBe(gitExplains(root, path));
  });

  test('bad input meets a code', async () => {
    const root = makeTree({ file: '' });
    const matcher = openMatcher(root, { engine });
    for (const path of ['..', '../x', '.', '', '/etc/passwd', root]) {
      expect([path, await codeOf(() => matcher.ignores(path))]).toEqual([path, 'PATH_OUTSIDE']);
      expect([path, await codeOf(() => matcher.ignoresAll(['a', path]))]).toEqual([path, 'PATH_OUTSIDE']);
    }
    for (const path of [1, null, 'a\0b']) {
      expect(await codeOf(() => matcher.ignores(path as string))).toBe('INPUT_INVALID');
    }
    expect(await codeOf(() => matcher.ignoresAll(['a\0b', 'c']))).toBe('INPUT_INVALID');
    expect(await codeOf(() => matcher.ignoresAll([1 as never]))).toBe('INPUT_INVALID');
    expect(await codeOf(() => matcher.ignoresAll('a' as never))).toBe('INPUT_INVALID');
    expect(await codeOf(() => openMatcher(join(root, 'file'), { engine }))).toBe('ROOT_INVALID');
    expect(await codeOf(() => openMatcher(root, { engine, extraIgnoreFiles: ['a/b'] }))).toBe(
      'OPTION_INVALID',
    );
  });
});

test('tracked files that are gone stay listed, until the index changes', async () => {
  const root = makeTree({ a: '', b: '' });
  git(root, 'init', '-q');
  git(root, 'add', '.');
  const matcher = openMatcher(root);
  expect(await matcher.files()).toEqual(['a', 'b']);
  rmSync(join(root, 'a'));
  await matcher.refresh(['a']);
  expect(await matcher.files()).toEqual(gitList(root));
  git(root, 'rm', '-q', '--cached', 'a');
  await matcher.refresh(['.git/index']);
  expect(await matcher.files()).toEqual(['b']);
});

test('an index that is damaged meanwhile is an error of refresh, and so of the listing', async () => {
  const root = makeTree({ a: '' });
  git(root, 'init', '-q');
  git(root, 'add', '.');
  const matcher = openMatcher(root);
  await matcher.files();
  writeFileSync(join(root, '.git/index'), 'DIRC nonsense');
  await matcher.refresh(['.git/index']);
  expect(await codeOf(() => matcher.files())).toBe('INDEX_UNREADABLE');
});

test('a name that is not UTF-8 stays listed when it is told', async () => {
  if (process.platform !== 'linux') return;
  const root = makeTree();
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0x61])]), '');
  const matcher = openMatcher(root);
  const [shownName] = await matcher.files();
  await matcher.refresh([shownName!]);
  expect(await matcher.files()).toEqual([shownName]);
});

test('backslashes are looked at on Windows, and are a part of names elsewhere', () => {
  expect(isAnyUnusual('a\\b', '\\')).toBe(true);
  expect(isAnyUnusual('a\\b', '/')).toBe(false);
  expect(isAnyUnusual('a/b\0c', '\\')).toBe(false);
  expect(isAnyUnusual('C:/a', '\\')).toBe(true);
});
