/** The folder in which a workspace's sessions are kept: `.fishplate`, which git ignores without any file of the user's being changed. */

import { randomBytes } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { RUNTIME_CODES } from '../codes.js';

/** Name of the folder in a workspace. Tools and commands cannot touch it. */
export const STATE_FOLDER = '.fishplate';

/** A state folder that can be written. */
export interface StateFolder {
  readonly path: string;
  /** True where the workspace cannot be written: the folder is removed with the runtime. */
  readonly temporary: boolean;
}

const NOT_WRITABLE: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS']);

/** Where the state of a workspace is; `directory` is what the configuration says. */
export function statePath(workspace: string, directory: string | undefined): string {
  return directory === undefined ? join(workspace, STATE_FOLDER) : resolve(workspace, directory);
}

/**
 * Opens the folder, and makes it where it is missing.
 *
 * A workspace that cannot be written at all gets a temporary folder, since nothing in it can be changed anyway.
 *
 * @throws FishplateError `STATE_UNUSABLE` where it is a link or no directory, or cannot be made.
 */
export function openStateFolder(workspace: string, directory: string | undefined): StateFolder {
  const path = statePath(workspace, directory);
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    // Another's link would have the state written, and read, wherever it leads.
    if (stats?.isSymbolicLink()) throw new Error('it is a symbolic link');
    if (stats !== undefined && !stats.isDirectory()) throw new Error('it is no directory');
    mkdirSync(path, { recursive: true, mode: 0o700 });
    ignoreAll(path);
    return { path, temporary: false };
  } catch (cause) {
    if (directory === undefined && NOT_WRITABLE.has((cause as NodeJS.ErrnoException).code ?? '')) {
      return { path: mkdtempSync(join(tmpdir(), 'fishplate-state-')), temporary: true };
    }
    throw RUNTIME_CODES.error('STATE_UNUSABLE', `${path} cannot hold sessions: ${(cause as Error).message}`, {
      cause,
      details: { path },
    });
  }
}

/** Whether a path of a workspace is its state, or that of a workspace below. */
export function isState(path: string): boolean {
  return `/${path}/`.includes(`/${STATE_FOLDER}/`);
}

/** Removes a temporary one. */
export function closeStateFolder({ path, temporary }: StateFolder): void {
  if (temporary) rmSync(path, { recursive: true, force: true });
}

/** Numbers of the journals in a state folder, in order. */
export function journalNumbers(state: string): number[] {
  return namesIn(state)
    .flatMap((name) => /^journal-(\d{1,4})$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((left, right) => left - right);
}

/** Directory of a journal. */
export function journalPath(state: string, number: number): string {
  return join(state, `journal-${number}`);
}

/** Sizes and times of the files of a journal's store: what is alike has had nothing added. */
export function signatureOf(journal: string): string {
  const store = join(journal, 'store');
  const lines: string[] = [];
  for (const folder of [store, join(store, 'log')]) {
    for (const name of namesIn(folder)) {
      const stats = statSync(join(folder, name), { bigint: true, throwIfNoEntry: false });
      lines.push(`${name}:${stats?.size}:${stats?.mtimeNs}`);
    }
  }
  return lines.join('\n');
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function ignoreAll(path: string): void {
  const rules = join(path, '.gitignore');
  if (statSync(rules, { throwIfNoEntry: false }) !== undefined) return;
  const temporary = `${rules}.${randomBytes(4).toString('hex')}`;
  writeFileSync(temporary, '# Sessions of fishplate: not for git.\n*\n', { flag: 'wx' });
  renameSync(temporary, rules);
}
