/** `fishplate undo` and `fishplate restore`: going back in a session that no process has open. */

import { defineCommand } from 'citty';

import { RUNTIME_CODES } from '../codes.js';
import { type CallResult, createRuntime } from '../runtime.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { existingSession } from './sessions-at.js';
import {
  JSON_OPTION,
  printJson,
  SESSION_OPTION,
  WORKSPACE_OPTION,
  workspaceOption,
} from './shared-options.js';
import { createStyle, paintDiff, visible } from './terminal.js';

const SHARED = {
  workspace: WORKSPACE_OPTION,
  session: { ...SESSION_OPTION, description: 'The session (default: the latest)' },
  'dry-run': { type: 'boolean', description: 'Change nothing, only say what would happen' },
  json: JSON_OPTION,
} as const;

/** The command `undo`. */
export const undoCommand = defineCommand({
  meta: { name: 'undo', description: 'Take back the latest steps of a session, those of commands too' },
  args: { ...SHARED, steps: { type: 'string', valueHint: 'N', description: 'How many steps (default: 1)' } },
  run({ args }) {
    const steps = parseSteps(args.steps);
    return callOnce(args, 'undo', { steps, dryRun: args['dry-run'] === true });
  },
});

/** The command `restore`. */
export const restoreCommand = defineCommand({
  meta: {
    name: 'restore',
    description: 'Bring files, conversation or both back to a checkpoint of a session',
  },
  args: {
    ...SHARED,
    checkpoint: { type: 'string', alias: 'c', valueHint: 'ID', description: 'The checkpoint, such as cp-1' },
    what: { type: 'string', valueHint: 'WHAT', description: 'files, conversation or both (default)' },
  },
  run({ args }) {
    const { checkpoint, what = 'both' } = args;
    if (checkpoint === undefined)
      throw RUNTIME_CODES.error('USAGE', 'fishplate restore needs --checkpoint ID');
    return callOnce(args, 'restore', { checkpoint, what, dryRun: args['dry-run'] === true });
  },
});

interface SharedArgs {
  readonly workspace?: string | undefined;
  readonly session?: string | undefined;
  readonly json?: boolean | undefined;
}

async function callOnce(args: SharedArgs, tool: string, input: object): Promise<ExitCode> {
  const session = await existingSession(args.workspace, args.session);
  const runtime = createRuntime({ ...workspaceOption(args.workspace), session });
  try {
    const result: CallResult = await runtime.call(tool, input);
    if (args.json) printJson(result);
    else {
      const style = createStyle(process.stdout);
      process.stdout.write(`${paintDiff(visible(result.text), style)}\n`);
    }
    return result.ok ? EXIT.ok : EXIT.failed;
  } finally {
    await runtime.close();
  }
}

function parseSteps(word: string | undefined): number {
  if (word === undefined) return 1;
  if (/^[1-9]\d{0,5}$/.test(word)) return Number(word);
  throw RUNTIME_CODES.error('USAGE', `--steps takes a whole number from 1 on, not ${JSON.stringify(word)}`);
}
