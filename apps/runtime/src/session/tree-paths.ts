/**
 * The paths of a workspace that commands' changes are looked for at. What git ignores is left out unless asked for; `.git` and the state
 * folder always are, at every depth.
 */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import type { EngineChoice } from '@fishplate/engine';
import { type Matcher, openMatcher } from '@fishplate/gitignore';

import { throwIfCancelled } from '../cancellation.js';
import { listWorkspace } from '../workspace/listing.js';
import { isTemporary } from '../workspace/sandbox-file-access.js';
import { lstatOrNone } from './entry.js';
import type { Pace } from './pace.js';
import { isState } from './state-folder.js';

/** Which paths. */
export interface PathOptions {
  readonly engine: EngineChoice;
  /** Whether what git ignores is covered too. */
  readonly ignored: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Every path that is covered, directories before what is in them. */
export async function pathsOf(
  root: string,
  options: PathOptions,
  pace: Pace,
  notCovered: string[],
): Promise<string[]> {
  if (options.ignored) {
    const all: string[] = [];
    await addAll(root, '', all, pace, notCovered);
    return all;
  }
  const listed: string[] = [];
  await listRepository(root, '', options, listed, notCovered);
  const parents = new Set<string>();
  for (const path of listed) {
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const parent = path.slice(0, at);
      if (parents.has(parent)) break;
      parents.add(parent);
    }
  }
  const empty: string[] = [];
  await findEmpty(root, parents, options, pace, empty);
  return [...parents, ...empty, ...listed].sort();
}

async function listRepository(
  root: string,
  prefix: string,
  options: PathOptions,
  listed: string[],
  notCovered: string[],
): Promise<void> {
  const { engine, signal } = options;
  const listing = await listWorkspace(join(root, prefix), { engine, signal });
  for (const path of listing.files) listed.push(prefix + path);
  notCovered.push(
    ...listing.unnameable.map((path) => `${prefix}${path} (its name is not UTF-8)`),
    ...listing.unreadable.map((path) => `${prefix}${path} (it cannot be read)`),
  );
  for (const nested of listing.nestedRepositories) {
    listed.push(`${prefix}${nested}`);
    // One that is not checked out, or damaged, has nothing that could be listed.
    await listRepository(root, `${prefix}${nested}/`, options, listed, notCovered).catch((error: unknown) => {
      throwIfCancelled(signal);
      notCovered.push(`${prefix}${nested} (${(error as Error).message})`);
    });
  }
}

/** Directories that hold no file that git would list, and are not ignored. */
async function findEmpty(
  root: string,
  parents: ReadonlySet<string>,
  { engine }: PathOptions,
  pace: Pace,
  empty: string[],
): Promise<void> {
  const candidates: string[] = [];
  for (const parent of ['', ...parents]) {
    if (pace.isDue) await pace.breathe();
    for (const entry of entriesOf(join(root, parent))) {
      const path = parent === '' ? entry.name : `${parent}/${entry.name}`;
      if (entry.isDirectory() && !parents.has(path) && !isState(path) && !isGit(path)) candidates.push(path);
    }
  }
  if (candidates.length === 0) return;
  const matcher = openMatcher(root, { engine });
  try {
    const ignored = matcher.ignoresAll(candidates.map((path) => `${path}/`));
    for (const [index, path] of candidates.entries()) {
      if (ignored[index] === true || isRepository(join(root, path))) continue;
      empty.push(path);
      await addDirectories(root, path, empty, pace, matcher);
    }
  } finally {
    matcher.close();
  }
}

/** Adds everything below a directory. */
async function addAll(
  root: string,
  directory: string,
  found: string[],
  pace: Pace,
  notCovered: string[],
): Promise<void> {
  for (const entry of entriesOf(join(root, directory))) {
    if (pace.isDue) await pace.breathe();
    const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
    if (isState(path) || isTemporary(path) || isGit(path)) continue;
    if (path.includes('\ufffd')) {
      notCovered.push(`${path} (its name is not UTF-8)`);
      continue;
    }
    found.push(path);
    if (entry.isDirectory()) await addAll(root, path, found, pace, notCovered);
  }
}

/** Adds the directories below one that holds no listed file. */
async function addDirectories(
  root: string,
  directory: string,
  found: string[],
  pace: Pace,
  matcher: Matcher,
): Promise<void> {
  if (pace.isDue) await pace.breathe();
  for (const entry of entriesOf(join(root, directory))) {
    const path = `${directory}/${entry.name}`;
    if (!entry.isDirectory() || isState(path) || isGit(path) || matcher.ignores(`${path}/`)) continue;
    found.push(path);
    await addDirectories(root, path, found, pace, matcher);
  }
}

function entriesOf(absolute: string): { name: string; isDirectory(): boolean }[] {
  try {
    return readdirSync(absolute, { withFileTypes: true });
  } catch {
    return [];
  }
}

function isRepository(absolute: string): boolean {
  return lstatOrNone(join(absolute, '.git')) !== undefined;
}

function isGit(path: string): boolean {
  return path === '.git' || path.endsWith('/.git');
}
