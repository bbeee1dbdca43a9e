/** `edit_file`: search and replace in one file, all edits or none. */

import { applyEdits } from '@fishplate/diff';
import { z } from 'zod';

import { throwIfCancelled } from '../cancellation.js';
import { fileDiff } from '../session/file-diff.js';
import { decodeText, encodeText, withLineEnds } from '../workspace/text.js';
import {
  changeOutcomeSchema,
  describeReach,
  describeRejected,
  hintOf,
  reachSchema,
  shownOutcome,
} from './change-outcomes.js';
import { refuse, refuseChanged, refuseMissing, refuseWith } from './refusal.js';
import { CHANGES, defineTool } from './tool.js';

const MAX_EDITS = 1000;

/** The tool `edit_file`. */
export const editFile = defineTool({
  name: 'edit_file',
  title: 'Edit a file',
  description:
    'Replaces text in one file. Each `search` must occur exactly once; give enough surrounding lines. Text that is ' +
    'nowhere as it stands is looked for with other white space or other lines around, and the answer says so. Edits ' +
    'apply in order, all or none. In a CRLF file line ends of both texts are adjusted.',
  inputSchema: z.strictObject({
    path: z.string().describe('Path relative to the workspace'),
    edits: z
      .array(z.strictObject({ search: z.string(), replace: z.string() }))
      .min(1)
      .max(MAX_EDITS),
    reach: reachSchema,
  }),
  dataSchema: z.object({
    path: z.string(),
    edits: z.array(changeOutcomeSchema),
    patch: z.string().describe('Unified diff of what was changed'),
    added: z.int(),
    removed: z.int(),
    algorithm: z.string().describe('Algorithm of the diff shown'),
    step: z.int().describe('Number of this step, for undo and diff'),
  }),
  annotations: CHANGES,
  execute(input, context) {
    const { files, config, lock, session, signal, asked, callId } = context;
    const path = files.resolve(input.path, 'write');
    return lock.run(async () => {
      const before = await files.read(path, config.limits.maxFileBytes);
      if (before === null) return refuseMissing(path, { files: files.name });
      const decoded = decodeText(before.bytes, path);
      const edits = input.edits.map(({ search, replace }) => ({
        search: withLineEnds(search, decoded.lineEnds),
        replace: withLineEnds(replace, decoded.lineEnds),
      }));
      const applied = applyEdits(decoded.text, edits, { engine: asked.diff, reach: input.reach });
      const engines = { files: files.name, diff: applied.engine };
      const outcomes = applied.edits.map(shownOutcome);
      if (!applied.ok || applied.text === null) {
        const rejected = applied.edits.findIndex(({ status }) => status === 'rejected');
        const code = applied.edits[rejected]?.code ?? 'NO_MATCH';
        const lines = applied.edits.flatMap((edit, index) =>
          edit.status === 'rejected' ? [describeRejected(`edit ${index + 1}`, edit)] : [],
        );
        return refuseWith(code, hintOf(code), `${JSON.stringify(path)}, ${lines[0] ?? 'rejected'}`, {
          engines,
          details: { path, edits: outcomes },
          more: lines.slice(1).join('\n'),
        });
      }
      const bytes = encodeText(applied.text, decoded, path, config.limits.maxFileBytes);
      if (bytes.equals(before.bytes)) {
        return refuse('NO_EFFECT', `the edits leave ${JSON.stringify(path)} as it is`, {
          engines,
          details: { path },
        });
      }
      const shown = await fileDiff(
        { path, before, after: { bytes, mode: before.mode } },
        { engine: asked.diff, signal },
      );
      throwIfCancelled(signal);
      const written = await session.commitStep(
        files,
        'edit_file',
        [{ path, before, after: { bytes } }],
        callId,
      );
      if (!written.ok) return refuseChanged(path, engines);
      const { added, removed } = shown;
      return {
        ok: true,
        data: {
          path,
          edits: outcomes,
          patch: shown.patch,
          added,
          removed,
          algorithm: shown.algorithm,
          step: written.step,
        },
        text: applied.edits
          .flatMap((outcome, index) => describeReach(`edit ${index + 1}`, outcome))
          .concat(shown.patch)
          .join('\n'),
        summary: `${path}: +${added} -${removed}`,
        engines,
        step: written.step,
      };
    }, signal);
  },
});
