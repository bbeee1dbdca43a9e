import { workspacePath } from '../src/workspace/paths.js';
import { codeOf } from './workspace.js';

const ROOTS = ['/srv/work', '/home/me/work'];
const name = (path: string, purpose: 'read' | 'write' = 'read'): string =>
  workspacePath(path, ROOTS, purpose);

test.each([
  ['src/a.ts', 'src/a.ts'],
  ['./src//a.ts', 'src/a.ts'],
  ['src/./b/', 'src/b'],
  ['/srv/work/src/a.ts', 'src/a.ts'],
  ['/home/me/work/a', 'a'],
  ['/srv/work', ''],
  ['.', ''],
  ['...', '...'],
  ['a..b/c', 'a..b/c'],
  ['.gitignore', '.gitignore'],
  ['.github/x.yml', '.github/x.yml'],
  ['new\nline', 'new\nline'],
])('names %j as %j', (path, expected) => {
  expect(name(path)).toBe(expected);
});

test.each([
  ['..', 'PATH_OUTSIDE'],
  ['../a', 'PATH_OUTSIDE'],
  ['src/../../a', 'PATH_OUTSIDE'],
  ['src/../a', 'PATH_OUTSIDE'],
  ['/srv/work/../other', 'PATH_OUTSIDE'],
  ['/etc/passwd', 'PATH_OUTSIDE'],
  ['/srv/workmate/a', 'PATH_OUTSIDE'],
  ['', 'PATH_INVALID'],
  ['a\0b', 'PATH_INVALID'],
  ['a\ud800', 'PATH_INVALID'],
  ['x'.repeat(5000), 'PATH_INVALID'],
  ['.git/config', 'PATH_PROTECTED'],
  ['sub/.GIT/hooks/pre-commit', 'PATH_PROTECTED'],
  ['.g\u200cit/config', 'PATH_PROTECTED'],
  ['git~1/config', 'PATH_PROTECTED'],
  ['.git', 'PATH_PROTECTED'],
  ['.git./config', 'PATH_PROTECTED'],
])('refuses %j with %s', async (path, code) => {
  expect(await codeOf(() => name(path))).toBe(code);
});

test('lets the configuration be read, not written', async () => {
  expect(name('fishplate.config.json')).toBe('fishplate.config.json');
  expect(await codeOf(() => name('fishplate.config.json', 'write'))).toBe('PATH_PROTECTED');
  expect(await codeOf(() => name('Fishplate.Config.JSON', 'write'))).toBe('PATH_PROTECTED');
  expect(name('sub/fishplate.config.json', 'write')).toBe('sub/fishplate.config.json');
});
