/** `undo`: takes back the session's latest steps, byte for byte. */

import { z } from 'zod';

import { routeBack } from '../session/undo-plan.js';
import { goRoute, RESTORED_FILES, restoredLines } from './going-back.js';
import { refuse } from './refusal.js';
import { CHANGES, defineTool } from './tool.js';

/** The tool `undo`. */
export const undo = defineTool({
  name: 'undo',
  title: 'Undo changes',
  description:
    'Takes back the latest steps of this session, those of commands too: contents, modes, links, deleted and created files, ' +
    'created directories. Touches only what those steps changed, and refuses where someone changed one of them since. ' +
    'dryRun shows what would happen.',
  inputSchema: z.strictObject({
    steps: z.int().positive().optional().describe('How many steps; 1 unless given, all at most'),
    dryRun: z.boolean().optional().describe('Change nothing, only say what would happen'),
  }),
  dataSchema: z.object({
    undone: z.array(z.int()).describe('Numbers of the steps taken back, latest first'),
    ...RESTORED_FILES,
    remaining: z.int().describe('Steps that can still be undone'),
  }),
  annotations: CHANGES,
  execute({ steps: count = 1, dryRun = false }, context) {
    const { files, session, lock, signal } = context;
    const engines = { files: files.name };
    return lock.run(async () => {
      if (session.steps.length === 0)
        return refuse('NOTHING_TO_UNDO', 'this session has no change to undo', { engines });
      const steps = session.steps.slice(-count);
      const left = session.steps.slice(0, -steps.length).map(({ number }) => number);
      const done = await goRoute(context, routeBack(steps), dryRun, { why: 'undo', active: left });
      if (!done.ok) return done.refusal;
      const undone = steps.map(({ number }) => number).reverse();
      const { ok: _, ...restored } = done;
      const data = { undone, ...restored, dryRun, remaining: left.length };
      const shown = `${steps.length} ${steps.length === 1 ? 'step' : 'steps'}`;
      const changed = `${data.files.length} ${data.files.length === 1 ? 'file' : 'files'}`;
      return {
        ok: true,
        data,
        text: [`${dryRun ? 'would undo' : 'undid'} ${shown}`, ...restoredLines(data)].join('\n'),
        summary: `${dryRun ? 'dry run: ' : ''}${shown}, ${changed}`,
        engines,
      };
    }, signal);
  },
});
