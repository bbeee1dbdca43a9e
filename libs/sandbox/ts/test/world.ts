/** A place on disk for one test: a workspace, things outside of it, things that are denied. */

import { linkSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { isFishplateError } from '@fishplate/engine';

import type { CheckedOptions } from '../src/options';
import type { SandboxPolicy } from '../src/policy';
import type { Grant } from '../src/types';

const made: string[] = [];

afterAll(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
});

/** An empty directory, free of links; removed after the test file. */
export function makeDirectory(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'fishplate-sandbox-')));
  made.push(path);
  return path;
}

/** `ws`, `root2` (writable), `out` (not), `secret` (denied), each with a file or two; some way down, for stray `..`. */
export function makeWorld(): string {
  const top = join(makeDirectory(), 'nest/nest/nest/nest');
  for (const directory of [
    'ws/dir',
    'ws/.git/hooks',
    'ws/.vscode',
    'root2',
    'out/dir',
    'secret/deep',
    'home/.ssh',
  ]) {
    mkdirSync(join(top, directory), { recursive: true });
  }
  for (const file of [
    ...['ws/file', 'ws/dir/file', 'ws/.git/config', 'ws/.git/HEAD', 'root2/file', 'out/file'],
    ...['out/dir/file', 'secret/key', 'secret/deep/key', 'home/.ssh/id', 'home/.netrc'],
  ]) {
    writeFileSync(join(top, file), `content of ${file}`);
  }
  return top;
}

/** Writes a file, making its directories. */
export function write(path: string, content: string | Uint8Array = ''): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** What `createSandbox` would have checked. */
export function checkedOptions(
  workspace: string,
  policy: SandboxPolicy = {},
  home: string | null = null,
  grants: readonly Grant[] = [],
): CheckedOptions {
  return { workspace, policy, home, grants, actor: 'test' };
}

/** The code of the error that `work` throws, with the rule of a denial; anything else than an error of ours is named. */
export async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
    return 'none';
  } catch (error) {
    if (!isFishplateError(error)) return `not ours: ${String(error)}`;
    const { details } = error;
    return details === undefined ? error.code : `${error.code} ${JSON.stringify(details)}`;
  }
}

/** xorshift32: the same numbers on every machine. */
export class Random {
  constructor(private state: number) {
    this.state = (Math.imul(state, 0x9e3779b9) | 1) >>> 0;
  }

  below(bound: number): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    this.state >>>= 0;
    return this.state % bound;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }
}

const NAMES: readonly string[] = [
  ...['file', 'dir', 'link', 'l2', 'l3', 'x', '.git', 'hooks', 'config', 'locked', 'deep', 'er'],
  ...[
    'secret',
    'key',
    'denied.txt',
    '..',
    '..',
    '.',
    '.bashrc',
    '.vscode',
    'tasks.json',
    'trailing/',
    'a}: b',
    'é',
  ],
];

/** Some path in a world: relative, or below one of its directories. */
export function somePath(random: Random, top: string): string {
  const start = random.pick(['', '', '', 'ws/', 'secret/', 'out/', 'root2/', '/', 'home/']);
  const base = start === '' ? '' : join(top, start === '/' ? '' : start) + '/';
  const names = Array.from({ length: 1 + random.below(4) }, () => random.pick(NAMES));
  return base + names.join(random.below(9) === 0 ? '//' : '/') + (random.below(12) === 0 ? '/' : '');
}

/** Plants directories, files, hard links and links in a world, wherever they lead, and nothing outside of it; answers where. */
export function plant(random: Random, top: string): string[] {
  const planted: string[] = [];
  for (let count = 0; count < 14; count++) {
    const place = join(top, 'ws', join('/', somePath(random, '/ws')).replace(/\/$/, ''));
    let parent: string;
    try {
      parent = realpathSync(dirname(place));
    } catch {
      continue;
    }
    if (!`${parent}/`.startsWith(`${top}/`) || parent === top) continue;
    const path = join(parent, place.slice(place.lastIndexOf('/') + 1));
    try {
      plantOne(random, top, path);
      planted.push(path);
    } catch {
      // Something has the name already.
    }
  }
  return planted;
}

function plantOne(random: Random, top: string, path: string): void {
  switch (random.below(7)) {
    case 0:
      return mkdirSync(path);
    case 1:
      return writeFileSync(path, 'planted', { flag: 'wx' });
    case 2:
      return linkSync(
        join(top, random.pick(['ws/file', 'ws/.git/config', 'out/file', 'ws/denied.txt', 'secret/key'])),
        path,
      );
    case 3:
      // Bytes that are no UTF-8: as text they would lead elsewhere.
      return symlinkSync(
        Buffer.concat([Buffer.from(`${top}/out/`), Buffer.from([0xff]), Buffer.from('/../file')]),
        path,
      );
    default:
      return symlinkSync(somePath(random, top), path);
  }
}
