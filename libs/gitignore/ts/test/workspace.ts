/** Temporary directories, and git as the one who knows. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export const ENGINES = ['native', 'fallback'] as const;

const made: string[] = [];

/** A directory with these files; removed after the test file. */
export function makeTree(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'fishplate-ignore-')));
  made.push(root);
  for (const [path, content] of Object.entries(files)) write(root, path, content);
  return root;
}

/** Writes one file, making its directories. */
export function write(root: string, path: string, content: string | Uint8Array = ''): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

/** Runs git in a directory. */
export function git(root: string, ...args: string[]): string {
  const who = ['-c', 'user.name=t', '-c', 'user.email=t@t.invalid'];
  return execFileSync('git', [...who, ...args], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** What git lists, sorted. */
export function gitList(root: string): string[] {
  const paths = git(root, 'ls-files', '-co', '--exclude-standard', '-z').split('\0').filter(Boolean);
  return [...new Set(paths)].sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
}

/** What git says of a path: `source:line:pattern`, or nothing. */
export function gitExplains(root: string, path: string): string {
  const args = ['check-ignore', '--no-index', '-v', '-z', '--stdin'];
  const { stdout } = spawnSync('git', args, { cwd: root, input: `${path}\0`, encoding: 'utf8' });
  return stdout.split('\0').slice(0, 3).join(':');
}

/** The code of the error that `work` throws; `none` where it throws none. */
export async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return 'none';
}

afterAll(() => {
  for (const root of made.splice(0)) rmSync(root, { recursive: true, force: true });
});
