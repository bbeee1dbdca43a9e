/** Lists a workspace without git: a walk that reads `.gitignore` files by npm `ignore`. Interim, for the gitignore track. */

import { isUtf8 } from 'node:buffer';
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import ignore, { type Ignore } from 'ignore';

import { throwIfCancelled } from '../cancellation.js';
import { readBoundedFile } from './bounded-file.js';
import type { FoundPaths, ListingOptions } from './listing.js';

/** Largest file of rules that is read; a larger one counts as unreadable. */
const MAX_RULES_BYTES = 16 << 20;

/** The rules of one `.gitignore`, and the directory that they are relative to (`''` or ending in `/`). */
interface Rules {
  readonly base: string;
  readonly matcher: Ignore;
}

/** A directory still to be read. */
interface Pending {
  readonly path: string;
  readonly rules: readonly Rules[];
}

/** Walks `root`. Rules of outer directories, `.git/info/exclude` included, give way to those of inner ones. */
export async function ignoreWalk(
  root: string,
  options: Pick<ListingOptions, 'signal' | 'onProgress'>,
): Promise<FoundPaths> {
  const paths: string[] = [];
  const nestedRepositories: string[] = [];
  let unnameable = 0;
  const exclude = readRules(root, '.git/info/exclude', '');
  const pending: Pending[] = [{ path: '', rules: exclude === null ? [] : [exclude] }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    throwIfCancelled(options.signal);
    const entries = await readDirectory(join(root, next.path));
    const names = new Set(entries.map((entry) => entry.name.toString('latin1')));
    if (next.path !== '' && names.has('.git')) {
      nestedRepositories.push(next.path.slice(0, -1));
      continue;
    }
    const own = names.has('.gitignore') ? readRules(root, `${next.path}.gitignore`, next.path) : null;
    const rules = own === null ? next.rules : [...next.rules, own];
    for (const entry of entries) {
      if (!isUtf8(entry.name)) {
        unnameable += 1;
        continue;
      }
      const path = next.path + entry.name.toString('utf8');
      const isDirectory = entry.isDirectory();
      if (path === '.git' || isIgnored(isDirectory ? `${path}/` : path, rules)) continue;
      if (isDirectory)
        pending.push({ path: `${path}/`, rules: rules.map((outer) => admit(outer, `${path}/`)) });
      else if (entry.isFile() || entry.isSymbolicLink()) paths.push(path);
    }
    options.onProgress?.(paths.length, null);
  }
  return { paths, nestedRepositories, unnameable };
}

/** The innermost file with an opinion decides; directories above are known not to be ignored. */
function isIgnored(path: string, rules: readonly Rules[]): boolean {
  for (let index = rules.length - 1; index >= 0; index -= 1) {
    const { base, matcher } = rules[index]!;
    const { ignored, unignored } = matcher.test(path.slice(base.length));
    if (ignored) return true;
    if (unignored) return false;
  }
  return false;
}

/**
 * The rules for what is in a directory that an inner file took back in: npm `ignore` would hold against it that an outer
 * file left the directory out.
 */
function admit(rules: Rules, directory: string): Rules {
  const path = directory.slice(rules.base.length);
  if (!rules.matcher.test(path).ignored) return rules;
  const pattern = `!/${path.replace(/[\\*?[\] ]/g, '\\$&')}`;
  return { ...rules, matcher: ignore({ allowRelativePaths: true }).add(rules.matcher).add(pattern) };
}

function readRules(root: string, path: string, base: string): Rules | null {
  try {
    const text = readBoundedFile(join(root, path), MAX_RULES_BYTES);
    return { base, matcher: ignore({ allowRelativePaths: true }).add(text) };
  } catch {
    // Git too goes on without a file of rules that it cannot read.
    return null;
  }
}

async function readDirectory(absolute: string): Promise<Dirent<Buffer>[]> {
  try {
    return await readdir(absolute, { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    // Gone meanwhile, or closed to us: git lists nothing there either.
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EACCES' || code === 'EPERM' || code === 'ENOTDIR') return [];
    throw error;
  }
}
