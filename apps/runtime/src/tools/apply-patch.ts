/** `apply_patch`: a unified diff over any number of files, all of it or nothing. */

import { z } from 'zod';

import { throwIfCancelled } from '../cancellation.js';
import { RUNTIME_OUTCOMES } from '../codes.js';
import {
  changeOutcomeSchema,
  describeRejected,
  hintOf,
  reachSchema,
  type ShownOutcome,
  shownOutcome,
} from './change-outcomes.js';
import { type PatchPlan, planPatch, type PlannedFile, type PlanProblem } from './patch-plan.js';
import { refuse, refuseChanged, refuseWith } from './refusal.js';
import { CHANGES, defineTool, type EnginesUsed, type ToolRefusal } from './tool.js';

/** The tool `apply_patch`. */
export const applyPatch = defineTool({
  name: 'apply_patch',
  title: 'Apply a patch',
  description:
    'Applies a patch to any number of files: all of it, or nothing. Takes a unified diff (`--- a/path`, `+++ b/path`, ' +
    '`@@` hunks; /dev/null creates or deletes; git headers rename and change modes), a `*** Begin Patch` envelope, or ' +
    '`<<<<<<< SEARCH` blocks behind a path. Changes may have drifted: each says how far it had to reach for its ' +
    'place; where several places fit, it is refused.',
  inputSchema: z.strictObject({
    patch: z.string().min(1).describe('The patch'),
    reach: reachSchema,
  }),
  dataSchema: z.object({
    files: z.array(
      z.object({
        path: z.string(),
        action: z.enum(['create', 'delete', 'modify', 'rename', 'copy']),
        from: z.string().optional(),
        added: z.int(),
        removed: z.int(),
        hunks: z.array(changeOutcomeSchema),
      }),
    ),
    format: z.string().describe('Format of the patch: unified, envelope, search-replace'),
    added: z.int(),
    removed: z.int(),
    step: z.int().describe('Number of this step, for undo and diff'),
  }),
  annotations: CHANGES,
  execute({ patch, reach }, { files, config, lock, session, signal, asked, callId }) {
    return lock.run(async () => {
      const plan = await planPatch(patch, files, {
        engine: asked.diff,
        reach,
        maxFileBytes: config.limits.maxFileBytes,
        signal,
      });
      const engines = { files: files.name, ...(plan.engine === null ? {} : { diff: plan.engine }) };
      if (plan.problems.length > 0) return refusePlan(plan, engines);
      if (plan.changes.length === 0)
        return refuse('NO_EFFECT', 'the patch leaves every file as it is', { engines });
      throwIfCancelled(signal);
      const written = await session.commitStep(files, 'apply_patch', plan.changes, callId);
      if (!written.ok) return refuseChanged(written.changedMeanwhile, engines);
      const shown = plan.files.map((file) => ({ ...file, hunks: file.hunks.map(shownOutcome) }));
      const added = shown.reduce((sum, file) => sum + file.added, 0);
      const removed = shown.reduce((sum, file) => sum + file.removed, 0);
      return {
        ok: true,
        data: { files: shown, format: plan.format, added, removed, step: written.step },
        text: shown.map(describeFile).join('\n'),
        summary: `${shown.length === 1 ? shown[0]!.path : `${shown.length} files`}: +${added} -${removed}`,
        engines,
        step: written.step,
      };
    }, signal);
  },
});

function refusePlan(plan: PatchPlan, engines: EnginesUsed): ToolRefusal {
  const first = plan.problems[0]!;
  const lines = plan.problems.flatMap((problem) => describeProblem(problem, plan.files));
  const details = {
    problems: plan.problems,
    files: plan.files.map(({ path, hunks }) => ({ path, hunks: hunks.map(shownOutcome) })),
  };
  const more = lines.slice(1).join('\n');
  if (first.code !== 'REJECTED') {
    const hint = first.code === 'FILE_NOT_FOUND' ? RUNTIME_OUTCOMES[first.code].hint : hintOf(first.code);
    return refuseWith(first.code, hint, lines[0]!, { engines, details, more });
  }
  const rejected = plan.files
    .find(({ path }) => path === first.path)
    ?.hunks.find(({ status }) => status === 'rejected');
  const code = rejected?.code ?? 'NO_MATCH';
  return refuseWith(code, hintOf(code), lines[0]!, { engines, details, more });
}

function describeProblem({ path, code, message }: PlanProblem, files: readonly PlannedFile[]): string[] {
  if (code !== 'REJECTED') return [message];
  const hunks = files.find((file) => file.path === path)?.hunks ?? [];
  return hunks.flatMap((hunk, index) =>
    hunk.status === 'rejected'
      ? [`${JSON.stringify(path)}, ${describeRejected(`hunk ${index + 1}`, hunk)}`]
      : [],
  );
}

function describeFile(file: {
  path: string;
  action: string;
  from?: string;
  added: number;
  removed: number;
  hunks: readonly ShownOutcome[];
}): string {
  const moved = file.hunks.filter(({ strategy }) => strategy !== undefined && strategy !== 'exact');
  const notes = moved
    .map(({ strategy, line, offset }) => ` [${strategy}${offset ? ` by ${offset}` : ''} to line ${line}]`)
    .join('');
  const origin = file.from === undefined ? '' : ` from ${file.from}`;
  return `${file.action} ${file.path}${origin} (+${file.added} -${file.removed})${notes}`;
}
