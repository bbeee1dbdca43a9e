/** An index on the disk: written beside its place and put there whole, read in one piece. */

import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { SYMBOLS_CODES } from '../codes';
import { ScriptEngine } from './engine';
import { filesOf } from './format';

/** The index that a file holds. */
export async function loadScript(path: string): Promise<ScriptEngine> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw failed('read', path, error);
  }
  const engine = new ScriptEngine();
  engine.updateFiles(filesOf(bytes));
  return engine;
}

/** Writes bytes to a file so that a crash leaves the old ones or the new ones. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.fishplate-symbols-${randomBytes(6).toString('hex')}`);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(folder);
  } catch (error) {
    await rm(temporary, { force: true });
    throw failed('write', path, error);
  }
}

/** Windows syncs no directories, and has the rename on the disk without. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function failed(action: string, path: string, error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  const kind = code === 'ENOENT' ? 'SYMBOLS_NOT_FOUND' : 'SYMBOLS_IO';
  return SYMBOLS_CODES.error(kind, `cannot ${action} ${path}: ${message}`, { cause: error });
}
