/** Repositories of one seed each: names and patterns in the corners of what git takes. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { seeded } from '@fishplate/bench-harness';

const NAMES = [
  ...[
    'a',
    'b',
    'A',
    'foo',
    'Foo',
    'bar',
    'a.log',
    'x.LOG',
    'build',
    'ab',
    'a b',
    '[x]',
    '#h',
    '!n',
    '.hid',
    'e ',
  ],
  ...['é', 'new\nline', 'a-b', '{a,b}', '0', 'foo.tar.gz', 'tab\t'],
];
const PIECES = [
  ...[
    'a',
    'b',
    'A',
    'foo',
    '.log',
    'build',
    '*',
    '**',
    '/',
    '/',
    '?',
    '[ab]',
    '[!a]',
    '[^x]',
    '[a-c]',
    '[A-Z]',
  ],
  ...[
    '[[:alpha:]]',
    '[[:bad:]]',
    '[',
    '[]a]',
    '\\',
    '\\*',
    '\\a',
    ' ',
    '\\ ',
    '#',
    '!',
    '{a,b}',
    '\t',
    '***',
    '**/',
  ],
  ...['/**', '/*', '*.', 'é', 'x', '-', '[a-', '\r', 'foo/', '.', 'e '],
];

/** A repository, and the paths to ask about. */
export interface Generated {
  readonly root: string;
  readonly paths: readonly string[];
}

/** Makes the repository of `seed` in the new directory `root`. */
export function generate(root: string, seed: number): Generated {
  const random = seeded(seed);
  const pick = (list: readonly string[]): string => list[random(list.length)]!;
  const pattern = (): string => {
    const body =
      random(3) === 0 ? pick(NAMES) : Array.from({ length: 1 + random(4) }, () => pick(PIECES)).join('');
    return `${random(5) === 0 ? '!' : ''}${body}${random(6) === 0 ? '/' : ''}`;
  };
  const patterns = (): string => Array.from({ length: 1 + random(6) }, pattern).join('\n');
  mkdirSync(root, { recursive: true });
  git(root, 'init', '-q');
  const paths = new Set<string>();
  for (let count = 10 + random(30); count > 0; count--) {
    const components = Array.from({ length: 1 + random(4) }, () => pick(NAMES));
    write(root, components.join('/'), '');
    for (let depth = components.length; depth > 0; depth--) {
      paths.add(components.slice(0, depth).join('/'));
      if (random(8) === 0)
        write(root, [...components.slice(0, depth - 1), '.gitignore'].join('/'), patterns());
    }
  }
  if (random(3) === 0) git(root, 'add', '--force', '.');
  write(root, '.gitignore', patterns());
  if (random(2) === 0) write(root, '.git/info/exclude', patterns());
  if (random(3) === 0) git(root, 'config', 'core.ignoreCase', 'true');
  return { root, paths: [...paths] };
}

/** What is a file in one path and a directory in another is left out. */
function write(root: string, path: string, content: string): void {
  try {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EISDIR' && code !== 'ENOTDIR' && code !== 'EEXIST') throw error;
  }
}

/** What git lists, by bytes. */
export function gitList(root: string): string[] {
  const paths = git(root, 'ls-files', '-co', '--exclude-standard', '-z').split('\0').filter(Boolean);
  return [...new Set(paths)].sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
}

/** What git says of each path: `source:line:pattern`, or `::`. */
export function gitDecisions(root: string, paths: readonly string[]): string[] {
  const args = ['check-ignore', '--no-index', '-v', '-n', '-z', '--stdin'];
  const input = paths.map((path) => `${path}\0`).join('');
  const { stdout } = spawnSync('git', args, { cwd: root, input, encoding: 'utf8', maxBuffer: 1 << 28 });
  const fields = stdout.split('\0');
  return paths.map((_, index) => fields.slice(4 * index, 4 * index + 3).join(':'));
}

function git(root: string, ...args: string[]): string {
  return execFileSync('git', args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
