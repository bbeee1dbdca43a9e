/** One entry of a directory that is open, and what is written beside it. */

import { randomBytes } from 'node:crypto';
import { accessSync, type BigIntStats, constants, lstatSync, unlinkSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

import { SANDBOX_CODES } from '../codes';
import type { Rules } from '../rules';
import type { ActionIntent } from '../types';
import { Known } from './clauses';
import { consider } from './decision';
import { type Directory, openDirectory } from './directory';
import { accessDenied, fileError, wrongKind } from './file-error';
import type { Grants } from './grants';
import { nameOf, parentOf } from './names';
import { type RawPath, toText } from './raw-path';
import { errno, type Identity, identityOf, kindOf, type Resolved } from './resolve';

/** How many names for a temporary file are tried: a collision is an attack already. */
const TRIES = 16;
/** Not on Windows, where nothing but regular files can be opened by such a path. */
const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW = 0 } = constants;

/** What the file actions of one call work with. */
export interface FileContext {
  readonly rules: Rules;
  readonly grants: Grants;
  /** Whether directories are held open; as the system can unless given. */
  readonly byHandles?: boolean;
}

/** One entry of a directory. */
export interface Place {
  readonly directory: Directory;
  readonly name: RawPath;
  readonly path: RawPath;
  /** What the policy names, as it was when the directory was opened. */
  readonly known: Known;
}

/** Where a path leads, if the action is allowed there. */
export function allowed({ rules, grants }: FileContext, given: string, intent: ActionIntent): Resolved {
  const { decision, resolved } = consider(rules, grants, given, intent);
  if (decision.decision !== 'allow' || resolved === null) throw accessDenied(decision);
  if (resolved.end === 'below-file') {
    throw SANDBOX_CODES.error('NOT_A_DIRECTORY', `${given} is no directory, or something above it is none`);
  }
  if (resolved.end === 'behind-missing') throw SANDBOX_CODES.error('FILE_MISSING', `${given} is not there`);
  return resolved;
}

/** Opens the entry at a path that is resolved; its directory must be closed. @throws FishplateError; of the system. */
export function openPlace(context: FileContext, path: RawPath, intent: ActionIntent): Place {
  const parent = parentOf(path);
  if (parent === null) throw wrongKind(path, 'directory');
  const directory = openDirectory(parent, context.byHandles);
  try {
    const known = new Known(context.rules, intent);
    compare(known, directory.identities, parent);
    return { directory, name: nameOf(path), path, known };
  } catch (error) {
    directory.close();
    throw error;
  }
}

/** Does something with the entry at a path that is resolved. */
export async function inDirectory<Result>(
  context: FileContext,
  path: RawPath,
  intent: ActionIntent,
  act: (place: Place) => Promise<Result>,
): Promise<Result> {
  try {
    const place = openPlace(context, path, intent);
    try {
      return await act(place);
    } finally {
      place.directory.close();
    }
  } catch (error) {
    throw fileError(error, path);
  }
}

/** What is really there against what the policy names. */
export function compare(known: Known, opened: readonly Identity[], path: RawPath): void {
  const decision = known.against(opened, path);
  if (decision !== null) throw accessDenied(decision);
}

export function lookAt({ directory, name, path, known }: Place): BigIntStats {
  const stats = lstatSync(directory.at(name), { bigint: true });
  compare(known, ownIdentity(stats), path);
  return stats;
}

/** What a write would replace: a regular file with this name alone, or nothing. */
export function replaceable(place: Place): BigIntStats | null {
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

/** Writes the content to a new file in the same directory, and answers its name. `mode` in the place of that of `like`. */
export async function writeBeside(
  place: Place,
  data: Uint8Array,
  like: BigIntStats | null,
  mode: number | null = null,
): Promise<RawPath> {
  const [name, handle] = await createBeside(place, like !== null || mode !== null);
  try {
    try {
      await handle.writeFile(data);
      if (like !== null) await dress(handle, like);
      if (mode !== null) await handle.chmod(mode & 0o777);
    } finally {
      await handle.close();
    }
    return name;
  } catch (error) {
    removeBeside(place, name);
    throw error;
  }
}

/** Nobody can foretell it. */
export function temporaryName(): RawPath {
  return `.fishplate-${randomBytes(16).toString('hex')}.tmp`;
}

async function createBeside({ directory }: Place, isPrivate: boolean): Promise<[RawPath, FileHandle]> {
  for (let tries = 1; ; tries++) {
    const name = temporaryName();
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

export function removeBeside({ directory }: Place, name: RawPath): void {
  try {
    unlinkSync(directory.at(name));
  } catch {
    // It is gone, or its directory is.
  }
}

export function regular(stats: BigIntStats, path: RawPath): void {
  const kind = kindOf(stats);
  if (kind !== 'file') throw wrongKind(path, kind);
}

export function ownIdentity(stats: BigIntStats): Identity[] {
  const identity = identityOf(stats);
  return identity === null ? [] : [identity];
}

export function thing(stats: BigIntStats | null): string {
  return stats === null ? 'nothing' : `${stats.dev}:${stats.ino}`;
}

/** Another one as soon as the file is written, replaced, or given another mode or name. */
export function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}
