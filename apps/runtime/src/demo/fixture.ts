/** The package that the demo works on: a copy of it in a temporary directory, with git where git is there. */

import { execFile } from 'node:child_process';
import { cp, mkdtemp, realpath, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Where the fixtures of this package lie, in a clone as in an installed package. */
export const FIXTURES = fileURLToPath(new URL('../../fixtures', import.meta.url));

/** A copy of the fixture. */
export interface FixtureCopy {
  readonly path: string;
  /** True where `git init` and a first commit worked. */
  readonly usesGit: boolean;
  /** Removes the copy. */
  remove(): Promise<void>;
}

const IDENTITY = [
  '-c',
  'user.name=fishplate demo',
  '-c',
  'user.email=demo@fishplate.invalid',
  '-c',
  'commit.gpgsign=false',
];

/** Copies `fixtures/<name>`. npm leaves `.gitignore` out of packages, so it lies there as `gitignore`. */
export async function copyFixture(name: string): Promise<FixtureCopy> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'fishplate-demo-')));
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true });
  try {
    const path = join(directory, name);
    await cp(join(FIXTURES, name), path, { recursive: true });
    await rename(join(path, 'gitignore'), join(path, '.gitignore'));
    return { path, usesGit: await startRepository(path), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function startRepository(path: string): Promise<boolean> {
  const run = promisify(execFile);
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !key.startsWith('GIT_')),
  );
  const env = { ...environment, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' };
  const options = { cwd: path, env, windowsHide: true };
  try {
    await run('git', ['init', '--quiet'], options);
    // Line ends stay as they are, whatever the machine's git is set to.
    await run('git', ['-c', 'core.autocrlf=false', 'add', '--all'], options);
    await run('git', [...IDENTITY, 'commit', '--quiet', '--no-verify', '-m', 'timespan'], options);
    return true;
  } catch {
    return false;
  }
}
