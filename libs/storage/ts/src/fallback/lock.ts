/** The claim of the one writer. See docs/formats/storage.md. */

import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';

import { STORAGE_CODES } from '../codes';
import type { Paths } from './format';
import {
  attempt,
  isAlive,
  list,
  type ProcessIdentity,
  readFile,
  removeQuietly,
  thisProcess,
  writeFull,
} from './system';

const ATTEMPTS = 6;

type Claim = ProcessIdentity & { readonly time: number };

/** A claim that is held; given up by `release`. */
export class Lock {
  private constructor(private readonly path: string) {}

  /** Takes the lock, or throws the error that names who has it. */
  static async take(paths: Paths, isLocal: boolean): Promise<Lock> {
    attempt('create', paths.lock, () => fs.mkdirSync(paths.lock, { recursive: true }));
    const us = thisProcess();
    for (let tries = 1; ; tries++) {
      const lock = Lock.claim(paths, us);
      const { dead, holder } = others(lock.path, paths, us, isLocal);
      if (holder === null) {
        for (const claim of dead) removeQuietly(claim);
        return lock;
      }
      lock.release();
      // Two that look at the same time both step back; only a holder stays.
      if (tries === ATTEMPTS) throw holder;
      await new Promise((resolve) => setTimeout(resolve, 1 + randomBytes(1)[0]! / 20));
    }
  }

  release(): void {
    removeQuietly(this.path);
  }

  private static claim(paths: Paths, us: ProcessIdentity): Lock {
    const path = join(paths.lock, `${us.pid}-${randomBytes(8).toString('hex')}.json`);
    const temporary = `${path}.tmp`;
    try {
      attempt('claim', paths.lock, () => writeClaim(temporary, { ...us, time: Date.now() }));
      attempt('claim', paths.lock, () => fs.renameSync(temporary, path));
    } catch (error) {
      removeQuietly(temporary);
      throw error;
    }
    return new Lock(path);
  }
}

function writeClaim(path: string, claim: Claim): void {
  const fd = fs.openSync(path, 'w');
  try {
    writeFull(fd, Buffer.from(JSON.stringify(claim)), 0);
    // A crash that kept the name without the content would leave a claim that nobody can judge.
    fs.fdatasyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** The claims of dead writers, or the error that names a living one. */
function others(
  own: string,
  paths: Paths,
  us: ProcessIdentity,
  isLocal: boolean,
): { dead: string[]; holder: Error | null } {
  const dead: string[] = [];
  for (const name of list(paths.lock) ?? []) {
    const path = join(paths.lock, name);
    if (path === own) continue;
    if (!name.endsWith('.json')) {
      // The unfinished claim of a writer that was killed; of a living one the number is still in use.
      const pid = Number.parseInt(name, 10);
      if (Number.isSafeInteger(pid) && !isAlive({ pid, start: 0 })) dead.push(path);
      continue;
    }
    const bytes = readFile(path, 1 << 16);
    if (bytes === null) continue;
    const claim = parseClaim(bytes);
    if (claim !== null && isDead(claim, us, isLocal)) {
      dead.push(path);
      continue;
    }
    return { dead, holder: locked(claim, path) };
  }
  return { dead, holder: null };
}

function parseClaim(bytes: Buffer): Claim | null {
  try {
    const claim = JSON.parse(bytes.toString()) as Partial<Claim> | null;
    const isWhole = typeof claim?.pid === 'number' && typeof claim.start === 'number';
    return isWhole && typeof claim.boot === 'string' ? (claim as Claim) : null;
  } catch {
    return null;
  }
}

function isDead(holder: Claim, us: ProcessIdentity, isLocal: boolean): boolean {
  if (isLocal && holder.boot !== us.boot && holder.boot !== '' && us.boot !== '') return true;
  const isHere = holder.host === us.host && holder.boot === us.boot && holder.namespace === us.namespace;
  return isHere && !isAlive(holder);
}

function locked(claim: Claim | null, path: string): Error {
  const { pid = 0, host = 'an unknown machine', time = 0 } = claim ?? {};
  const message = `the store is open for writing by process ${pid} on ${host}; close it there, or open this one read-only (claim: ${path})`;
  const details = { pid, host, since: time, claim: path };
  return STORAGE_CODES.error('STORAGE_LOCKED', message, { details });
}
