/** What happened in a stream, and how a state is restored. */

import { STORAGE_CODES } from './codes';
import { type CheckpointRecord, ENTRY, type StorageEngine } from './engine';
import { Slabs } from './replay';
import type { Branch, CheckpointInfo, Moment } from './types';

/** A stream and those that it continues, each with the last event that counts. */
export function lineageOf(branches: readonly Branch[], stream: string): Map<string, number> {
  const byStream = new Map(branches.map((branch) => [branch.stream, branch]));
  const lineage = new Map([[stream, Number.POSITIVE_INFINITY]]);
  let limit = Number.POSITIVE_INFINITY;
  for (let branch = byStream.get(stream); branch !== undefined; branch = byStream.get(branch.parent)) {
    limit = Math.min(limit, branch.from);
    if (lineage.has(branch.parent)) break;
    lineage.set(branch.parent, limit);
  }
  return lineage;
}

/** Checkpoints of a stream and of what it continues; of all without one. */
export function checkpointsOf(engine: StorageEngine, stream: string | null): CheckpointRecord[] {
  const all = engine.listCheckpoints();
  if (stream === null) return all;
  const lineage = lineageOf(engine.branches(), stream);
  return all.filter((it) => it.seq <= (lineage.get(it.stream ?? '') ?? -1));
}

/** Events and checkpoints in order; a checkpoint comes behind the last event that it contains. */
export function timeline(engine: StorageEngine, stream: string | null): Moment[] {
  const cursor = engine.follow({ from: 1, to: engine.lastSeq(), stream, limit: null });
  const slabs = new Slabs(cursor, true);
  const moments: Moment[] = [];
  for (let count = slabs.next(); count > 0; count = slabs.next()) {
    for (let index = 0; index < count; index++) {
      const at = index * ENTRY;
      const [seq, time] = [slabs.entries[at]!, slabs.entries[at + 1]!];
      const size = slabs.entries[at + 4]! - slabs.entries[at + 3]!;
      moments.push({ type: 'event', seq, time, stream: slabs.stream(index), size });
    }
  }
  for (const { id, seq, time, stream: own = '' } of checkpointsOf(engine, stream)) {
    moments.push({ type: 'checkpoint', seq, time, stream: own, id });
  }
  const rank = ({ type }: Moment): number => (type === 'event' ? 0 : 1);
  return moments.sort((a, b) => a.seq - b.seq || rank(a) - rank(b) || a.time - b.time);
}

/** Nearest checkpoint, and the first and last event to apply behind it. */
export interface RestorePlan {
  readonly checkpoint: CheckpointRecord | null;
  readonly from: number;
  readonly to: number;
}

/** Throws STORAGE_PRUNED where events that would have to be applied are gone. */
export function restorePlan(engine: StorageEngine, stream: string, seq: number): RestorePlan {
  const candidates = checkpointsOf(engine, stream).filter((it) => it.seq <= seq);
  candidates.sort((a, b) => b.seq - a.seq || b.time - a.time);
  const checkpoint = candidates[0] ?? null;
  const { firstSeq, lastSeq } = engine.stats();
  const from = (checkpoint?.seq ?? 0) + 1;
  const to = Math.min(seq, lastSeq);
  if (from < firstSeq && from <= to) {
    const message = `event ${from} is not there any more: events before ${firstSeq} were pruned`;
    throw STORAGE_CODES.error('STORAGE_PRUNED', message, { details: { seq: from, before: firstSeq } });
  }
  return { checkpoint, from, to };
}

/** What is public of a checkpoint. */
export function infoOf(record: CheckpointRecord): CheckpointInfo {
  const { id, stream = '', seq, time, size, stored, base = null, depth, metadata = null } = record;
  return { id, stream, seq, time, size, stored, base, depth, metadata };
}
