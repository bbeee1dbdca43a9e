/** The state of a directory tree, so that two moments can be compared byte for byte. */

import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

import { STATE_FOLDER } from '../session/state-folder.js';

/** Kind, mode and SHA-256 of the content of every entry, by path from the root; `.git` and `.fishplate` are left out. */
export type TreeState = ReadonlyMap<string, string>;

/** Reads the tree at `root`. Directories and links count, with their modes and targets. */
export async function treeState(root: string): Promise<TreeState> {
  const state = new Map<string, string>();
  await visit(root, '', state);
  return state;
}

/** Paths whose state differs; empty where the trees are the same. */
export function treeDifferences(before: TreeState, after: TreeState): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).sort();
}

/** SHA-256 over a whole tree, hexadecimal. */
export function treeHash(state: TreeState): string {
  const hash = createHash('sha256');
  for (const path of [...state.keys()].sort()) hash.update(`${path}\0${state.get(path)}\0`);
  return hash.digest('hex');
}

async function visit(root: string, directory: string, state: Map<string, string>): Promise<void> {
  for (const name of await readdir(join(root, directory))) {
    const path = directory === '' ? name : `${directory}/${name}`;
    if (path === '.git' || path === STATE_FOLDER) continue;
    const absolute = join(root, path);
    const stats = await lstat(absolute);
    const mode = (stats.mode & 0o7777).toString(8);
    if (stats.isDirectory()) {
      state.set(path, `directory ${mode}`);
      await visit(root, path, state);
    } else if (stats.isSymbolicLink()) {
      state.set(path, `link ${await readlink(absolute)}`);
    } else {
      state.set(
        path,
        `file ${mode} ${createHash('sha256')
          .update(await readFile(absolute))
          .digest('hex')}`,
      );
    }
  }
}
