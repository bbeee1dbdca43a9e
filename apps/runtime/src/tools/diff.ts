/** `diff`: what the session changed, as unified diffs. */

import { z } from 'zod';

import { throwIfCancelled } from '../cancellation.js';
import {
  declarationChangeSchema,
  declarationDiff,
  describeDeclaration,
  type ShownDeclaration,
} from '../session/declaration-diff.js';
import { type FileDiff, fileDiff, NOT_COMPARED } from '../session/file-diff.js';
import { type NetChange, Session } from '../session/session.js';
import { isSameState, readNow, referenceTo } from '../session/undo-plan.js';
import { refuse } from './refusal.js';
import { defineTool, READS, type ToolContext } from './tool.js';

/** The tool `diff`. */
export const diff = defineTool({
  name: 'diff',
  title: 'Show changes',
  description:
    'Shows what this session changed, as unified diffs with git headers: from the files as they were before the ' +
    'session (or after step `since`) to the files on disk now. Undone steps do not count.',
  inputSchema: z.strictObject({
    since: z
      .int()
      .nonnegative()
      .optional()
      .describe('Number of a step: show only what came after it. 0: everything'),
    declarations: z
      .boolean()
      .optional()
      .describe('Also tell which functions, classes, types, ... changed, where the language is known'),
  }),
  dataSchema: z.object({
    patch: z.string().describe('All files; applies with git apply'),
    files: z.array(
      z.object({
        path: z.string(),
        status: z.enum(['created', 'deleted', 'modified', 'unchanged', 'unreadable']),
        code: z.string().optional().describe('Why the file on disk is unreadable'),
        added: z.int(),
        removed: z.int(),
        algorithm: z.string(),
        declarations: z.array(declarationChangeSchema).optional(),
        declarationsCode: z.string().optional().describe('Why the declarations could not be told'),
        drifted: z.boolean().describe('True where someone else changed the file after the session did'),
      }),
    ),
    added: z.int(),
    removed: z.int(),
  }),
  annotations: READS,
  execute({ since = 0, declarations = false }, context) {
    const { files, session, lock, signal } = context;
    return lock.run(async () => {
      if (since > session.lastStep) {
        return refuse('STEP_UNKNOWN', `the session has ${session.lastStep} steps, ${since} is none of them`, {
          engines: { files: files.name },
          details: { lastStep: session.lastStep },
        });
      }
      const steps = session.steps.filter(({ number }) => number > since);
      const shown: ShownFile[] = [];
      for (const change of Session.netChanges(steps)) {
        throwIfCancelled(signal);
        shown.push(await compare(change, context, declarations));
      }
      const engine = shown.find((file) => file.engine !== null)?.engine;
      const patch = shown.map((file) => file.patch).join('');
      const unreadable = shown.flatMap(({ path, code }) =>
        code === undefined ? [] : [`${path} can no longer be read as a file: ${code}`],
      );
      const added = shown.reduce((sum, file) => sum + file.added, 0);
      const removed = shown.reduce((sum, file) => sum + file.removed, 0);
      const algorithms = [...new Set(shown.map(({ algorithm }) => algorithm))].filter(
        (name) => name !== 'none',
      );
      return {
        ok: true,
        data: {
          patch,
          files: shown.map(({ patch: _, engine: __, ...file }) => file),
          added,
          removed,
        },
        text: [
          ...unreadable,
          ...shown.flatMap(declarationLines),
          patch === '' && unreadable.length === 0 ? 'no changes' : patch,
        ].join('\n'),
        summary: `${shown.length} ${shown.length === 1 ? 'file' : 'files'}: +${added} -${removed}${algorithms.length === 0 ? '' : ` (${algorithms.join(', ')})`}`,
        engines: { files: files.name, ...(engine == null ? {} : { diff: engine }) },
      };
    }, signal);
  },
});

interface ShownFile extends Omit<FileDiff, 'status'> {
  readonly path: string;
  readonly status: FileDiff['status'] | 'unreadable';
  readonly code?: string;
  readonly drifted: boolean;
  readonly declarations?: ShownDeclaration[];
  readonly declarationsCode?: string;
}

async function compare(
  { path, before, after }: NetChange,
  { files, config, session, asked, signal }: ToolContext,
  withDeclarations: boolean,
): Promise<ShownFile> {
  const now = await readNow(files, path, Math.max(config.limits.maxFileBytes, after?.bytes ?? 0));
  if ('code' in now) return { path, status: 'unreadable', code: now.code, drifted: true, ...NOT_COMPARED };
  const current = now.state;
  const old = before === null ? null : { bytes: session.states.content(before), mode: before.mode };
  const sides = { path, before: old, after: current };
  const compared = await fileDiff(sides, { engine: asked.diff, signal });
  const told = withDeclarations && compared.patch !== '' ? await declarationDiff(sides) : null;
  return {
    path,
    ...compared,
    drifted: !isSameState(referenceTo(current), after),
    ...(told === null ? {} : 'code' in told ? { declarationsCode: told.code } : { declarations: [...told] }),
  };
}

function declarationLines({ path, declarations = [] }: ShownFile): string[] {
  return declarations.map((declaration) => `${path}: ${describeDeclaration(declaration)}`);
}
