/** Keeps file contents by their hash, in memory, within a budget. Interim: the storage track keeps them on disk. */

import { createHash } from 'node:crypto';

import { RUNTIME_CODES } from '../codes.js';

/** A file's content and mode at one moment; the content lies in the store. */
export interface StateReference {
  /** SHA-256 of the content, hexadecimal. */
  readonly hash: string;
  readonly bytes: number;
  /** Permission bits. */
  readonly mode: number;
}

/** Contents by hash: equal contents are kept once. */
export class StateStore {
  private readonly contents = new Map<string, Buffer>();
  private used = 0;

  constructor(readonly budgetBytes: number) {}

  /** Bytes kept now. */
  get usedBytes(): number {
    return this.used;
  }

  /** @throws FishplateError `UNDO_BUDGET_EXCEEDED` where `contents` would not fit, naming `paths`. */
  reserve(contents: readonly Buffer[], paths: readonly string[]): void {
    const fresh = new Map<string, number>();
    for (const bytes of contents) {
      const hash = hashOf(bytes);
      if (!this.contents.has(hash)) fresh.set(hash, bytes.length);
    }
    const needed = [...fresh.values()].reduce((sum, length) => sum + length, 0);
    if (this.used + needed > this.budgetBytes) {
      throw RUNTIME_CODES.error(
        'UNDO_BUDGET_EXCEEDED',
        `undo keeps ${this.used} of ${this.budgetBytes} bytes, and ${paths.join(', ')} would add ${needed}`,
        { details: { usedBytes: this.used, neededBytes: needed, budgetBytes: this.budgetBytes, paths } },
      );
    }
  }

  /** Keeps a copy of nothing: `bytes` must not change afterwards. */
  keep(bytes: Buffer, mode: number): StateReference {
    const hash = hashOf(bytes);
    if (!this.contents.has(hash)) {
      this.contents.set(hash, bytes);
      this.used += bytes.length;
    }
    return { hash, bytes: bytes.length, mode };
  }

  /** The content of a state that is kept. */
  content(state: StateReference): Buffer {
    const bytes = this.contents.get(state.hash);
    if (bytes === undefined)
      throw RUNTIME_CODES.error('TOOL_FAULT', `the state ${state.hash} is no longer kept`);
    return bytes;
  }

  /** Lets go of everything that is not in `hashes`. */
  retain(hashes: ReadonlySet<string>): void {
    for (const [hash, bytes] of this.contents) {
      if (hashes.has(hash)) continue;
      this.contents.delete(hash);
      this.used -= bytes.length;
    }
  }
}

/** SHA-256, hexadecimal. */
export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
