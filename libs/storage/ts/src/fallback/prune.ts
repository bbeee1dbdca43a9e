/** Forgetting old events: hidden at once, freed by whole segments. */

import type { PruneReport } from '../types';
import { moveCheckpoints } from './checkpoints';
import { encodeMark } from './format';
import type { Log } from './log';
import { removeQuietly, syncDirectory, writeDurably } from './system';

/** Hides events with a lower number from every reader, and removes the segments that hold nothing else. */
export function prune(log: Log, wanted: number): PruneReport {
  log.writing();
  const before = Math.min(wanted, log.last + 1);
  if (before <= log.mark.before) return { before: log.mark.before, segments: 0, bytes: 0 };
  if (before === log.last + 1 && log.writing().seal.events > 0) log.roll();
  const next = log.segments.findIndex(({ header }, index) => index > 0 && header.first > before);
  const freed = (next === -1 ? log.segments.length : next) - 1;
  const segment = log.segments[freed]!.header.number;
  moveCheckpoints(log, segment);
  log.sync();
  const mark = { before, segment };
  try {
    writeDurably(log.paths.mark, [encodeMark(log.id, mark)]);
  } catch (error) {
    throw log.poison('write', log.paths.mark, error);
  }
  log.mark = mark;
  // Moving checkpoints may have begun a segment, but never ended one of those that are freed.
  const removed = log.segments.splice(0, freed);
  // They are hidden already; where one cannot be removed, the next opener tries again.
  for (const { header } of removed) removeQuietly(log.paths.segment(header.number));
  try {
    if (removed.length > 0) syncDirectory(log.paths.log);
  } catch (error) {
    throw log.poison('sync', log.paths.log, error);
  }
  return { before, segments: removed.length, bytes: removed.reduce((sum, { end }) => sum + end, 0) };
}
