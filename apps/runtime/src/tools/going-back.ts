/** What `undo` and `restore` have in common: carrying out a plan, or showing why not. */

import { z } from 'zod';

import { throwIfCancelled } from '../cancellation.js';
import type { Entry } from '../session/entry.js';
import type { WayEnd } from '../session/events.js';
import { fileDiff, momentOf } from '../session/file-diff.js';
import { planRoute, type Restoration, type Route, type UndoConflict } from '../session/undo-plan.js';
import { refuse, refuseChanged } from './refusal.js';
import type { ToolContext, ToolRefusal } from './tool.js';

/** Longest diff of a conflict that an answer carries, in characters. */
const MAX_CONFLICT_DIFF = 16_384;

/** Schema of what happened to the files. */
export const RESTORED_FILES = {
  files: z.array(z.object({ path: z.string(), action: z.enum(['restore', 'delete', 'recreate']) })),
  notCovered: z.array(z.string()).describe('Paths whose content before was not kept: they stay as they are'),
  dryRun: z.boolean(),
};

/** Files of an answer, as {@link RESTORED_FILES} has them. */
export type RestoredFiles = { path: string; action: 'restore' | 'delete' | 'recreate' }[];

/** How a route ended. */
export type WayBack =
  | { readonly ok: true; readonly files: RestoredFiles; readonly notCovered: string[] }
  | { readonly ok: false; readonly refusal: ToolRefusal };

/** Goes a route, or says what stands in the way; under the write lock. `end` is what the log then has. */
export async function goRoute(
  context: ToolContext,
  route: Route,
  dryRun: boolean,
  end: WayEnd,
): Promise<WayBack> {
  const { files, config, session, signal } = context;
  const engines = { files: files.name };
  const plan = await planRoute(files, route, config.limits.maxFileBytes);
  if (plan.conflicts.length > 0)
    return { ok: false, refusal: await refuseConflicts(plan.conflicts, context) };
  throwIfCancelled(signal);
  if (!dryRun) {
    const done = await session.goBack(files, plan, end);
    if (!done.ok) return { ok: false, refusal: refuseChanged(done.changedMeanwhile, engines) };
  }
  return { ok: true, files: plan.restorations.map(describe), notCovered: [...plan.notCovered] };
}

/** Lines for a model. */
export function restoredLines({
  files,
  notCovered,
}: {
  files: RestoredFiles;
  notCovered: string[];
}): string[] {
  return [
    ...files.map(({ path, action }) => `${action} ${path}`),
    ...notCovered.map((path) => `not covered, left as it is: ${path}`),
  ];
}

function describe({ path, now, target }: Restoration): RestoredFiles[number] {
  return { path, action: target === null ? 'delete' : now.entry === null ? 'recreate' : 'restore' };
}

async function refuseConflicts(
  conflicts: readonly UndoConflict[],
  context: ToolContext,
): Promise<ToolRefusal> {
  const shown = await Promise.all(
    conflicts.map(async ({ current, ...conflict }) => ({
      ...conflict,
      changedSince: await diffSince({ current, ...conflict }, context),
      wouldChange: await diffToRestored({ current, ...conflict }, context),
    })),
  );
  const paths = conflicts.map(({ path }) => JSON.stringify(path)).join(', ');
  return refuse('UNDO_CONFLICT', `changed since by someone else: ${paths}`, {
    engines: { files: context.files.name },
    details: { conflicts: shown },
    more: shown.map(({ changedSince }) => changedSince).join('\n'),
  });
}

/** What someone else did: from what the session left to what is there now. */
async function diffSince(conflict: UndoConflict, context: ToolContext): Promise<string> {
  const { path, sessionLeft, onDisk, current } = conflict;
  if (onDisk !== null && 'code' in onDisk) return `${path} can no longer be read as a file: ${onDisk.code}`;
  const shown = await shownDiff(path, sessionLeft, onDisk, current?.bytes, context);
  return shown === '' ? `${path} is another: ${inWords(sessionLeft)} became ${inWords(onDisk)}` : shown;
}

/** What going back would make of what is there now. */
async function diffToRestored(conflict: UndoConflict, context: ToolContext): Promise<string> {
  const { path, wouldRestore, onDisk, current } = conflict;
  if (onDisk !== null && 'code' in onDisk) return '';
  return shownDiff(path, onDisk, wouldRestore, current?.bytes, context);
}

async function shownDiff(
  path: string,
  from: Entry,
  to: Entry,
  current: Buffer | undefined,
  { session, asked, signal }: ToolContext,
): Promise<string> {
  const [before, after] = [from, to].map((entry) => momentOf(entry, session.contents, current));
  if (before === undefined || after === undefined) return '';
  const { patch } = await fileDiff({ path, before, after }, { engine: asked.diff, signal });
  return patch.length <= MAX_CONFLICT_DIFF ? patch : `${patch.slice(0, MAX_CONFLICT_DIFF)}\n[cut]`;
}

function inWords(entry: Entry): string {
  if (entry === null) return 'nothing';
  if (entry.kind === 'link') return `a link to ${JSON.stringify(entry.target)}`;
  return `a ${entry.kind} of mode ${entry.mode.toString(8).padStart(4, '0')}`;
}
