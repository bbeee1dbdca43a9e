/** `checkpoint` and `restore`: moments of a session, and the way back to them. */

import { z } from 'zod';

import { routeTo } from '../session/undo-plan.js';
import { goRoute, RESTORED_FILES, restoredLines } from './going-back.js';
import { refuse } from './refusal.js';
import { CHANGES, defineTool } from './tool.js';

/** The tool `checkpoint`. */
export const checkpoint = defineTool({
  name: 'checkpoint',
  title: 'Set a checkpoint',
  description:
    'Marks this moment of the session, so that restore can bring files, conversation or both back to it. Copies nothing: ' +
    'what each step changes is kept with the step.',
  inputSchema: z.strictObject({
    label: z.string().max(200).optional().describe('What it is for, for people'),
  }),
  dataSchema: z.object({
    checkpoint: z.string().describe('Pass it to restore'),
    label: z.string(),
    steps: z.int().describe('Steps in force'),
    messages: z.int().describe('Messages recorded so far'),
  }),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  execute({ label = '' }, { session, lock, signal }) {
    return lock.run(async () => {
      const { id, active, messages } = await session.checkpoint(label);
      const data = { checkpoint: id, label, steps: active.length, messages };
      const named = label === '' ? id : `${id} (${label})`;
      return { ok: true, data, text: `checkpoint ${named}`, summary: named, engines: {} };
    }, signal);
  },
});

/** The tool `restore`. */
export const restore = defineTool({
  name: 'restore',
  title: 'Restore a checkpoint',
  description:
    'Brings files, the recorded conversation, or both (unless given) back to a checkpoint of this session: steps made since are ' +
    'taken back, steps undone since are made again. Touches only what this session changed, and refuses where someone ' +
    'changed one of those files since. dryRun shows what would happen.',
  inputSchema: z.strictObject({
    checkpoint: z.string().describe('What checkpoint answered'),
    what: z.enum(['files', 'conversation', 'both']).optional().describe('both unless given'),
    dryRun: z.boolean().optional().describe('Change nothing, only say what would happen'),
  }),
  dataSchema: z.object({
    checkpoint: z.string(),
    what: z.enum(['files', 'conversation', 'both']),
    ...RESTORED_FILES,
    steps: z.int().describe('Steps in force afterwards'),
    messages: z.int().describe('Messages in force afterwards'),
  }),
  annotations: CHANGES,
  execute({ checkpoint: id, what = 'both', dryRun = false }, context) {
    const { files, session, lock, signal } = context;
    const engines = { files: files.name };
    return lock.run(async () => {
      const found = session.state.checkpoints.get(id);
      if (found === undefined) {
        const checkpoints = [...session.state.checkpoints.values()].map(({ id, label }) => ({ id, label }));
        return refuse('CHECKPOINT_UNKNOWN', `the session has no checkpoint ${JSON.stringify(id)}`, {
          engines,
          details: { checkpoints },
        });
      }
      const current = session.steps.map(({ number }) => number);
      const kept = Math.min(found.messages, session.state.messages.length);
      const active = what === 'conversation' ? current : [...found.active];
      const messages = what === 'files' ? session.state.messages.length : kept;
      const route =
        what === 'conversation' ? { changes: [], directories: [] } : routeTo(session.state, found);
      const done = await goRoute(context, route, dryRun, { why: 'restore', active, messages });
      if (!done.ok) return done.refusal;
      const { ok: _, ...restored } = done;
      const data = { checkpoint: id, what, ...restored, dryRun, steps: active.length, messages };
      const changed = `${data.files.length} ${data.files.length === 1 ? 'file' : 'files'}`;
      const summary = `${dryRun ? 'dry run: ' : ''}${id}, ${what}: ${changed}, ${messages} messages`;
      return {
        ok: true,
        data,
        text: [`${dryRun ? 'would restore' : 'restored'} ${summary}`, ...restoredLines(data)].join('\n'),
        summary,
        engines,
      };
    }, signal);
  },
});
