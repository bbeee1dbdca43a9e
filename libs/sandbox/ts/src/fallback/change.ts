/** Several files changed at once, all of them or none, in the way of the Rust core. */

import {
  type BigIntStats,
  constants,
  linkSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  unlinkSync,
} from 'node:fs';
import { copyFile } from 'node:fs/promises';

import { isFishplateError } from '@fishplate/engine';

import { SANDBOX_CODES } from '../codes';
import type { ActionIntent, ChangeOutcome, FileChange } from '../types';
import { fileError, linkInPath } from './file-error';
import { DISK_HERE, isSameName, joinName, parentOf, splitPath } from './names';
import {
  allowed,
  type FileContext,
  lookAt,
  openPlace,
  type Place,
  removeBeside,
  replaceable,
  stampOf,
  temporaryName,
  writeBeside,
} from './place';
import { onDisk, type RawPath, toRaw, toText } from './raw-path';
import { errno } from './resolve';

/** A change whose new content lies beside its place. */
interface Staged {
  readonly place: Place;
  readonly change: FileChange;
  /** Null where the file is deleted. */
  next: RawPath | null;
  mode: number;
  /** The second name of what was there, once the first one is another's. */
  old: RawPath | null;
  isDone: boolean;
}

/** A file is another one than was read. */
class Meanwhile extends Error {
  constructor(readonly path: string) {
    super(`${path} changed in the meantime`);
  }
}

/** @throws FishplateError; unless it is `ROLLBACK_FAILED`, everything is as it was. */
export async function changeFiles(
  context: FileContext,
  changes: readonly FileChange[],
): Promise<ChangeOutcome> {
  const staged: Staged[] = [];
  const made: RawPath[] = [];
  try {
    await carryOut(context, changes, staged, made);
    for (const { place, old } of staged) if (old !== null) removeBeside(place, old);
    return { ok: true, modes: staged.map(({ mode }) => mode), directories: made.map(toText) };
  } catch (error) {
    withdraw(context, staged, made, error);
    if (error instanceof Meanwhile) return { ok: false, changedMeanwhile: error.path };
    throw error;
  } finally {
    for (const { place } of staged) place.directory.close();
  }
}

async function carryOut(
  context: FileContext,
  changes: readonly FileChange[],
  staged: Staged[],
  made: RawPath[],
): Promise<void> {
  for (const change of changes) await stage(context, change, staged, made);
  for (const item of staged) coded(item, check);
  for (const item of staged) {
    // Another of the changes may have been here.
    coded(item, check);
    await put(item).catch((error: unknown) => {
      throw fileError(error, item.place.path);
    });
    item.isDone = true;
  }
}

/** Does something with an item; what the system throws becomes an error of this track. */
function coded(item: Staged, act: (item: Staged) => void): void {
  try {
    act(item);
  } catch (error) {
    throw error instanceof Meanwhile ? error : fileError(error, item.place.path);
  }
}

async function stage(
  context: FileContext,
  change: FileChange,
  staged: Staged[],
  made: RawPath[],
): Promise<void> {
  const { after, before } = change;
  const intent: ActionIntent = after === null ? 'delete' : before === null ? 'create' : 'write';
  const { path, lastWasLink } = allowed(context, change.path, intent);
  if (lastWasLink || !isPlain(context, change.path, path)) throw linkInPath(toRaw(change.path));
  const parent = parentOf(path);
  if (after !== null && parent !== null) makeParents(context, parent, made);
  let place: Place;
  try {
    place = openPlace(context, path, intent);
  } catch (error) {
    if (errno(error) === 'ENOENT') throw new Meanwhile(change.path);
    throw fileError(error, path);
  }
  const item: Staged = { place, change, next: null, mode: 0, old: null, isDone: false };
  staged.push(item);
  if (after === null) return;
  coded(item, check);
  try {
    const like = before === null ? null : replaceable(place);
    item.next = await writeBeside(place, after.bytes, like, after.mode ?? null);
    item.mode = Number(lstatSync(place.directory.at(item.next), { bigint: true }).mode & 0o7777n);
  } catch (error) {
    throw fileError(error, path);
  }
}

/** Whether a path leads where it says, through no link. */
function isPlain({ rules }: FileContext, given: string, resolved: RawPath): boolean {
  const parts = splitPath(toRaw(given));
  const base = parts.anchor ?? toRaw(rules.workspace);
  const said = parts.names.reduce((above, name) => (name === '.' ? above : joinName(above, name)), base);
  return isSameName(said, resolved, DISK_HERE);
}

function makeParents(context: FileContext, path: RawPath, made: RawPath[]): void {
  const missing: RawPath[] = [];
  for (let above: RawPath | null = path; above !== null && !isThere(above); above = parentOf(above)) {
    missing.unshift(above);
  }
  for (const directory of missing) {
    allowed(context, `${toText(directory)}/`, 'create');
    const place = openOrFail(context, directory);
    try {
      mkdirSync(place.directory.at(place.name));
      made.push(directory);
    } catch (error) {
      if (errno(error) !== 'EEXIST') throw fileError(error, directory);
    } finally {
      place.directory.close();
    }
  }
}

function openOrFail(context: FileContext, path: RawPath): Place {
  try {
    return openPlace(context, path, 'create');
  } catch (error) {
    throw fileError(error, path);
  }
}

function isThere(path: RawPath): boolean {
  return lstatSync(onDisk(path), { throwIfNoEntry: false }) !== undefined;
}

/** @throws Meanwhile where what stands at the place is not what was read. */
function check({ place, change }: Staged): void {
  let found: BigIntStats | null = null;
  try {
    found = lookAt(place);
  } catch (error) {
    if (errno(error) !== 'ENOENT') throw error;
  }
  const isSame =
    found === null || change.before === null
      ? found === null && change.before === null
      : found.isFile() && stampOf(found) === change.before;
  if (!isSame) throw new Meanwhile(change.path);
}

/** Gives the new content the name, and what was there another one. */
async function put(item: Staged): Promise<void> {
  const { place, change, next } = item;
  const { directory, name } = place;
  if (next === null) {
    const old = temporaryName();
    renameSync(directory.at(name), directory.at(old));
    item.old = old;
  } else if (change.before === null) {
    create(item, next);
  } else {
    const old = await keep(place);
    try {
      renameSync(directory.at(next), directory.at(name));
    } catch (error) {
      removeBeside(place, old);
      throw error;
    }
    item.old = old;
  }
}

/** A rename would replace a file that somebody made in the meantime; a link does not. */
function create({ place, change }: Staged, next: RawPath): void {
  const { directory, name } = place;
  try {
    linkSync(directory.at(next), directory.at(name));
  } catch (error) {
    if (errno(error) === 'EEXIST') throw new Meanwhile(change.path);
    if (!NO_HARD_LINKS.has(errno(error))) throw error;
    renameSync(directory.at(next), directory.at(name));
    return;
  }
  removeBeside(place, next);
}

/** What disks without hard links answer (FAT, some network and container mounts). */
const NO_HARD_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV', 'EACCES']);

/** Gives what stands at the place a second name; where the disk has no such, a copy of it. */
async function keep({ directory, name }: Place): Promise<RawPath> {
  const old = temporaryName();
  try {
    linkSync(directory.at(name), directory.at(old));
  } catch (error) {
    if (!NO_HARD_LINKS.has(errno(error))) throw error;
    await copyFile(directory.at(name), directory.at(old), constants.COPYFILE_EXCL);
  }
  return old;
}

/** Takes everything back. @throws FishplateError `ROLLBACK_FAILED`. */
function withdraw(
  context: FileContext,
  staged: readonly Staged[],
  made: readonly RawPath[],
  cause: unknown,
): void {
  const stuck: string[] = [];
  for (const item of [...staged].reverse()) {
    try {
      if (item.isDone) takeBack(item);
    } catch {
      stuck.push(toText(item.place.path));
    }
  }
  for (const { place, next } of staged) if (next !== null) removeBeside(place, next);
  for (const directory of [...made].reverse()) {
    try {
      const place = openPlace(context, directory, 'create');
      try {
        rmdirSync(place.directory.at(place.name));
      } finally {
        place.directory.close();
      }
    } catch {
      // Where something came into it, it stays.
    }
  }
  if (stuck.length === 0) return;
  const first = isFishplateError(cause) || cause instanceof Meanwhile ? cause.message : String(cause);
  throw SANDBOX_CODES.error(
    'ROLLBACK_FAILED',
    `${first}; and these could not be taken back: ${stuck.join(', ')}`,
    { cause },
  );
}

function takeBack({ place: { directory, name }, old }: Staged): void {
  if (old === null) unlinkSync(directory.at(name));
  else renameSync(directory.at(old), directory.at(name));
}
