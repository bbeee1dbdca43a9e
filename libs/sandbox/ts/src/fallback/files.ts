/** Reads, writes and lists under the policy, with the answers of the Rust core. */

import { constants, fstatSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';

import { SANDBOX_CODES } from '../codes';
import type { DirEntry, FileState } from '../types';
import { Known } from './clauses';
import { openDirectory } from './directory';
import { fileError, linkInPath, wrongKind } from './file-error';
import {
  allowed,
  compare,
  type FileContext,
  inDirectory,
  lookAt,
  ownIdentity,
  type Place,
  regular,
  removeBeside,
  replaceable,
  stampOf,
  thing,
  writeBeside,
} from './place';
import { fromDisk, type RawPath, toText } from './raw-path';
import { errno, kindOf } from './resolve';

/** Bytes that are read at once. */
const CHUNK_BYTES = 1 << 20;
/** Not on Windows, where nothing but regular files can be opened by such a path. */
const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_NOCTTY = 0 } = constants;

/** The content of a regular file of at most `maxBytes`. @throws FishplateError. */
export async function readFile(context: FileContext, given: string, maxBytes: number): Promise<Buffer> {
  return (await readFileState(context, given, maxBytes)).bytes;
}

/** As {@link readFile}, with what the file was when it was opened, and where. @throws FishplateError. */
export async function readFileState(
  context: FileContext,
  given: string,
  maxBytes: number,
): Promise<FileState> {
  const { path } = allowed(context, given, 'read');
  return inDirectory(context, path, 'read', async (place) => {
    // Before the file is opened, so that no device is touched; and after, so that no race is won.
    regular(lookAt(place), path);
    const handle = await openRegular(place);
    try {
      const stats = fstatSync(handle.fd, { bigint: true });
      // Where names are looked at, a link may have come in between.
      place.directory.at(place.name);
      compare(place.known, ownIdentity(stats), path);
      regular(stats, path);
      if (stats.size > BigInt(maxBytes)) throw tooLarge(path, stats.size, maxBytes);
      const bytes = await readToEnd(handle, path, Number(stats.size), maxBytes);
      return { bytes, path: toText(path), mode: Number(stats.mode & 0o7777n), stamp: stampOf(stats) };
    } finally {
      await handle.close();
    }
  });
}

/** Replaces or makes a regular file. @throws FishplateError; what was there is there still. */
export async function writeFile(context: FileContext, given: string, data: Uint8Array): Promise<void> {
  const resolved = allowed(context, given, 'write');
  const { path } = resolved;
  if (resolved.lastWasLink) throw linkInPath(path);
  if (resolved.asDirectory) throw wrongKind(path, 'directory');
  await inDirectory(context, path, 'write', async (place) => {
    const before = replaceable(place);
    const temporary = await writeBeside(place, data, before);
    try {
      // A name that changed its meaning in the meantime belongs to someone else's work. What slips in after this look is
      // replaced as a name: no rename follows a link or writes into a file.
      const now = replaceable(place);
      if (thing(now) !== thing(before)) {
        throw SANDBOX_CODES.error('CHANGED', `${toText(path)} was replaced in the meantime`);
      }
      renameSync(place.directory.at(temporary), place.directory.at(place.name));
    } catch (error) {
      removeBeside(place, temporary);
      throw error;
    }
  });
}

/** Removes a file, a link (never what it leads to) or an empty directory. @throws FishplateError. */
export async function remove(context: FileContext, given: string): Promise<void> {
  const { path } = allowed(context, given, 'delete');
  await inDirectory(context, path, 'delete', (place) => {
    const isDirectory = lookAt(place).isDirectory();
    const entry = place.directory.at(place.name);
    if (isDirectory) rmdirSync(entry);
    else unlinkSync(entry);
    return Promise.resolve();
  });
}

/** The entries of a directory, sorted by the bytes of their names. @throws FishplateError. */
export async function list(context: FileContext, given: string): Promise<DirEntry[]> {
  const { path } = allowed(context, given, 'list');
  try {
    const directory = openDirectory(path, context.byHandles);
    try {
      compare(new Known(context.rules, 'list'), directory.identities, path);
      const entries = await readdir(directory.at('.'), { withFileTypes: true, encoding: 'buffer' });
      // Where names are looked at, a link may have come in between.
      directory.at('.');
      return entries
        .map((entry) => ({ raw: fromDisk(entry.name), kind: kindOf(entry) }))
        .sort((left, right) => (left.raw < right.raw ? -1 : 1))
        .map(({ raw, kind }) => ({ name: toText(raw), kind }));
    } finally {
      directory.close();
    }
  } catch (error) {
    throw fileError(error, path);
  }
}

/** Opens for reading, and waits for nobody: not for the writer of a pipe, not for a device. */
async function openRegular({ directory, name, path }: Place): Promise<FileHandle> {
  try {
    return await open(directory.at(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  } catch (error) {
    if (errno(error) === 'ELOOP' || errno(error) === 'EMLINK') throw linkInPath(path);
    throw error;
  }
}

/** Files of unknown size (`/proc/version`) are read to their end too. */
async function readToEnd(handle: FileHandle, path: RawPath, size: number, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  while (length <= most) {
    // One more than is known of, so that the end is seen; one more than is allowed, so that too much is.
    const wanted = Math.min(CHUNK_BYTES, Math.max(size - length, 4096) + 1, most - length + 1);
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafeSlow(wanted), 0, wanted);
    if (bytesRead === 0) return Buffer.concat(chunks, length);
    chunks.push(buffer.subarray(0, bytesRead));
    length += bytesRead;
  }
  throw tooLarge(path, BigInt(length), most);
}

function tooLarge(path: RawPath, size: bigint, most: number): Error {
  return SANDBOX_CODES.error(
    'TOO_LARGE',
    `${toText(path)} has ${size} bytes or more; at most ${most} were asked for`,
  );
}
