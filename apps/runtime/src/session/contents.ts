/**
 * Contents of files by their SHA-256, on the disk: what undo, restore and diff go back to.
 *
 * One process writes a directory of contents, since it belongs to a journal. A content is written beside its place and renamed, so that
 * none is ever half there; what is read is checked against its name.
 */

import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

import { RUNTIME_CODES } from '../codes.js';

/** Contents that are in use may not be removed for others. */
export interface ContentsInUse {
  /** Hashes that must stay. */
  needed(): ReadonlySet<string>;
  /** Gives up contents that are kept only in case; called when room is needed. */
  giveUpSpare(): void;
  /** Gives up the contents of the session that nobody has worked in for longest; false where there is none left. */
  giveUpOldest(): boolean;
}

/** Contents of one journal. */
export class Contents {
  private known: Map<string, number> | null = null;
  private used = 0;
  private inUse: ContentsInUse | null = null;

  /** @param elsewhere other directories of contents that are looked into as well. */
  constructor(
    private readonly directory: string,
    readonly budgetBytes: number,
    private readonly elsewhere: () => readonly string[] = () => [],
  ) {}

  /** Tells who knows what is in use. */
  guard(inUse: ContentsInUse): void {
    this.inUse = inUse;
  }

  /** Bytes kept now. */
  get usedBytes(): number {
    this.index();
    return this.used;
  }

  has(hash: string): boolean {
    return this.index().has(hash);
  }

  /** @throws FishplateError `UNDO_BUDGET_EXCEEDED` where `contents` would not fit, naming `paths`. */
  reserve(contents: readonly Buffer[], paths: readonly string[]): void {
    const fresh = new Map(contents.map((bytes) => [hashOf(bytes), bytes.length]));
    const held = new Set(fresh.keys());
    for (const hash of held) if (this.has(hash)) fresh.delete(hash);
    const needed = [...fresh.values()].reduce((sum, length) => sum + length, 0);
    if (this.makeRoom(needed, held)) return;
    throw RUNTIME_CODES.error(
      'UNDO_BUDGET_EXCEEDED',
      `undo keeps ${this.used} of ${this.budgetBytes} bytes, and ${paths.join(', ')} would add ${needed}`,
      { details: { usedBytes: this.used, neededBytes: needed, budgetBytes: this.budgetBytes, paths } },
    );
  }

  /** Whether so many bytes more would fit, after what is not needed has been removed; `held` stays in any case. */
  makeRoom(bytes: number, held: ReadonlySet<string> = new Set()): boolean {
    this.index();
    if (this.used + bytes <= this.budgetBytes) return true;
    if (bytes > this.budgetBytes) return false;
    this.removeUnneeded(held);
    if (this.used + bytes <= this.budgetBytes) return true;
    this.inUse?.giveUpSpare();
    this.removeUnneeded(held);
    while (this.used + bytes > this.budgetBytes) {
      if (this.inUse?.giveUpOldest() !== true) return false;
      this.removeUnneeded(held);
    }
    return true;
  }

  /**
   * Keeps a content; whoever calls has made room.
   *
   * @param durable whether it must survive a loss of power, not only the end of the process.
   * @throws FishplateError `STATE_WRITE_FAILED`.
   */
  put(bytes: Uint8Array, durable = false): string {
    const hash = hashOf(bytes);
    this.putAs(hash, bytes, durable);
    return hash;
  }

  /** As {@link put}, where the hash is known. */
  putAs(hash: string, bytes: Uint8Array, durable = false): void {
    if (this.has(hash)) return;
    const folder = join(this.directory, hash.slice(0, 2));
    const temporary = join(this.directory, `${randomBytes(8).toString('hex')}.tmp`);
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeWhole(temporary, bytes, durable);
      renameSync(temporary, join(folder, hash.slice(2)));
    } catch (cause) {
      rmSync(temporary, { force: true });
      throw RUNTIME_CODES.error(
        'STATE_WRITE_FAILED',
        `what undo needs cannot be kept in ${this.directory}: ${(cause as Error).message}`,
        { cause },
      );
    }
    this.index().set(hash, bytes.length);
    this.used += bytes.length;
  }

  /** @throws FishplateError `PREIMAGE_LOST` where it is no longer there, or no longer what it was. */
  get(hash: string): Buffer {
    for (const directory of [this.directory, ...this.elsewhere()]) {
      let bytes: Buffer;
      try {
        bytes = readFileSync(join(directory, hash.slice(0, 2), hash.slice(2)));
      } catch {
        continue;
      }
      if (hashOf(bytes) === hash) return bytes;
    }
    throw RUNTIME_CODES.error('PREIMAGE_LOST', `the content ${hash.slice(0, 16)} is no longer kept`, {
      details: { hash },
    });
  }

  private removeUnneeded(held: ReadonlySet<string>): void {
    const needed = this.inUse?.needed() ?? new Set<string>();
    for (const [hash, length] of this.index()) {
      if (needed.has(hash) || held.has(hash)) continue;
      rmSync(join(this.directory, hash.slice(0, 2), hash.slice(2)), { force: true });
      this.index().delete(hash);
      this.used -= length;
    }
  }

  /** Read from the disk once; unfinished contents of a process that was killed are removed on the way. */
  private index(): Map<string, number> {
    if (this.known !== null) return this.known;
    this.known = new Map();
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    for (const prefix of readdirSync(this.directory)) {
      const folder = join(this.directory, prefix);
      if (prefix.endsWith('.tmp')) rmSync(folder, { force: true });
      if (!/^[\da-f]{2}$/.test(prefix)) continue;
      for (const rest of readdirSync(folder)) {
        const { size } = statSync(join(folder, rest));
        this.known.set(prefix + rest, size);
        this.used += size;
      }
    }
    return this.known;
  }
}

function writeWhole(path: string, bytes: Uint8Array, durable: boolean): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    for (let done = 0; done < bytes.length; )
      done += writeSync(file, bytes, done, Math.min(bytes.length - done, 1 << 30));
    if (durable) fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** SHA-256, hexadecimal. */
export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
