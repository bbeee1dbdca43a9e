import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { explainIgnore, isIgnored, type Matcher, openMatcher } from '../src/index';
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
