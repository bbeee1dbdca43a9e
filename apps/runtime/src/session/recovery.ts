/** What becomes of a session whose process ended in the middle of something. */

import { lstat, readdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { FileAccess } from '../workspace/file-access.js';
import { isSameEntry, observe } from './entry.js';
import type { RecordedChange } from './events.js';
import type { Journal } from './journal.js';
import type { Session } from './session.js';
import type { Intent, Way } from './session-state.js';
import type { Tracker } from './tracker.js';
import { planRoute, routeTo } from './undo-plan.js';

/** Completes the log of a session that goes on: half-done changes become steps that undo takes back, and calls without an end are told. */
export async function recover(
  session: Session,
  files: FileAccess,
  tracker: Tracker,
  journal: Journal,
): Promise<void> {
  const { state } = session;
  if (state.going !== null) await completeWay(session, files, state.going);
  for (const intent of [...state.intents.values()]) await settleIntent(session, files, intent);
  for (const { watch, tool, tree, at, stepsBefore } of [...state.watches.values()]) {
    const saved = journal.loadTree(tree);
    if (saved !== null) {
      const known = [...state.steps.values()].filter(({ number }) => number > stepsBefore);
      const { changes } = await tracker.since(
        saved,
        Date.parse(at),
        known.flatMap((step) => step.changes),
      );
      await session.noteCommandStep(tool, changes, true);
    }
    await session.note({ type: 'watched', watch });
  }
  for (const { sequence, status } of state.timeline.entries()) {
    if (status === 'running') await session.note({ type: 'interrupted', call: sequence });
  }
}

/** Goes on where files were going back; where somebody has changed one of them since, all stays as it is. */
async function completeWay(session: Session, files: FileAccess, end: Way): Promise<void> {
  const route = routeTo(session.state, end);
  await removeTemporaries(files.root, route.changes, end.at);
  const plan = await planRoute(files, route, 0, true);
  if (plan.conflicts.length > 0) await session.note({ type: 'stayed' });
  // What it throws was noted; undo and restore tell it when they are called.
  else await session.goBack(files, plan, end).catch(() => undefined);
}

/** Each file is what it was or what it was to become: files are replaced by rename. */
async function settleIntent(session: Session, files: FileAccess, intent: Intent): Promise<void> {
  const { step: number, callId, tool, at, changes, createdDirectories } = intent;
  const done: RecordedChange[] = [];
  for (const change of changes) {
    const { path, before, after } = change;
    const now = await observe(files, path, Number.MAX_SAFE_INTEGER);
    if ('code' in now) done.push(change);
    else if (isSameEntry(now.entry, before)) continue;
    else if (now.entry?.kind === 'file' && after?.kind === 'file' && now.entry.hash === after.hash) {
      done.push({ path, before, after: now.entry });
    } else done.push(change);
  }
  await removeTemporaries(files.root, changes, at);
  if (done.length === 0) {
    await files.removeEmptyDirectories(createdDirectories);
    await session.note({ type: 'abandoned', step: number });
    return;
  }
  const made = callId === undefined ? {} : { callId };
  await session.note({
    type: 'step',
    number,
    ...made,
    tool,
    changes: done,
    createdDirectories,
    interrupted: true,
  });
}

/** What the process had written beside its targets. */
async function removeTemporaries(
  root: string,
  changes: readonly RecordedChange[],
  at: string,
): Promise<void> {
  const since = Date.parse(at) - 1000;
  for (const directory of new Set(changes.map(({ path }) => dirname(path)))) {
    const names = await readdir(join(root, directory)).catch(() => []);
    for (const name of names) {
      if (!/^\.fishplate-[\da-f]{16,32}\.tmp$/.test(name)) continue;
      const absolute = join(root, directory, name);
      const stats = await lstat(absolute).catch(() => null);
      const isOurs = stats !== null && (stats.isFile() || stats.isSymbolicLink()) && stats.mtimeMs >= since;
      if (isOurs) await unlink(absolute).catch(() => undefined);
    }
  }
}
