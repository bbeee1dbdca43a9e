/** Reads everything and tells what is damaged. */

import * as fs from 'node:fs';

import type { StoreProblem, VerifyReport } from '../types';
import { loadState } from './checkpoints';
import { isCorruption, refresh } from './follow';
import type { Log } from './log';
import { EVENT } from './record';
import { after, Scanner, startOf } from './scan';
import { readHeader, type Segment } from './segments';
import { corrupt, isMissing, withFile } from './system';

/** Reads every record and loads every checkpoint, a segment or checkpoint a turn. */
export async function verify(log: Log): Promise<VerifyReport> {
  refresh(log);
  const segments = log.segments.map((segment) => ({ ...segment }));
  const catalog = log.catalog.clone();
  const problems: StoreProblem[] = [];
  let [read, records, events, checkpoints] = [0, 0, 0, 0];
  let expected: number | null = null;
  for (const segment of segments) {
    const { number, previous } = segment.header;
    if (expected !== null && previous !== expected) {
      problems.push({
        segment: number,
        offset: 56,
        reason: 'the segment does not continue the one before it',
      });
    }
    expected = null;
    try {
      const counted = readAll(log, segment);
      // Null: a prune removed it meanwhile.
      if (counted !== null) {
        read++;
        records += counted.records;
        events += counted.events;
        expected = counted.previous;
      } else if (number >= log.mark.segment) {
        problems.push({ segment: number, offset: 0, reason: 'the segment is missing' });
      }
    } catch (error) {
      problems.push(problemOf(error));
    }
    await turn();
    log.assertOpen();
  }
  for (const checkpoint of catalog.listed()) {
    checkpoints++;
    try {
      loadState(log, catalog, checkpoint);
    } catch (error) {
      // Moved or deleted meanwhile, unless it is still in the catalog at the same place.
      const now = log.catalog.checkpoints.get(checkpoint.id);
      const isSame = now?.segment === checkpoint.segment && now?.offset === checkpoint.offset;
      if (isSame) problems.push(problemOf(error));
      else if (!isCorruption(error) && !isMissing(error)) throw error;
    }
    await turn();
    log.assertOpen();
  }
  return { segments: read, records, events, checkpoints, problems };
}

export function problemOf(error: unknown): StoreProblem {
  if (!isCorruption(error)) throw error;
  const { segment, offset, reason } = (error as { details: StoreProblem }).details;
  return { segment, offset, reason };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Reads the records of a segment up to its end; null where it is not there. */
function readAll(log: Log, segment: Segment): { records: number; events: number; previous: number } | null {
  const { number } = segment.header;
  const path = log.paths.segment(number);
  return withFile(path, 'r', (fd) => {
    const header = readHeader(fd, number, path, false);
    if (header.checksum !== segment.header.checksum) throw corrupt(number, 0, 'the segment header changed');
    const scanner = new Scanner(fd, log.id, number, Math.min(segment.end, fs.fstatSync(fd).size));
    let [records, events] = [0, 0];
    let position = startOf(header);
    while (position.offset < segment.end) {
      const found = scanner.next(position);
      if (found.type === 'end') throw corrupt(number, position.offset, 'the log ends before it should');
      if (found.type === 'bad') throw corrupt(number, position.offset, found.reason);
      records++;
      if (found.header.kind === EVENT) events++;
      position = after(position, found.header);
    }
    return { records, events, previous: position.previous };
  });
}
