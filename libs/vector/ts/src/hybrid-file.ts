/** Files of a hybrid index, as docs/formats/hybrid.md has them. One file is the index, and names the file of its vectors: whichever is there after a crash is whole. */

import { randomBytes } from 'node:crypto';
import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isNativeError } from 'node:util/types';
import { crc32 } from 'node:zlib';

import { VECTOR_CODES } from './codes';
import type { Fusion } from './hybrid-fusion';

const MAGIC = Buffer.from('FISHHYBR');
const VERSION = 1;
/** Magic, version, length of the head, checksum of it. */
const PREFIX = 20;

/** What a file says beside its texts. */
export interface HybridHead {
  readonly fusion: Fusion;
  /** Vectors are in a file of their own, whose name has this generation. */
  readonly vectors: { readonly generation: string; readonly count: number } | null;
}

/** An index as its files have it. */
export interface HybridContent {
  readonly head: HybridHead;
  readonly texts: Buffer;
}

/** The path of the vectors of a generation. */
export function vectorsPath(path: string, generation: string): string {
  return `${path}.${generation}.vectors`;
}

/**
 * Writes an index: the vectors under a new name, then the file that names them in place of the old one, then the old vectors go. A
 * save that fails leaves what was there.
 *
 * @throws FishplateError `FILE_FAILED`.
 */
export async function writeHybrid(
  path: string,
  content: {
    fusion: Fusion;
    texts: Buffer;
    vectors: { count: number; save(path: string): Promise<void> } | null;
  },
): Promise<void> {
  const { fusion, texts, vectors } = content;
  const generation = randomBytes(8).toString('hex');
  const temporary = `${path}.${generation}.new`;
  const made = [temporary];
  try {
    if (vectors !== null) {
      made.push(vectorsPath(path, generation));
      await vectors.save(vectorsPath(path, generation));
    }
    const head: HybridHead = {
      fusion,
      vectors: vectors === null ? null : { generation, count: vectors.count },
    };
    await writeSynced(temporary, [encodedHead(head), texts]);
    await rename(temporary, path);
  } catch (error) {
    await Promise.all(made.map((file) => rm(file, { force: true }).catch(() => {})));
    throw failed('save', path, error);
  }
  await syncDirectory(dirname(path));
  await removeOthers(path, vectors === null ? null : generation);
}

/** @throws FishplateError `FILE_FAILED`, `FILE_DAMAGED`, `FILE_UNSUPPORTED`. */
export async function readHybrid(path: string): Promise<HybridContent> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw failed('read', path, error);
  }
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw VECTOR_CODES.error('FILE_UNSUPPORTED', `${path} cannot be read: it is no hybrid index`);
  }
  if (bytes.length < PREFIX) throw damaged(path, 'it ends too early');
  const version = bytes.readUInt32LE(8);
  if (version !== VERSION) {
    const message = `${path} cannot be read: it has format version ${version}, and this release knows ${VERSION}`;
    throw VECTOR_CODES.error('FILE_UNSUPPORTED', message);
  }
  const end = PREFIX + bytes.readUInt32LE(12);
  const json = bytes.subarray(PREFIX, end);
  if (end > bytes.length || crc32(json) !== bytes.readUInt32LE(16)) {
    throw damaged(path, 'the checksum of its head is another one');
  }
  return { head: JSON.parse(json.toString()) as HybridHead, texts: bytes.subarray(end) };
}

/** The error of a file that is not what was written. */
export function damaged(path: string, reason: string, cause?: unknown): Error {
  return VECTOR_CODES.error(
    'FILE_DAMAGED',
    `${path} is damaged: ${reason}`,
    cause === undefined ? {} : { cause },
  );
}

function encodedHead(head: HybridHead): Buffer {
  const json = Buffer.from(JSON.stringify(head));
  const prefix = Buffer.alloc(PREFIX);
  MAGIC.copy(prefix);
  prefix.writeUInt32LE(VERSION, 8);
  prefix.writeUInt32LE(json.length, 12);
  prefix.writeUInt32LE(crc32(json), 16);
  return Buffer.concat([prefix, json]);
}

async function writeSynced(path: string, parts: readonly Buffer[]): Promise<void> {
  const file = await open(path, 'wx');
  try {
    for (const part of parts) await file.writeFile(part);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the new name last. Where a directory cannot be opened (Windows) the system does so by itself. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r').catch(() => null);
  if (directory === null) return;
  await directory.sync().catch(() => {});
  await directory.close();
}

/** Vectors of other generations, and what saves that were killed have left. What cannot be removed now goes with the next save. */
async function removeOthers(path: string, generation: string | null): Promise<void> {
  const directory = dirname(path);
  const prefix = `${basename(path)}.`;
  for (const name of await readdir(directory).catch((): string[] => [])) {
    const [, other] = /^([0-9a-f]{16})\.(?:vectors|new)$/.exec(name.slice(prefix.length)) ?? [];
    if (name.startsWith(prefix) && other !== undefined && other !== generation) {
      await rm(join(directory, name), { force: true }).catch(() => {});
    }
  }
}

function failed(action: string, path: string, error: unknown): unknown {
  // Errors of the vectors' file have a code of their own.
  if (!isNativeError(error) || !('syscall' in error)) return error;
  return VECTOR_CODES.error('FILE_FAILED', `cannot ${action} ${path}: ${error.message}`, { cause: error });
}
