/** Workspaces without the binding: the same walk, bounds and reports, one file after the other. */

import { constants } from 'node:fs';
import { lstat, open, readdir, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';

import { checkFile } from './check';
import { SYMBOLS_CODES } from './codes';
import type { CheckedFile, SymbolsEngine } from './engine';
import type { ExtractedFile, SkippedFile, SkipReason, WorkspaceReport } from './index-workspace';
import type { CheckedWorkspace } from './index-workspace-options';
import { languageOf, scanLines } from './index-workspace-scan';
import type { UpdateReport } from './types';

const LEFT_OUT = new Set(['.git', 'node_modules']);
const BINARY_PROBE = 8000;
const NAMED = 200;

/** Files between two turns of the event loop and two calls of `onProgress`. */
const BATCH = 20;

type Refusal = SkipReason | 'gone' | 'language';

class Tally {
  files = 0;
  symbols = 0;
  otherLanguages = 0;
  gone = 0;
  skipped = 0;
  readonly named: SkippedFile[] = [];

  skip(path: string, reason: Refusal, message?: string): void {
    if (reason === 'language') this.otherLanguages++;
    else if (reason === 'gone') this.gone++;
    else {
      this.skipped++;
      if (this.named.length < NAMED)
        this.named.push({ path, reason, ...(message === undefined ? {} : { message }) });
    }
  }

  report(): WorkspaceReport {
    const { files, symbols, otherLanguages, gone, skipped, named } = this;
    return { files, symbols, withErrors: 0, otherLanguages, gone, skipped, named };
  }
}

export function extractByLines(
  path: string,
  bytes: Buffer,
  { maxFileBytes }: CheckedWorkspace,
): ExtractedFile | null {
  const read = scanned(path, bytes, maxFileBytes);
  if (typeof read === 'object') return read;
  if (read === 'language') return null;
  throw SYMBOLS_CODES.error(
    read === 'tooLarge' ? 'INPUT_TOO_LARGE' : 'INPUT_INVALID',
    `the text is not read: ${read === 'tooLarge' ? `it is larger than ${maxFileBytes} bytes` : 'it is binary'}`,
  );
}

function scanned(path: string, bytes: Buffer, limit: number): ExtractedFile | Refusal {
  const language = languageOf(path);
  if (language === undefined) return 'language';
  if (bytes.length > limit) return 'tooLarge';
  if (bytes.subarray(0, BINARY_PROBE).includes(0)) return 'binary';
  return scanLines(path, bytes.toString(), language);
}

export async function indexInScript(
  engine: SymbolsEngine,
  root: string,
  files: readonly string[] | undefined,
  options: CheckedWorkspace,
): Promise<WorkspaceReport> {
  const directory = await directoryOf(root);
  const tally = new Tally();
  const listed = files ?? (await walk(directory, tally, options.signal));
  await readAll(directory, listed, tally, options, (_, file) => {
    if (file !== null) engine.updateFiles([file]);
  });
  return tally.report();
}

export async function refreshInScript(
  engine: SymbolsEngine,
  root: string,
  files: readonly string[],
  options: CheckedWorkspace,
): Promise<{ update: UpdateReport; report: WorkspaceReport }> {
  const tally = new Tally();
  const found: CheckedFile[] = [];
  const lost: string[] = [];
  await readAll(await directoryOf(root), files, tally, options, (path, file) => {
    if (file === null) lost.push(path);
    else found.push(file);
  });
  const update = engine.updateFiles(found);
  for (const path of lost) engine.removeFile(path);
  return { update, report: tally.report() };
}

async function directoryOf(root: string): Promise<string> {
  try {
    const directory = await realpath(root);
    if ((await lstat(directory)).isDirectory()) return directory;
  } catch (error) {
    throw SYMBOLS_CODES.error(
      'ROOT_INVALID',
      `${root} is no directory that can be read: ${(error as Error).message}`,
      { cause: error },
    );
  }
  throw SYMBOLS_CODES.error('ROOT_INVALID', `${root} is no directory that can be read: it is a file`);
}

async function walk(root: string, tally: Tally, signal: AbortSignal | undefined): Promise<string[]> {
  const files: string[] = [];
  const directories = [''];
  for (let directory = directories.pop(); directory !== undefined; directory = directories.pop()) {
    signal?.throwIfAborted();
    let entries;
    try {
      entries = await readdir(join(root, directory), { withFileTypes: true });
    } catch (error) {
      if (directory === '') {
        throw SYMBOLS_CODES.error('ROOT_INVALID', (error as Error).message, { cause: error });
      }
      tally.skip(directory, ...refusalOf(error));
      continue;
    }
    for (const entry of entries) {
      const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
      if (entry.isDirectory() && !LEFT_OUT.has(entry.name)) directories.push(path);
      else if (entry.isFile() && languageOf(entry.name) !== undefined) files.push(path);
      else if (entry.isFile()) tally.skip(path, 'language');
    }
  }
  return files.sort();
}

async function readAll(
  root: string,
  files: readonly string[],
  tally: Tally,
  { maxFileBytes, signal, onProgress }: CheckedWorkspace,
  take: (path: string, file: CheckedFile | null) => void,
): Promise<void> {
  const tell = (filesDone: number): void =>
    onProgress?.({ filesDone, filesTotal: files.length, symbols: tally.symbols });
  for (const [done, path] of files.entries()) {
    signal?.throwIfAborted();
    if (done % BATCH === BATCH - 1) {
      tell(done);
      await new Promise(setImmediate);
    }
    const read =
      languageOf(path) === undefined ? (['language'] as Outcome) : await readInside(root, path, maxFileBytes);
    const file: ExtractedFile | Refusal | Outcome = Buffer.isBuffer(read)
      ? scanned(path, read, maxFileBytes)
      : read;
    if (Array.isArray(file) || typeof file === 'string') {
      const [reason, message] = typeof file === 'string' ? ([file] as const) : file;
      tally.skip(path, reason, message);
      take(path, null);
      continue;
    }
    const { symbols, references } = file;
    tally.files++;
    tally.symbols += symbols.length;
    take(path, checkFile(path, symbols, references));
  }
  signal?.throwIfAborted();
  tell(files.length);
}

type Outcome = [reason: Refusal, message?: string];

async function readInside(root: string, path: string, limit: number): Promise<Buffer | Outcome> {
  const isPlain = path.split(/[/\\]/).every((part) => part !== '..') && !/^([/\\]|[a-z]:)/i.test(path);
  if (!isPlain) return ['outside'];
  try {
    const full = await realpath(join(root, path));
    if (!full.startsWith(root.endsWith(sep) ? root : root + sep)) return ['outside'];
    if (!(await lstat(full)).isFile()) return ['notAFile'];
    // A pipe that takes the file's place would wait for a writer, and a link would lead anywhere.
    const file = await open(
      full,
      constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0),
    );
    try {
      const found = await file.stat();
      if (!found.isFile()) return ['notAFile'];
      if (found.size > limit) return ['tooLarge'];
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    return refusalOf(error);
  }
}

function refusalOf(error: unknown): Outcome {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR' ? ['gone'] : ['unreadable', message];
}
