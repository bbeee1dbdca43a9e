/** Branches: streams that begin as another was after an event. */

import { STORAGE_CODES } from '../codes';
import { ENTRY } from '../engine';
import { Slabs } from '../replay';
import type { Branch } from '../types';
import { Cursor } from './cursor';
import { type Log, NO_STREAM } from './log';
import { BRANCH } from './record';

/** Makes a branch; returns when it is on the disk. */
export function makeBranch(log: Log, stream: string, parent: string, from: number): Branch {
  log.writing();
  const reason = refusal(log, stream, parent, from);
  if (reason !== null) throw STORAGE_CODES.error('INPUT_INVALID', `branch: ${reason}`);
  const { before } = log.mark;
  if (from + 1 < before) {
    const message = `event ${from} is not there any more: events before ${before} were pruned`;
    throw STORAGE_CODES.error('STORAGE_PRUNED', message, { details: { seq: from, before } });
  }
  const branch: Branch = { stream, parent, from };
  log.push([{ kind: BRANCH, stream: NO_STREAM, payload: [Buffer.from(JSON.stringify(branch))] }]);
  log.sync();
  return branch;
}

function refusal(log: Log, stream: string, parent: string, from: number): string | null {
  if (stream === parent) return 'it cannot continue itself';
  if (from > log.last) return `event ${from} does not exist yet: the last is ${log.last}`;
  const name = JSON.stringify(stream);
  if (holdsEvents(log, stream)) return `stream ${name} has events already; choose a new name`;
  const { branches } = log.catalog;
  const isTaken = branches.has(stream) || [...branches.values()].some((it) => it.parent === stream);
  return isTaken ? `stream ${name} is part of a branch already; choose a new name` : null;
}

function holdsEvents(log: Log, stream: string): boolean {
  const slabs = new Slabs(new Cursor(log, { from: 1, to: log.last, stream, limit: 1 }), true);
  return slabs.next() > 0 && slabs.entries.length >= ENTRY;
}
