/** Reads, writes and lists under the policy, with the answers of the Rust core. */

import { randomBytes } from 'node:crypto';
import {
  accessSync,
  type BigIntStats,
  constants,
  fstatSync,
  lstatSync,
  renameSync,
  unlinkSync,
} from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';

import { SANDBOX_CODES } from '../codes';
import type { Rules } from '../rules';
import type { ActionIntent, DirEntry } from '../types';
import { Known } from './clauses';
import { consider } from './decision';
import { type Directory, openDirectory } from './directory';
import { accessDenied, fileError, linkInPath, wrongKind } from './file-error';
import type { Grants } from './grants';
import { nameOf, parentOf } from './names';
import { fromDisk, type RawPath, toText } from './raw-path';
import { errno, type Identity, identityOf, kindOf, type Resolved } from './resolve';

/** How many names for a temporary file are tried: a collision is an attack already. */
const TRIES = 16;
/** Bytes that are read at once. */
const CHUNK_BYTES = 1 << 20;
/** Not on Windows, where nothing but regular files can be opened by such a path. */
const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_NOCTTY = 0 } = constants;

/** What the file actions of one call work with. */
export interface FileContext {
  readonly rules: Rules;
  readonly grants: Grants;
  /** Whether directories are held open; as the system can unless given. */
  readonly byHandles?: boolean;
}

/** One entry of a directory. */
interface Place {
  readonly directory: Directory;
  readonly name: RawPath;
  readonly path: RawPath;
  /** What the policy names, as it was when the directory was opened. */
  readonly known: Known;
}

/** The content of a regular file of at most `maxBytes`. @throws FishplateError. */
export async function readFile(context: FileContext, given: string, maxBytes: number): Promise<Buffer> {
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
      return await readToEnd(handle, path, Number(stats.size), maxBytes);
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

/** Where a path leads, if the action is allowed there. */
function allowed({ rules, grants }: FileContext, given: string, intent: ActionIntent): Resolved {
  const { decision, resolved } = consider(rules, grants, given, intent);
  if (decision.decision !== 'allow' || resolved === null) throw accessDenied(decision);
  if (resolved.end === 'below-file') {
    throw SANDBOX_CODES.error('NOT_A_DIRECTORY', `${given} is no directory, or something above it is none`);
  }
  if (resolved.end === 'behind-missing') throw SANDBOX_CODES.error('FILE_MISSING', `${given} is not there`);
  return resolved;
}

/** Does something with the entry at a path that is resolved. */
async function inDirectory<Result>(
  context: FileContext,
  path: RawPath,
  intent: ActionIntent,
  act: (place: Place) => Promise<Result>,
): Promise<Result> {
  const parent = parentOf(path);
  if (parent === null) throw wrongKind(path, 'directory');
  try {
    const directory = openDirectory(parent, context.byHandles);
    try {
      const known = new Known(context.rules, intent);
      compare(known, directory.identities, parent);
      return await act({ directory, name: nameOf(path), path, known });
    } finally {
      directory.close();
    }
  } catch (error) {
    throw fileError(error, path);
  }
}

/** What is really there against what the policy names. */
function compare(known: Known, opened: readonly Identity[], path: RawPath): void {
  const decision = known.against(opened, path);
  if (decision !== null) throw accessDenied(decision);
}

function lookAt({ directory, name, path, known }: Place): BigIntStats {
  const stats = lstatSync(directory.at(name), { bigint: true });
  compare(known, ownIdentity(stats), path);
  return stats;
}

/** What a write would replace: a regular file with this name alone, or nothing. */
function replaceable(place: Place): BigIntStats | null {
  const { directory, name, path } = place;
  let stats: BigIntStats;
  try {
    stats = lookAt(place);
  } catch (error) {
    if (errno(error) === 'ENOENT') return null;
    throw error;
  }
  regular(stats, path);
  if (stats.nlink > 1n) {
    throw SANDBOX_CODES.error('HARD_LINKED', `${toText(path)} has ${stats.nlink} names on this disk`);
  }
  accessSync(directory.at(name), constants.W_OK);
  return stats;
}

/** Writes the content to a new file in the same directory, and answers its name. */
async function writeBeside(place: Place, data: Uint8Array, like: BigIntStats | null): Promise<RawPath> {
  const [name, handle] = await createBeside(place, like !== null);
  try {
    try {
      await handle.writeFile(data);
      if (like !== null) await dress(handle, like);
    } finally {
      await handle.close();
    }
    return name;
  } catch (error) {
    removeBeside(place, name);
    throw error;
  }
}

async function createBeside({ directory }: Place, isPrivate: boolean): Promise<[RawPath, FileHandle]> {
  for (let tries = 1; ; tries++) {
    const name = `.fishplate-${randomBytes(16).toString('hex')}.tmp`;
    try {
      const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
      return [name, await open(directory.at(name), flags, isPrivate ? 0o600 : 0o666)];
    } catch (error) {
      // Whatever has the name, a link planted ahead included, is left alone.
      if (errno(error) !== 'EEXIST') throw error;
      if (tries === TRIES)
        throw SANDBOX_CODES.error('IO', 'no name for a temporary file is free', { cause: error });
    }
  }
}

/** The mode, and the owner as far as its user may; never set-user-id, set-group-id and sticky. */
async function dress(handle: FileHandle, like: BigIntStats): Promise<void> {
  const now = await handle.stat({ bigint: true });
  const [user, group] = [Number(like.uid), Number(like.gid)];
  if (now.uid !== like.uid || now.gid !== like.gid) {
    // Only root gives files away; a group of one's own can still be set. Where not, the file is its writer's.
    await handle.chown(user, group).catch(() => handle.chown(Number(now.uid), group).catch(() => undefined));
  }
  await handle.chmod(Number(like.mode & 0o777n));
}

function removeBeside({ directory }: Place, name: RawPath): void {
  try {
    unlinkSync(directory.at(name));
  } catch {
    // It is gone, or its directory is.
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

function regular(stats: BigIntStats, path: RawPath): void {
  const kind = kindOf(stats);
  if (kind !== 'file') throw wrongKind(path, kind);
}

function ownIdentity(stats: BigIntStats): Identity[] {
  const identity = identityOf(stats);
  return identity === null ? [] : [identity];
}

function thing(stats: BigIntStats | null): string {
  return stats === null ? 'nothing' : `${stats.dev}:${stats.ino}`;
}

function tooLarge(path: RawPath, size: bigint, most: number): Error {
  return SANDBOX_CODES.error(
    'TOO_LARGE',
    `${toText(path)} has ${size} bytes or more; at most ${most} were asked for`,
  );
}
