/** Who this installation is, for rollouts: an id that stays what it is, and says nothing of person or machine. */

import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, hostname, userInfo } from 'node:os';
import { dirname, join } from 'node:path';

import type { Environment } from './levels.js';

/** The environment variable that gives the id. */
export const INSTALLATION_VARIABLE = 'FISHPLATE_INSTALLATION_ID';

/** An id, and where it is from: `derived` from names of this machine and user where no file can be kept. */
export interface Installation {
  readonly id: string;
  readonly from: 'environment' | 'file' | 'derived';
  /** Path of the file, where it is from one. */
  readonly path?: string;
}

/** The id of the environment, else that of a file in the user's configuration folder, which is made once. */
export function installationId(env: Environment): Installation {
  const given = env[INSTALLATION_VARIABLE];
  if (given) return { id: given, from: 'environment' };
  const path = idPath(env);
  const id = readId(path) ?? makeId(path);
  return id === null ? { id: derivedId(), from: 'derived' } : { id, from: 'file', path };
}

function idPath(env: Environment): string {
  const base =
    process.platform === 'win32'
      ? env['APPDATA'] || join(homedir(), 'AppData', 'Roaming')
      : env['XDG_CONFIG_HOME'] || join(homedir(), '.config');
  return join(base, 'fishplate', 'installation-id');
}

function readId(path: string): string | null {
  try {
    const id = readFileSync(path, 'utf8').trim();
    return /^[\x21-\x7e]{8,200}$/.test(id) ? id : null;
  } catch {
    return null;
  }
}

/** Of processes that start at once, one makes the file, and the others take what it holds. */
function makeId(path: string): string | null {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(temporary, `${randomUUID()}\n`, { flag: 'wx', mode: 0o600 });
    linkSync(temporary, path);
  } catch {
    // Another process was first, or the disk keeps nothing: what is there now tells.
  }
  try {
    rmSync(temporary, { force: true });
  } catch {
    // What could not be made need not be removed.
  }
  return readId(path);
}

function derivedId(): string {
  const names = [hostname(), userName(), homedir()];
  return createHash('sha256').update(names.join('\0')).digest('hex');
}

/** Some users have no entry in the system's list. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? '');
  }
}
