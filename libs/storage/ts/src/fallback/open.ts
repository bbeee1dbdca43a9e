/** Opening a store: identity, lock, log. */

import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';

import { isFishplateError } from '@fishplate/engine';

import { STORAGE_CODES } from '../codes';
import type { EngineOptions, StorageEngine } from '../engine';
import type { OpenReport } from '../types';
import { Catalog } from './catalog';
import { FallbackEngine } from './engine';
import { decodeStore, encodeStore, HEADER_BYTES, Paths, type PruneMark } from './format';
import { Lock } from './lock';
import { type Active, activeOf, createSegment, Log } from './log';
import { seedOf } from './record';
import { mend, readTail, reportOf, type Tail } from './recover';
import { SegmentFile } from './segment-file';
import { loadSegments, readHeader, readMark, type Segment, segmentNumbers } from './segments';
import {
  attempt,
  corrupt,
  isMissing,
  list,
  networkOf,
  readFile,
  removeQuietly,
  syncDirectory,
  withFile,
  writeDurably,
} from './system';

export const DEFAULT_SEGMENT = 16 << 20;
/** A reader looks so often at what may be changing. */
const LOOKS = 6;

/** Opens a store with the engine in TypeScript. */
export async function openFallback(directory: string, options: EngineOptions): Promise<StorageEngine> {
  const paths = new Paths(directory);
  const isLocal = checkNetwork(directory, options.allowNetwork);
  return options.readOnly ? openToRead(paths, options) : openToWrite(paths, options, isLocal);
}

/** Whether the directory is on a local file system; throws where it is not, and must be. */
export function checkNetwork(directory: string, allowNetwork: boolean): boolean {
  const kind = networkOf(directory);
  if (kind !== null && !allowNetwork) {
    const message = `${directory} is on a network file system (${kind}), where locks and syncs promise less`;
    throw STORAGE_CODES.error('STORAGE_NETWORK_FILE_SYSTEM', message, { details: { path: directory, kind } });
  }
  return kind === null;
}

/** What is read of a log. */
export interface Loaded {
  readonly segments: Segment[];
  readonly tail: Tail;
  readonly mark: PruneMark;
  readonly leftovers: number[];
}

/** Reads the prune mark, the segments and the content of the last. */
function load(paths: Paths, id: Buffer, writes: boolean): Loaded {
  const mark = readMark(paths, id);
  const { segments, leftovers } = loadSegments(paths, id, mark, writes);
  const last = segments.at(-1)!;
  const { number } = last.header;
  const tail = withFile(paths.segment(number), 'r', (fd) => readTail(fd, last, paths));
  if (tail === null) throw corrupt(number, 0, 'the segment is missing');
  const problem = tail.catalog.broken();
  if (problem !== null) throw corrupt(number, tail.position.offset, problem);
  last.end = tail.position.offset;
  last.sealed = tail.sealed;
  last.marks = [...tail.seal.marks];
  return { segments, tail, mark, leftovers };
}

/** Reads a log that may change meanwhile: what looks damaged is looked at again. */
export function loadBesideWriter(paths: Paths, id: Buffer): Loaded {
  for (let look = 1; ; look++) {
    try {
      return load(paths, id, false);
    } catch (error) {
      const mayPass = (isFishplateError(error) && error.code === 'STORAGE_CORRUPT') || isMissing(error);
      if (!mayPass || look === LOOKS) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 << look);
    }
  }
}

function logOf(paths: Paths, id: Buffer, options: EngineOptions, loaded: Loaded, active: Active | null): Log {
  const { segments, tail, mark } = loaded;
  const { catalog, position, time } = tail;
  const { readOnly, segmentBytes = DEFAULT_SEGMENT } = options;
  return new Log({ paths, id, segmentBytes, readOnly, segments, catalog, position, time, active, mark });
}

function openToRead(paths: Paths, options: EngineOptions): StorageEngine {
  const bytes = readFile(paths.store, 128);
  if (bytes === null) throw notFound(paths.root);
  const id = decodeStore(bytes, paths.store, false);
  const loaded = loadBesideWriter(paths, id);
  const report = reportOf(loaded.tail, loaded.segments.at(-1)!.header.number);
  return new FallbackEngine(logOf(paths, id, options, loaded, null), null, report);
}

export function notFound(path: string): Error {
  const message = `${path} holds no store; open it for writing to make one`;
  return STORAGE_CODES.error('STORAGE_NOT_FOUND', message, { details: { path } });
}

async function openToWrite(paths: Paths, options: EngineOptions, isLocal: boolean): Promise<StorageEngine> {
  attempt('create', paths.root, () => fs.mkdirSync(paths.root, { recursive: true }));
  const lock = await Lock.take(paths, isLocal);
  try {
    finishSalvage(paths);
    const stored = readFile(paths.store, 128);
    const id = stored === null ? make(paths) : decodeStore(stored, paths.store, true);
    const loaded = load(paths, id, true);
    // First, since mending may need their room.
    removeLeftovers(paths, loaded);
    const { report, active } = ready(paths, loaded);
    const log = logOf(paths, id, options, loaded, active);
    if (log.lastSegment.sealed) log.begin(log.segment + 1);
    return new FallbackEngine(log, lock, { ...report, created: stored === null });
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Mends the last segment and opens it for writing. */
function ready(paths: Paths, { segments, tail }: Loaded): { report: OpenReport; active: Active } {
  const last = segments.at(-1)!;
  const { number, id } = last.header;
  const path = paths.segment(number);
  const fd = attempt('open', path, () => fs.openSync(path, 'r+'));
  try {
    const report = mend(fd, paths, last, tail);
    return { report, active: activeOf(new SegmentFile(fd), seedOf(id, number), last.end, tail.seal) };
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
}

/** Makes a store: the log first, the identity last. */
function make(paths: Paths): Buffer {
  const numbers = segmentNumbers(paths);
  if (numbers.length > 0) {
    if (numbers.length > 1 || numbers[0] !== 1 || !isUnused(paths)) {
      throw corrupt(0, 0, 'the file STORE is missing');
    }
    attempt('remove', paths.log, () => fs.unlinkSync(paths.segment(1)));
  }
  attempt('create', paths.log, () => {
    fs.mkdirSync(paths.log, { recursive: true });
    syncDirectory(paths.root);
    syncDirectory(dirname(paths.root));
  });
  const id = randomBytes(16);
  const created = Date.now();
  const header = { id, number: 1, first: 1, created, previous: 0 };
  createSegment(paths.segment(1), header, new Catalog()).active.file.close();
  writeDurably(paths.store, [encodeStore(id, created)]);
  return id;
}

/** Whether segment 1 is what an interrupted creation leaves: nothing behind its directory. */
function isUnused(paths: Paths): boolean {
  const path = paths.segment(1);
  const tail = withFile(path, 'r', (fd) => {
    try {
      const header = readHeader(fd, 1, path, true);
      return readTail(fd, { header, end: HEADER_BYTES, sealed: false, marks: [] }, paths);
    } catch (error) {
      if (isFishplateError(error) && error.code === 'STORAGE_CORRUPT') return null;
      throw error;
    }
  });
  return tail !== null && tail.seal.records === 1 && tail.position.next === 1 && tail.ending.type === 'clean';
}

/** Ends a salvage that was interrupted between its two renames. */
export function finishSalvage(paths: Paths): void {
  const isComplete = readFile(join(paths.salvaged, 'COMPLETE'), 1) !== null;
  if (!isComplete || list(paths.log) !== null) return;
  attempt('finish salvage', paths.salvaged, () => {
    fs.renameSync(paths.salvaged, paths.log);
    syncDirectory(paths.root);
    fs.unlinkSync(join(paths.log, 'COMPLETE'));
  });
}

/** Removes what nobody needs. */
function removeLeftovers(paths: Paths, { leftovers, tail }: Loaded): void {
  for (const number of leftovers) removeQuietly(paths.segment(number));
  for (const directory of [paths.root, paths.log]) {
    for (const name of quietList(directory)) {
      if (name.endsWith('.tmp')) removeQuietly(join(directory, name));
    }
  }
  removeQuietly(join(paths.log, 'COMPLETE'));
  const used = new Set([...tail.catalog.checkpoints.values()].map(({ blob }) => blob));
  for (const folder of quietList(paths.blobs)) {
    for (const name of quietList(join(paths.blobs, folder))) {
      if (!used.has(name)) removeQuietly(join(paths.blobs, folder, name));
    }
  }
}

function quietList(path: string): string[] {
  try {
    return list(path) ?? [];
  } catch {
    return [];
  }
}
