/** `diff`: what the session changed, as unified diffs. */

import { z } from 'zod';

import { throwIfCancelled } from '../cancellation.js';
import {
  declarationChangeSchema,
  declarationDiff,
  describeDeclaration,
  type ShownDeclaration,
} from '../session/declaration-diff.js';
import { type Entry, entryOf, isSameEntry, observe } from '../session/entry.js';
import { type FileDiff, type FileMoment, fileDiff, momentOf, NOT_COMPARED } from '../session/file-diff.js';
import { type NetChange, netChanges } from '../session/session-state.js';
import { readNow } from '../session/undo-plan.js';
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
      for (const change of netChanges(steps)) {
        throwIfCancelled(signal);
        if (isDirectoryAlone(change)) continue;
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
  const limit = Math.max(config.limits.maxFileBytes, after?.kind === 'file' ? after.bytes : 0);
  const now = await currentMoment(files, path, limit, [before, after]);
  if ('code' in now) return { path, status: 'unreadable', code: now.code, drifted: true, ...NOT_COMPARED };
  const old = momentOf(before, session.contents, now.moment?.bytes);
  if (old === undefined) {
    return {
      path,
      status: 'unreadable',
      code: 'PREIMAGE_LOST',
      drifted: !isSameEntry(now.entry, after),
      ...NOT_COMPARED,
    };
  }
  const sides = { path, before: old, after: now.moment };
  const compared = await fileDiff(sides, { engine: asked.diff, signal });
  const told = withDeclarations && compared.patch !== '' ? await declarationDiff(sides) : null;
  return {
    path,
    ...compared,
    drifted: !isSameEntry(now.entry, after),
    ...(told === null ? {} : 'code' in told ? { declarationsCode: told.code } : { declarations: [...told] }),
  };
}

/** What stands at a path now; a link only where the session had to do with one. */
async function currentMoment(
  files: ToolContext['files'],
  path: string,
  limit: number,
  ends: readonly Entry[],
): Promise<{ entry: Entry; moment: FileMoment | null } | { code: string }> {
  const seen = await observe(files, path, limit, []);
  if ('code' in seen) return seen;
  if (seen.entry?.kind === 'link' && ends.some((end) => end?.kind === 'link')) {
    return { entry: seen.entry, moment: { bytes: Buffer.from(seen.entry.target), mode: 0o120000 } };
  }
  const now = await readNow(files, path, limit);
  return 'code' in now ? now : { entry: entryOf(now.state), moment: now.state };
}

function isDirectoryAlone({ before, after }: NetChange): boolean {
  const kinds = [before, after].map((entry) => entry?.kind);
  return kinds.includes('directory') && kinds.every((kind) => kind === undefined || kind === 'directory');
}

function declarationLines({ path, declarations = [] }: ShownFile): string[] {
  return declarations.map((declaration) => `${path}: ${describeDeclaration(declaration)}`);
}
