/** Files, with the errors of this track, and what the system tells of processes and file systems. */

import * as fs from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';

import { isFishplateError } from '@fishplate/engine';

import { STORAGE_CODES } from '../codes';

const NO_ROOM = new Set(['ENOSPC', 'EDQUOT']);

/** Runs a file operation; its failure is an error of this track. */
export function attempt<Result>(action: string, path: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    throw ioError(action, path, error);
  }
}

/** The error of a file operation. */
export function ioError(action: string, path: string, error: unknown): Error {
  if (isFishplateError(error)) return error;
  const { code, message: system } = error as NodeJS.ErrnoException;
  const message = `${action} ${path}: ${system}`;
  const details = { action, path, system };
  const kind = NO_ROOM.has(code ?? '') ? 'STORAGE_FULL' : 'STORAGE_IO';
  return STORAGE_CODES.error(kind, message, { cause: error, details });
}

/** Whether an error, or what it was made from, says that a file is not there. */
export function isMissing(error: unknown): boolean {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return code === 'ENOENT' || (cause !== undefined && isMissing(cause));
}

export function corrupt(segment: number, offset: number, reason: string): Error {
  const message = `segment ${segment} is damaged at offset ${offset}: ${reason}; \`salvageStore\` keeps what is still valid`;
  return STORAGE_CODES.error('STORAGE_CORRUPT', message, { details: { segment, offset, reason } });
}

/** Fills the buffer as far as the file goes; the number of bytes read. */
export function readFull(fd: number, buffer: Buffer, offset: number): number {
  let done = 0;
  while (done < buffer.length) {
    const count = fs.readSync(fd, buffer, done, buffer.length - done, offset + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

/** Writes all bytes. */
export function writeFull(fd: number, bytes: Uint8Array, offset: number): void {
  let done = 0;
  while (done < bytes.length) {
    done += fs.writeSync(fd, bytes, done, bytes.length - done, offset + done);
  }
}

/** Content of a file, at most `limit` bytes; null where there is none. */
export function readFile(path: string, limit = Number.POSITIVE_INFINITY): Buffer | null {
  return withFile(path, 'r', (fd) => {
    const bytes = Buffer.allocUnsafe(Math.min(fs.fstatSync(fd).size, limit));
    return bytes.subarray(0, readFull(fd, bytes, 0));
  });
}

/** Runs with an open file and closes it; null where there is none. */
export function withFile<Result>(path: string, flags: string, run: (fd: number) => Result): Result | null {
  let fd: number;
  try {
    fd = fs.openSync(path, flags);
  } catch (error) {
    if (isMissing(error)) return null;
    throw ioError('open', path, error);
  }
  try {
    return attempt('read', path, () => run(fd));
  } finally {
    fs.closeSync(fd);
  }
}

/** Writes a file under another name, syncs it, renames it and syncs its directory. */
export function writeDurably(path: string, parts: readonly Uint8Array[]): void {
  const temporary = `${path}.tmp`;
  attempt('write', path, () => {
    try {
      const fd = fs.openSync(temporary, 'w');
      try {
        let offset = 0;
        for (const part of parts) {
          writeFull(fd, part, offset);
          offset += part.length;
        }
        fs.fdatasyncSync(fd);
      } finally {
        fs.closeSync(fd);
      }
      fs.renameSync(temporary, path);
    } catch (error) {
      // On a full disk what is left of it would take the room that is missing.
      removeQuietly(temporary);
      throw error;
    }
    syncDirectory(dirname(path));
  });
}

/** Returns when the names in a directory are on the disk. */
export function syncDirectory(path: string): void {
  // Windows opens no directory, and keeps names in order by itself.
  if (process.platform === 'win32') return;
  const fd = fs.openSync(path, 'r');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Names in a directory; null where there is none. */
export function list(path: string): string[] | null {
  try {
    return fs.readdirSync(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw ioError('list', path, error);
  }
}

/** Removes a file or directory. A failure is no reason to stop: the next opener tries again. */
export function removeQuietly(path: string): void {
  try {
    fs.rmSync(path, { recursive: true, force: true });
  } catch {
    // It stays.
  }
}

/** A process, as a claim names it. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in clock ticks; 0 where the system does not tell. */
  readonly start: number;
  readonly host: string;
  readonly boot: string;
  readonly namespace: string;
}

export function thisProcess(): ProcessIdentity {
  return {
    pid: process.pid,
    start: startOf(process.pid) ?? 0,
    host: hostname(),
    boot: quietly(() => fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    namespace: quietly(() => fs.readlinkSync('/proc/self/ns/pid')),
  };
}

/** Whether a process of this machine, run and namespace is still there. */
export function isAlive({ pid, start }: Pick<ProcessIdentity, 'pid' | 'start'>): boolean {
  if (start !== 0) {
    const now = startOf(pid);
    return now === undefined || now === start;
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Start time of a process; null where there is none, undefined where that cannot be told. */
function startOf(pid: number): number | null | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold anything, so count from its end: field 22 is the 20th behind it.
    const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
    // A zombie has ended: it writes nothing any more.
    if (fields[0] === 'Z') return null;
    const start = Number(fields[19]);
    return Number.isSafeInteger(start) ? start : undefined;
  } catch (error) {
    return isMissing(error) ? null : undefined;
  }
}

function quietly(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

/** File systems that reach over a network, or may, by the magic number of statfs(2). */
const NETWORKS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'nfs'],
  [0x517b, 'smb'],
  [0xff534d42, 'cifs'],
  [0xfe534d42, 'smb2'],
  [0x01021997, '9p'],
  [0x5346414f, 'afs'],
  [0x6b414653, 'kafs'],
  [0x00c36400, 'ceph'],
  [0x73757245, 'coda'],
  [0x564c, 'ncp'],
  [0x65735546, 'fuse'],
  [0x0bd00bd0, 'lustre'],
  [0x01161970, 'gfs2'],
  [0x7461636f, 'ocfs2'],
  [0x19830326, 'fhgfs'],
  [0x47504653, 'gpfs'],
  [0x20030528, 'orangefs'],
]);

/** Network file system of a directory, or of what will hold it; null where it is local or the system does not tell. */
export function networkOf(directory: string): string | null {
  if (process.platform !== 'linux') return null;
  for (let path = directory; ; path = dirname(path)) {
    try {
      return NETWORKS.get(fs.statfsSync(path).type >>> 0) ?? null;
    } catch (error) {
      if (!isMissing(error)) throw ioError('open', directory, error);
      if (path === dirname(path)) return null;
    }
  }
}
