/** Where repositories are, as far as the fallback asks: it reads neither their index nor their configuration. */

import { existsSync, lstatSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';

import { GITIGNORE_CODES } from '../codes';

/** A `.git` file is one line. */
const MAX_BYTES = 64 << 10;

/** What a directory with a `.git` in it is: `submodule` where git keeps it for another repository. */
export function repositoryAt(directory: string): 'repository' | 'submodule' | null {
  const entry = join(directory, '.git');
  try {
    const stats = statSync(entry);
    if (stats.isDirectory()) return isGitDirectory(entry) ? 'repository' : null;
    if (!stats.isFile() || stats.size > MAX_BYTES) return null;
    const [, named] = /^gitdir: (.+?)[\r\n]*$/s.exec(readFileSync(entry, 'utf8')) ?? [];
    if (named === undefined) return null;
    const target = resolve(directory, named);
    if (!isGitDirectory(target)) return null;
    return target.includes(`${sep}.git${sep}modules${sep}`) ? 'submodule' : 'repository';
  } catch {
    // There is none, or it is closed.
    return null;
  }
}

/** Whether a directory lies in a repository. */
export function isInRepository(directory: string): boolean {
  for (let top = realpathSync(directory); ; top = dirname(top)) {
    if (repositoryAt(top) !== null) return true;
    if (top === dirname(top)) return false;
  }
}

/**
 * The root as a directory that is there, and that lies in no git directory where repositories count.
 *
 * @throws FishplateError `ROOT_INVALID`.
 */
export function checkTree(root: string, countsRepository: boolean): void {
  const refused = (what: string, cause?: unknown): Error =>
    GITIGNORE_CODES.error('ROOT_INVALID', `${root} ${what}`, cause === undefined ? {} : { cause });
  let real: string;
  try {
    real = realpathSync(root);
    if (!lstatSync(real).isDirectory()) throw new Error('it is no directory');
  } catch (cause) {
    throw refused(`cannot be read as a directory: ${(cause as Error).message}`, cause);
  }
  if (!countsRepository) return;
  for (let above = real; above !== dirname(above); above = dirname(above)) {
    if (isGitDirectory(above)) throw refused('lies in a git directory and not in a working tree');
  }
}

function isGitDirectory(directory: string): boolean {
  // A linked working tree shares what is not its own.
  const shared = existsSync(join(directory, 'commondir')) || existsSync(join(directory, 'objects'));
  return shared && existsSync(join(directory, 'HEAD'));
}
