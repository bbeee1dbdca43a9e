/** What is alive in a store beside events: checkpoints and branches. */

import type { CheckpointRecord } from '../engine';
import type { Branch } from '../types';
import { BRANCH, CHECKPOINT, DIRECTORY, TOMBSTONE } from './record';

interface Directory {
  readonly checkpoints: readonly CheckpointRecord[];
  readonly branches: readonly Branch[];
}

export class Catalog {
  constructor(
    readonly checkpoints = new Map<string, CheckpointRecord>(),
    readonly branches = new Map<string, Branch>(),
  ) {}

  clone(): Catalog {
    return new Catalog(new Map(this.checkpoints), new Map(this.branches));
  }

  /** Takes a record in; says what is wrong with one that cannot be read, else null. */
  apply(kind: number, payload: Buffer, segment: number, offset: number): string | null {
    try {
      this.take(kind, payload, segment, offset);
      return null;
    } catch (error) {
      return `the payload is not the JSON it should be: ${(error as Error).message}`;
    }
  }

  private take(kind: number, payload: Buffer, segment: number, offset: number): void {
    if (kind === DIRECTORY) {
      const { checkpoints, branches } = JSON.parse(payload.toString()) as Directory;
      this.checkpoints.clear();
      this.branches.clear();
      for (const checkpoint of checkpoints) this.checkpoints.set(checkpoint.id, checked(checkpoint));
      for (const branch of branches) this.branches.set(branch.stream, branch);
    } else if (kind === CHECKPOINT) {
      const [json] = splitCheckpoint(payload);
      const checkpoint = JSON.parse(json.toString()) as CheckpointRecord;
      this.checkpoints.set(checkpoint.id, { ...checked(checkpoint), segment, offset });
    } else if (kind === TOMBSTONE) {
      this.checkpoints.delete((JSON.parse(payload.toString()) as { id: string }).id);
    } else if (kind === BRANCH) {
      const branch = JSON.parse(payload.toString()) as Branch;
      if (typeof branch.stream !== 'string' || typeof branch.parent !== 'string') throw new Error('no names');
      this.branches.set(branch.stream, branch);
    }
  }

  /** Payload of a directory. */
  directory(): Buffer {
    const directory: Directory = { checkpoints: this.listed(), branches: this.branchList() };
    return Buffer.from(JSON.stringify(directory));
  }

  /** Checkpoints in the order of the bytes of their ids. */
  listed(): CheckpointRecord[] {
    return [...this.checkpoints.values()].sort((a, b) => byBytes(a.id, b.id));
  }

  branchList(): Branch[] {
    return [...this.branches.values()].sort((a, b) => byBytes(a.stream, b.stream));
  }

  /** Ids of checkpoints that are deltas against another. */
  children(id: string): string[] {
    return this.listed()
      .filter((checkpoint) => checkpoint.base === id)
      .map((checkpoint) => checkpoint.id);
  }

  /** A checkpoint and its bases, the whole state last. */
  chainOf(id: string): CheckpointRecord[] {
    const chain: CheckpointRecord[] = [];
    let link = this.checkpoints.get(id);
    while (link !== undefined) {
      chain.push(link);
      const base: CheckpointRecord | undefined =
        link.base === undefined ? undefined : this.checkpoints.get(link.base);
      // Depths fall, so that the chain ends.
      link = base !== undefined && base.depth < link.depth ? base : undefined;
    }
    return chain;
  }

  usesBlob(name: string): boolean {
    return [...this.checkpoints.values()].some(({ blob }) => blob === name);
  }

  /** Checks what the rules promise: each base is there, and depths rise. */
  broken(): string | null {
    for (const { id, base: name, depth } of this.checkpoints.values()) {
      const base = name === undefined ? undefined : this.checkpoints.get(name);
      if (depth === 0 || (base !== undefined && base.depth >= depth)) {
        return `checkpoint ${JSON.stringify(id)} has depth ${depth}`;
      }
      if (name !== undefined && base === undefined) {
        return `checkpoint ${JSON.stringify(id)} is a delta against ${JSON.stringify(name)}, which is not there`;
      }
    }
    return null;
  }
}

/** The JSON and the stored bytes in the payload of a checkpoint record. */
export function splitCheckpoint(payload: Buffer): [json: Buffer, stored: Buffer] {
  const end = payload.length < 4 ? Number.POSITIVE_INFINITY : 4 + payload.readUInt32LE(0);
  if (end > payload.length) throw new Error('it is too short');
  return [payload.subarray(4, end), payload.subarray(end)];
}

/** The first part of the payload of a checkpoint record. */
export function checkpointHead(checkpoint: CheckpointRecord): Buffer {
  const { segment: _segment, offset: _offset, ...written } = checkpoint;
  const json = Buffer.from(JSON.stringify(written));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([length, json]);
}

function checked(checkpoint: CheckpointRecord): CheckpointRecord {
  const { id, seq, time, size, crc, stored, storedCrc, depth, encoding } = checkpoint;
  const areNumbers = [seq, time, size, crc, stored, storedCrc, depth].every(Number.isSafeInteger);
  if (typeof id !== 'string' || !areNumbers) throw new Error('a member is missing');
  if (encoding !== 'raw' && encoding !== 'zstd') throw new Error('the encoding is not known');
  return checkpoint;
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
