/** Options of extraction, checked once for both engines. */

import { checkPath } from './check';
import { SYMBOLS_CODES } from './codes';
import type { WorkspaceOptions } from './index-workspace';

/** Options that have been checked, with their defaults; the binding takes them as they are. */
export interface CheckedWorkspace {
  readonly maxFileBytes: number;
  readonly timeoutMs: number;
  readonly threads?: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: WorkspaceOptions['onProgress'];
  readonly onReport: WorkspaceOptions['onReport'];
}

const MAX_FILE_BYTES = 32 << 20;
const MAX_TIMEOUT_MS = 600_000;
const MAX_THREADS = 64;

export function checkWorkspace(options: WorkspaceOptions): CheckedWorkspace {
  const { signal, onProgress, onReport, threads } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw SYMBOLS_CODES.error('OPTION_INVALID', 'signal must be an AbortSignal');
  }
  for (const [name, callback] of Object.entries({ onProgress, onReport })) {
    if (callback !== undefined && typeof callback !== 'function') {
      throw SYMBOLS_CODES.error(
        'OPTION_INVALID',
        `${name} must be a function, and is of type ${typeof callback}`,
      );
    }
  }
  return {
    maxFileBytes: whole(options.maxFileBytes ?? 1 << 20, 'maxFileBytes', 1, MAX_FILE_BYTES),
    timeoutMs: whole(options.timeoutMs ?? 5000, 'timeoutMs', 1, MAX_TIMEOUT_MS),
    ...(threads === undefined ? {} : { threads: whole(threads, 'threads', 1, MAX_THREADS) }),
    signal,
    onProgress,
    onReport,
  };
}

function whole(value: unknown, name: string, from: number, to: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= from && value <= to) return value;
  throw SYMBOLS_CODES.error(
    'OPTION_INVALID',
    `${name} must be a whole number from ${from} to ${to}, and is ${typeof value === 'number' ? value : `of type ${typeof value}`}`,
  );
}

/** Paths that a caller gives, each once. */
export async function checkFiles(files: unknown, signal: AbortSignal | undefined): Promise<string[]> {
  const paths = new Set<string>();
  if (isIterable(files, Symbol.asyncIterator)) {
    for await (const path of files as AsyncIterable<unknown>) {
      signal?.throwIfAborted();
      paths.add(checkRelative(path));
    }
    return [...paths];
  }
  return checkIndexedFiles(files);
}

export function checkIndexedFiles(files: unknown): string[] {
  if (typeof files === 'string' || !isIterable(files, Symbol.iterator)) {
    throw SYMBOLS_CODES.error('INPUT_INVALID', 'files must be an iterable of paths, such as an array');
  }
  const paths = new Set<string>();
  for (const path of files as Iterable<unknown>) paths.add(checkRelative(path));
  return [...paths];
}

function isIterable(value: unknown, by: symbol): boolean {
  return typeof value === 'object' && value !== null && by in value;
}

function checkRelative(path: unknown): string {
  const text = checkPath(path);
  if (!text.includes('\0')) return text;
  throw SYMBOLS_CODES.error('INPUT_INVALID', `the path ${JSON.stringify(text.slice(0, 80))} holds a NUL`);
}

/** The bytes of a text, which the caller may change afterwards. */
export function checkText(text: unknown, limit: number): Buffer {
  if (typeof text !== 'string' && !(text instanceof Uint8Array)) {
    throw SYMBOLS_CODES.error(
      'INPUT_INVALID',
      `the text must be a string or bytes, and is of type ${typeof text}`,
    );
  }
  const length = typeof text === 'string' ? text.length : text.byteLength;
  const bytes = length > limit ? length : Buffer.byteLength(text);
  if (bytes > limit) {
    throw SYMBOLS_CODES.error(
      'INPUT_TOO_LARGE',
      `the text has ${bytes} bytes or more, and at most ${limit} are read`,
    );
  }
  return Buffer.from(text as string);
}
