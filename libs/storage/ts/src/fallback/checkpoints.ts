/** Saving, loading and deleting checkpoints. */

import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { dirname } from 'node:path';

import { isFishplateError } from '@fishplate/engine';
import { decompress } from 'fzstd';

import { MAX_CHECKPOINT } from '../arguments';
import { STORAGE_CODES } from '../codes';
import { type CheckpointRecord, RECORD_HEADER, type SaveOptions } from '../engine';
import { type Catalog, checkpointHead, splitCheckpoint } from './catalog';
import { crc32 } from './crc';
import { applyDelta, makeDelta } from './delta';
import { refresh } from './follow';
import { type Draft, type Log, NO_STREAM } from './log';
import { CHECKPOINT, decodeHeader, isRecord, payloadOf, seedOf, TOMBSTONE } from './record';
import {
  attempt,
  corrupt,
  isMissing,
  list,
  readFile,
  readFull,
  removeQuietly,
  syncDirectory,
  withFile,
  writeDurably,
} from './system';

/** Longest chain of deltas, with the whole state that it begins with. */
const MAX_DEPTH = 8;
/** Stored bytes above this go to a blob. */
const INLINE = 256 << 10;
/** A state may be moved or deleted while it is read, also by another process. */
const LOOKS = 4;

/** A checkpoint, and its stored bytes where they go to the log. */
interface Made {
  readonly record: CheckpointRecord;
  readonly inline: Uint8Array;
}

/** Saves a state in place of what had the id before; returns when it is on the disk. */
export function saveCheckpoint(log: Log, id: string, state: Buffer, options: SaveOptions): CheckpointRecord {
  log.writing();
  const catalog = log.catalog.clone();
  const { last } = log;
  const { base: named, seq = last, stream, metadata } = options;
  if (seq > last) {
    const message = `seq: event ${seq} does not exist yet: the last is ${last}`;
    throw STORAGE_CODES.error('INPUT_INVALID', message);
  }
  if (named !== undefined && !catalog.checkpoints.has(named)) {
    const message = `there is no checkpoint ${JSON.stringify(named)}`;
    throw STORAGE_CODES.error('STORAGE_CHECKPOINT_NOT_FOUND', message, { details: { id: named } });
  }
  const wanted = named === id ? catalog.checkpoints.get(id)?.base : named;
  // A state whose chain runs through the checkpoint that is replaced has no base: that chain is about to change.
  const isFree = wanted !== undefined && !catalog.chainOf(wanted).some((link) => link.id === id);
  const draft: CheckpointRecord = {
    id,
    ...(stream === '' ? {} : { stream }),
    seq,
    time: Math.max(log.time, Date.now()),
    size: state.length,
    crc: crc32(state),
    encoding: 'raw',
    stored: 0,
    storedCrc: 0,
    depth: 1,
    ...(metadata === undefined ? {} : { metadata: JSON.parse(metadata) as unknown }),
  };
  const own = catalog.checkpoints.get(id);
  const isSameState = own !== undefined && holds(log, catalog, own, state, draft.crc);
  if (isSameState && isNewest(catalog, own) && isSame(own, draft)) return own;
  const saved = make(log, catalog, draft, state, isFree ? wanted : undefined);
  // Deltas against the same state stay what they are.
  const isKept = isSameState && saved.record.depth <= own.depth;
  put(log, [saved, ...(isKept ? [] : rebase(log, catalog, id))], [], catalog);
  return saved.record;
}

/** Whether a checkpoint is of this state, and can be read. */
function holds(log: Log, catalog: Catalog, own: CheckpointRecord, state: Buffer, crc: number): boolean {
  if (own.crc !== crc || own.size !== state.length) return false;
  try {
    return loadState(log, catalog, own).equals(state);
  } catch {
    return false;
  }
}

/** Whether nothing was saved since. */
function isNewest(catalog: Catalog, { id, time }: CheckpointRecord): boolean {
  return catalog.listed().every((it) => it.id === id || it.time < time);
}

/** Whether two checkpoints of the same state say the same of it. */
function isSame(left: CheckpointRecord, right: CheckpointRecord): boolean {
  const said = ({ seq, stream, metadata }: CheckpointRecord): string =>
    JSON.stringify([seq, stream, metadata]);
  return said(left) === said(right);
}

/** The state of a checkpoint; null where there is none of that id. */
export function loadCheckpoint(log: Log, id: string): Buffer | null {
  for (let look = 1; ; look++) {
    refresh(log);
    const checkpoint = log.catalog.checkpoints.get(id);
    if (checkpoint === undefined) return null;
    try {
      return loadState(log, log.catalog, checkpoint);
    } catch (error) {
      if (look === LOOKS) throw error;
    }
  }
}

/** Deletes a checkpoint; those that are deltas against it are stored anew in the same batch. */
export function deleteCheckpoint(log: Log, id: string): boolean {
  log.writing();
  const catalog = log.catalog.clone();
  if (!catalog.checkpoints.has(id)) return false;
  put(log, rebase(log, catalog, id), [id], catalog);
  return true;
}

/** Appends the records of checkpoints again that are in segments before a number; their stored bytes are in the log. */
export function moveCheckpoints(log: Log, before: number): void {
  for (const record of log.catalog.listed()) {
    const { segment, offset, blob } = record;
    if (blob !== undefined || segment === undefined || offset === undefined || segment >= before) continue;
    log.push([draftOf({ record, inline: readInline(log, segment, offset) })]);
  }
}

/** The state of a checkpoint, from the whole state that its chain begins with. */
export function loadState(log: Log, catalog: Catalog, checkpoint: CheckpointRecord): Buffer {
  let state: Buffer | null = null;
  for (const link of catalog.chainOf(checkpoint.id).reverse()) state = decode(log, link, state);
  return state!;
}

/** The stored bytes of a checkpoint whose record is in the log. */
export function readInline(log: Log, number: number, offset: number): Buffer {
  const damaged = (): Error => corrupt(number, offset, 'the record of the checkpoint is damaged');
  const record = withFile(log.paths.segment(number), 'r', (fd) => {
    const head = Buffer.alloc(RECORD_HEADER);
    const count = readFull(fd, head, offset);
    const seed = seedOf(log.id, number);
    const header = decodeHeader(head.subarray(0, count), seed, offset);
    if (header === null || header.kind !== CHECKPOINT) throw damaged();
    if (offset + header.total > fs.fstatSync(fd).size) throw damaged();
    const bytes = Buffer.alloc(header.total);
    readFull(fd, bytes, offset);
    if (!isRecord(header, bytes, seed, offset)) throw damaged();
    return payloadOf(header, bytes);
  });
  if (record === null) throw corrupt(number, offset, 'the segment is missing');
  try {
    return splitCheckpoint(record)[1];
  } catch {
    throw damaged();
  }
}

/** Chooses how a state is stored, and writes its blob where it needs one. */
function make(
  log: Log,
  catalog: Catalog,
  draft: CheckpointRecord,
  state: Buffer,
  base: string | undefined,
): Made {
  const { base: _base, blob: _blob, segment: _segment, offset: _offset, ...kept } = draft;
  const chain = base === undefined ? [] : catalog.chainOf(base);
  const [parent, root] = [chain[0], chain.at(-1)];
  let bytes: Uint8Array = state;
  let record: CheckpointRecord = { ...kept, depth: 1, encoding: 'raw' };
  if (parent !== undefined && root !== undefined && parent.depth < MAX_DEPTH) {
    const delta = makeDelta(loadState(log, catalog, parent), state);
    // What the state would take as a whole, and what the chain costs already.
    const whole = (Math.max(root.stored, 1) * Math.max(state.length, 1)) / Math.max(root.size, 1);
    const deltas = chain.reduce((sum, link) => sum + (link.base === undefined ? 0 : link.stored), 0);
    if (delta.length * 2 <= whole && deltas + delta.length <= whole) {
      bytes = delta;
      record = { ...record, base: parent.id, depth: parent.depth + 1 };
    }
  }
  record.stored = bytes.length;
  record.storedCrc = bytes === state ? record.crc : crc32(bytes);
  if (bytes.length <= INLINE) return { record, inline: bytes };
  record.blob = storeBlob(log, bytes);
  return { record, inline: NO_STREAM };
}

/** Makes those that are deltas against a checkpoint anew, without it. */
function rebase(log: Log, catalog: Catalog, id: string): Made[] {
  const above = catalog.checkpoints.get(id)?.base;
  return catalog.children(id).map((child) => {
    const checkpoint = catalog.checkpoints.get(child)!;
    return make(log, catalog, checkpoint, loadState(log, catalog, checkpoint), above);
  });
}

function draftOf({ record, inline }: Made): Draft {
  const stream = Buffer.from(record.stream ?? '');
  return { kind: CHECKPOINT, stream, payload: [checkpointHead(record), inline] };
}

/** Appends checkpoints and tombstones as one batch, syncs it, and removes the blobs that nobody needs any more. */
function put(log: Log, made: readonly Made[], gone: readonly string[], before: Catalog): void {
  const tombstones = gone.map(
    (id): Draft => ({
      kind: TOMBSTONE,
      stream: NO_STREAM,
      payload: [Buffer.from(JSON.stringify({ id }))],
    }),
  );
  log.push([...made.map(draftOf), ...tombstones]);
  log.sync();
  for (const { blob } of before.checkpoints.values()) {
    if (blob !== undefined && !log.catalog.usesBlob(blob)) removeQuietly(log.paths.blob(blob));
  }
}

/** Writes a blob, unless it is there; its name. */
function storeBlob({ paths }: Log, bytes: Uint8Array): string {
  const name = createHash('sha256').update(bytes).digest('hex');
  const path = paths.blob(name);
  if (readFile(path)?.equals(bytes)) return name;
  attempt('create', path, () => {
    if (list(dirname(path)) !== null) return;
    const isFirst = list(paths.blobs) === null;
    fs.mkdirSync(dirname(path), { recursive: true });
    if (isFirst) syncDirectory(paths.root);
    syncDirectory(paths.blobs);
  });
  writeDurably(path, [bytes]);
  return name;
}

function decode(log: Log, link: CheckpointRecord, base: Buffer | null): Buffer {
  const { segment = 0, offset = 0, id, size } = link;
  const bad = (reason: string): Error =>
    corrupt(segment, offset, `checkpoint ${JSON.stringify(id)}: ${reason}`);
  const stored = storedBytes(log, link, bad);
  if (stored.length !== link.stored || crc32(stored) !== link.storedCrc) {
    throw bad('its stored bytes do not match their checksum');
  }
  if (size > MAX_CHECKPOINT) throw bad('its size is not possible');
  const bytes = link.encoding === 'raw' ? stored : unpacked(stored, bad);
  let state: Buffer | null = bytes;
  if (link.base !== undefined) {
    if (base === null) throw bad('its base is missing');
    state = applyDelta(base, bytes, size);
    if (state === null) throw bad('its delta does not fit its base');
  }
  if (state.length !== size || crc32(state) !== link.crc) throw bad('its state does not match its checksum');
  return state;
}

function storedBytes(log: Log, link: CheckpointRecord, bad: (reason: string) => Error): Buffer {
  const { segment = 0, offset = 0, blob, stored } = link;
  if (blob === undefined) {
    try {
      return readInline(log, segment, offset);
    } catch (error) {
      if (isMissing(error) || !isFishplateError(error) || error.code !== 'STORAGE_CORRUPT') throw error;
      throw bad(String(error.details?.['reason']));
    }
  }
  // Anything else must not become a path.
  if (!/^[0-9a-f]{64}$/.test(blob)) throw bad(`${JSON.stringify(blob)} is not the name of a blob`);
  const bytes = readFile(log.paths.blob(blob), stored + 1);
  if (bytes === null) throw bad('its blob is missing');
  return bytes;
}

function unpacked(stored: Buffer, bad: (reason: string) => Error): Buffer {
  let bytes: Uint8Array;
  try {
    bytes = decompress(stored);
  } catch {
    throw bad('it cannot be decompressed');
  }
  if (bytes.length > 2 * MAX_CHECKPOINT) throw bad('it cannot be decompressed');
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
