/** Writes the page of a session to a file: whole, or not at all. */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { open, rename, rm } from 'node:fs/promises';

import { RUNTIME_CODES } from '../codes.js';
import { withHistory } from './history.js';
import { type PageOptions, renderPage } from './page.js';
import type { EngineChoice } from '@fishplate/engine';

/** Which session, and where to. */
export interface PageTarget extends PageOptions {
  /** Folder of the sessions. */
  readonly state: string;
  readonly storage: EngineChoice;
  readonly session: string;
  /** Path of the file, which is replaced; `-` for stdout. */
  readonly file: string;
}

/** What was written. */
export interface WrittenPage {
  readonly file: string;
  readonly bytes: number;
  readonly items: number;
}

/** Pieces are gathered to so many characters before they are written. */
const PIECE = 1 << 18;

/** Writes a page. @throws FishplateError `SESSION_UNKNOWN`, `EXPORT_FAILED`. */
export async function writePage(target: PageTarget): Promise<WrittenPage> {
  const { state, storage, session, file } = target;
  const written = await withHistory(state, storage, session, async (history) => {
    const bytes = await (file === '-' ? toStdout : toFile)(renderPage(history, target), file);
    return { file, bytes, items: history.items.length };
  });
  if (written !== null) return written;
  throw RUNTIME_CODES.error('SESSION_UNKNOWN', `there is no session ${JSON.stringify(session)} in ${state}`);
}

async function toFile(pieces: AsyncIterable<string>, file: string): Promise<number> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    // What a session did is for whoever did it.
    const handle = await open(temporary, 'wx', 0o600);
    let bytes = 0;
    try {
      for await (const text of gathered(pieces)) {
        await handle.writeFile(text);
        bytes += Buffer.byteLength(text);
      }
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    return bytes;
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    const message = `${file} cannot be written: ${(cause as Error).message}`;
    throw RUNTIME_CODES.error('EXPORT_FAILED', message, { cause });
  }
}

async function toStdout(pieces: AsyncIterable<string>): Promise<number> {
  let bytes = 0;
  for await (const text of gathered(pieces)) {
    bytes += Buffer.byteLength(text);
    if (!process.stdout.write(text) && !process.stdout.destroyed) {
      await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')]);
    }
  }
  return bytes;
}

async function* gathered(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let text = '';
  for await (const piece of pieces) {
    text += piece;
    if (text.length < PIECE) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}
