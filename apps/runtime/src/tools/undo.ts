/** `undo`: takes back the session's latest steps, byte for byte. */

import { z } from 'zod';

import { throwIfCancelled } from '../cancellation.js';
import { fileDiff } from '../session/file-diff.js';
import type { Session } from '../session/session.js';
import { planUndo, type UndoConflict, type UndoPlan } from '../session/undo-plan.js';
import { refuse, refuseChanged } from './refusal.js';
import { CHANGES, defineTool, type ToolContext, type ToolRefusal } from './tool.js';

/** Longest diff of a conflict that an answer carries, in characters. */
const MAX_CONFLICT_DIFF = 16_384;

/** The tool `undo`. */
export const undo = defineTool({
  name: 'undo',
  title: 'Undo changes',
  description:
    'Takes back the latest steps of this session: contents, modes, deleted and created files, created directories. ' +
    'Touches only files that those steps changed, and refuses where someone changed one of them since. ' +
    'dryRun shows what would happen.',
  inputSchema: z.strictObject({
    steps: z.int().positive().optional().describe('How many steps; 1 unless given, all at most'),
    dryRun: z.boolean().optional().describe('Change nothing, only say what would happen'),
  }),
  dataSchema: z.object({
    undone: z.array(z.int()).describe('Numbers of the steps taken back, latest first'),
    files: z.array(z.object({ path: z.string(), action: z.enum(['restore', 'delete', 'recreate']) })),
    dryRun: z.boolean(),
    remaining: z.int().describe('Steps that can still be undone'),
  }),
  annotations: CHANGES,
  execute(input, context) {
    const { files, config, session, lock, signal } = context;
    const engines = { files: files.name };
    return lock.run(async () => {
      if (session.steps.length === 0)
        return refuse('NOTHING_TO_UNDO', 'this session has no change to undo', { engines });
      const plan = await planUndo(session, files, input.steps ?? 1, config.limits.maxFileBytes);
      if (plan.conflicts.length > 0) return refuseConflicts(plan.conflicts, context);
      throwIfCancelled(signal);
      const dryRun = input.dryRun ?? false;
      const before = session.steps.length;
      if (!dryRun) {
        const written = await files.commit(plan.changes);
        if (!written.ok) return refuseChanged(written.changedMeanwhile, engines);
        await files.removeEmptyDirectories(plan.directories);
        session.dropSteps(plan.steps.length);
      }
      const data = {
        undone: plan.steps.map(({ number }) => number).reverse(),
        files: plan.changes.map(describeChange),
        dryRun,
        remaining: before - plan.steps.length,
      };
      const count = `${plan.steps.length} ${plan.steps.length === 1 ? 'step' : 'steps'}`;
      return {
        ok: true,
        data,
        text: [
          `${dryRun ? 'would undo' : 'undid'} ${count}`,
          ...data.files.map(({ path, action }) => `${action} ${path}`),
        ].join('\n'),
        summary: `${dryRun ? 'dry run: ' : ''}${count}, ${plan.changes.length} ${plan.changes.length === 1 ? 'file' : 'files'}`,
        engines,
      };
    }, signal);
  },
});

function describeChange({ path, before, after }: UndoPlan['changes'][number]): {
  path: string;
  action: 'restore' | 'delete' | 'recreate';
} {
  return { path, action: after === null ? 'delete' : before === null ? 'recreate' : 'restore' };
}

async function refuseConflicts(
  conflicts: readonly UndoConflict[],
  { session, files, asked, signal }: ToolContext,
): Promise<ToolRefusal> {
  const shown = await Promise.all(
    conflicts.map(async ({ current, ...conflict }) => ({
      ...conflict,
      changedSince: await diffSince(session, { current, ...conflict }, { engine: asked.diff, signal }),
    })),
  );
  const paths = conflicts.map(({ path }) => JSON.stringify(path)).join(', ');
  return refuse('UNDO_CONFLICT', `changed since by someone else: ${paths}`, {
    engines: { files: files.name },
    details: { conflicts: shown },
    more: shown.map(({ changedSince }) => changedSince).join('\n'),
  });
}

/** What someone else did: from what the session left to what is there now. */
async function diffSince(
  session: Session,
  { path, sessionLeft, onDisk, current }: UndoConflict,
  options: { engine: ToolContext['asked']['diff']; signal: AbortSignal | undefined },
): Promise<string> {
  if (onDisk !== null && 'code' in onDisk) return `${path} can no longer be read as a file: ${onDisk.code}`;
  const before =
    sessionLeft === null ? null : { bytes: session.states.content(sessionLeft), mode: sessionLeft.mode };
  const { patch } = await fileDiff({ path, before, after: current }, options);
  // Git's headers know only whether a file may be executed.
  if (patch === '') return `${path} has another mode: ${octal(before?.mode)} became ${octal(current?.mode)}`;
  return patch.length <= MAX_CONFLICT_DIFF ? patch : `${patch.slice(0, MAX_CONFLICT_DIFF)}\n[cut]`;
}

function octal(mode: number | undefined): string {
  return (mode ?? 0).toString(8).padStart(4, '0');
}
