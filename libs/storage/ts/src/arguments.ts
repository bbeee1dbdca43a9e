/** Checks of arguments: what passes here is what both engines take. */

import { STORAGE_CODES } from './codes';
import { GROUP, type Level, MEMORY, OS, SYNC } from './engine';

/** Largest event, batch, checkpoint and metadata in bytes; longest name in bytes of UTF-8. */
export const MAX_EVENT = 256 * 2 ** 20;
export const MAX_BATCH = 2 ** 30;
export const MAX_CHECKPOINT = 2 ** 30;
export const MAX_METADATA = 2 ** 20;
export const MAX_NAME = 255;

export function invalid(message: string): Error {
  return STORAGE_CODES.error('INPUT_INVALID', message);
}

export function tooLarge(what: string, bytes: number, limit: number): Error {
  const message = `${what} of ${bytes} bytes is too large: at most ${limit} bytes are supported`;
  return STORAGE_CODES.error('INPUT_TOO_LARGE', message, { details: { bytes, limit } });
}

/** A lone surrogate has no UTF-8: it would come back as another character. */
function isWellFormed(text: string): boolean {
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed();
}

/** Size of an event in bytes of what is stored; of one in a batch, its index is told where it is no event. */
export function checkEvent(event: unknown, index?: number): number {
  if (typeof event === 'string') {
    // No character takes less than a byte, so that huge strings are not even measured.
    const bytes = event.length > MAX_EVENT ? event.length : Buffer.byteLength(event);
    if (bytes > MAX_EVENT) throw tooLarge('an event', bytes, MAX_EVENT);
    if (!isWellFormed(event)) {
      const what = eventName(index);
      throw invalid(`${what} holds a lone surrogate, which UTF-8 cannot keep; pass bytes instead`);
    }
    return bytes;
  }
  const bytes =
    event instanceof Uint8Array
      ? checkOwn(event, 'event', index)
      : checkBytes(event, eventName(index), 'a string or a Uint8Array');
  if (bytes > MAX_EVENT) throw tooLarge('an event', bytes, MAX_EVENT);
  return bytes;
}

function eventName(index: number | undefined): string {
  return index === undefined ? 'event' : `event ${index} of the batch`;
}

/** Size of a Uint8Array that nobody else writes to. */
export function checkBytes(value: unknown, what: string, wanted = 'a Uint8Array'): number {
  if (!(value instanceof Uint8Array)) throw invalid(`${what} is ${kindOf(value)}; it must be ${wanted}`);
  return checkOwn(value, what, undefined);
}

function checkOwn(value: Uint8Array, of: string, index: number | undefined): number {
  const name = () => (index === undefined ? of : eventName(index));
  if (value.buffer instanceof SharedArrayBuffer) {
    throw invalid(`${name()} is in a SharedArrayBuffer, where it may change meanwhile; pass a copy`);
  }
  if (value.byteLength === 0 && isDetached(value)) {
    throw invalid(`the buffer of ${name()} is detached: it was transferred to somebody else`);
  }
  return value.byteLength;
}

function isDetached({ buffer }: Uint8Array): boolean {
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  return `of type ${value.constructor?.name ?? 'Object'}`;
}

/** A name of at most 255 bytes of UTF-8. */
export function checkName(value: unknown, what: string, smallest = 0): string {
  if (typeof value !== 'string') throw invalid(`${what} is ${kindOf(value)}; it must be a string`);
  if (!isWellFormed(value)) throw invalid(`${what} holds a lone surrogate, which UTF-8 cannot keep`);
  const bytes = value.length > MAX_NAME ? value.length : Buffer.byteLength(value);
  if (bytes < smallest || bytes > MAX_NAME) {
    throw invalid(`${what} has ${bytes} bytes; ${smallest} to ${MAX_NAME} are possible`);
  }
  return value;
}

export function checkStream(value: unknown): string {
  return value === undefined ? '' : checkName(value, 'stream');
}

/** A whole number from `smallest` on. */
export function checkNumber(value: unknown, what: string, smallest = 0): number {
  if (!Number.isSafeInteger(value) || (value as number) < smallest) {
    const shown = typeof value === 'number' ? String(value) : kindOf(value);
    throw invalid(`${what} is ${shown}; it must be a whole number from ${smallest} on`);
  }
  return value as number;
}

/** `null` where it is left out. */
export function optionalNumber(value: unknown, what: string, smallest = 0): number | null {
  return value === undefined ? null : checkNumber(value, what, smallest);
}

export function checkBoolean(value: unknown, what: string): boolean {
  if (value === undefined) return false;
  if (typeof value !== 'boolean') throw invalid(`${what} is ${kindOf(value)}; it must be true or false`);
  return value;
}

/** The options object of a call. */
export function checkOptions<Options extends object>(value: Options | undefined): Options {
  if (value === undefined) return {} as Options;
  if (typeof value !== 'object' || value === null) {
    throw invalid(`options are ${kindOf(value)}; they must be an object`);
  }
  return value;
}

const LEVELS: ReadonlyMap<unknown, Level> = new Map<unknown, Level>([
  ['memory', MEMORY],
  ['os', OS],
  ['group', GROUP],
  ['sync', SYNC],
]);

/** The level that a durability means. */
export function levelOf(durability: unknown): Level {
  const level = LEVELS.get(durability);
  if (level === undefined) {
    const shown = typeof durability === 'string' ? JSON.stringify(durability) : kindOf(durability);
    throw invalid(`durability is ${shown}; it must be 'memory', 'os', 'group' or 'sync'`);
  }
  return level;
}

/** JSON of a checkpoint's metadata. */
export function metadataJson(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (error) {
    throw STORAGE_CODES.error('INPUT_INVALID', 'metadata has no JSON form', { cause: error });
  }
  if (json === undefined) throw invalid(`metadata is ${kindOf(value)}, which has no JSON form`);
  const bytes = Buffer.byteLength(json);
  if (bytes > MAX_METADATA) throw tooLarge('metadata', bytes, MAX_METADATA);
  return json;
}

/** A directory's path. */
export function checkDirectory(value: unknown): string {
  if (typeof value !== 'string') throw invalid(`the directory is ${kindOf(value)}; it must be a string`);
  if (value === '' || value.includes('\0') || !isWellFormed(value)) {
    throw invalid('the directory is empty, or holds a NUL or a lone surrogate');
  }
  return value;
}
