/** `fishplate run`: a plan, or a model. */

import { defineCommand } from 'citty';

import { RUNTIME_CODES } from '../codes.js';
import type { Confirm } from '../commands/confirmation.js';
import type { RuntimeOptions } from '../runtime.js';
import { confirmOnTerminal } from './confirm.js';
import { latestSession } from './sessions-at.js';
import {
  createLogger,
  JSON_OPTION,
  LOG_LEVEL_OPTION,
  SESSION_OPTION,
  WORKSPACE_OPTION,
  workspaceOption,
} from './shared-options.js';

/** Options of the command line that only models have. */
const MODEL_OPTIONS = {
  model: {
    type: 'string',
    valueHint: 'PROVIDER/MODEL',
    description: 'Let a model make the calls, in place of a plan',
  },
  prompt: {
    type: 'string',
    alias: 'p',
    valueHint: 'TEXT',
    description: 'What the model is to do; - reads it from stdin',
  },
  'base-url': {
    type: 'string',
    valueHint: 'URL',
    description: 'A server that speaks the OpenAI protocol, in place of that of the provider',
  },
  'max-tokens': {
    type: 'string',
    valueHint: 'N',
    description: 'Tokens of all questions and answers (default: 1000000)',
  },
  'context-tokens': {
    type: 'string',
    valueHint: 'N',
    description: 'Tokens of one question; longer conversations are compacted (default: 100000)',
  },
  'max-approvals': { type: 'string', valueHint: 'N', description: 'Times that you are asked (default: 20)' },
  'model-timeout': {
    type: 'string',
    valueHint: 'MS',
    description: 'Longest silence of the model (default: 120000)',
  },
} as const;

/** The command. */
export const runCommand = defineCommand({
  meta: { name: 'run', description: 'Run a plan of tool calls on a workspace, or let a model make them' },
  args: {
    plan: { type: 'string', valueHint: 'FILE', description: 'The plan: JSON, or a module (.js, .ts)' },
    ...MODEL_OPTIONS,
    workspace: WORKSPACE_OPTION,
    session: SESSION_OPTION,
    resume: {
      type: 'boolean',
      description: 'Go on in the latest session: steps that it has done are answered from its log',
    },
    'max-steps': {
      type: 'string',
      valueHint: 'N',
      description: 'Refuse plans with more steps; ask a model no oftener (default: 50)',
    },
    yes: { type: 'boolean', alias: 'y', description: 'Confirm everything that asks' },
    verbose: { type: 'boolean', description: 'Print what each call answers' },
    json: JSON_OPTION,
    'log-level': LOG_LEVEL_OPTION,
  },
  async run({ args }) {
    const { plan: planFile, model } = args;
    if ((planFile === undefined) === (model === undefined)) {
      throw RUNTIME_CODES.error('USAGE', 'fishplate run needs --plan FILE, or --model PROVIDER/MODEL');
    }
    const confirm = args.yes ? () => true : args.json ? undefined : confirmOnTerminal;
    if (model !== undefined) {
      const { runModel } = await import('./run-model.js');
      return runModel({ ...args, model }, await runtimeOptions(args, confirm), confirm);
    }
    for (const option of Object.keys(MODEL_OPTIONS) as (keyof typeof MODEL_OPTIONS)[]) {
      if (args[option] !== undefined)
        throw RUNTIME_CODES.error('USAGE', `--${option} goes with --model only`);
    }
    const { runPlanFile } = await import('./run-plan-file.js');
    return runPlanFile(planFile!, args, await runtimeOptions(args, confirm));
  },
});

interface RuntimeArgs {
  readonly workspace?: string | undefined;
  readonly session?: string | undefined;
  readonly resume?: boolean | undefined;
  readonly 'log-level'?: string | undefined;
}

async function runtimeOptions(args: RuntimeArgs, confirm: Confirm | undefined): Promise<RuntimeOptions> {
  const logger = createLogger(args['log-level']);
  const session = args.session ?? (args.resume ? await latestSession(args.workspace) : undefined);
  return {
    ...workspaceOption(args.workspace),
    ...(session === undefined ? {} : { session }),
    ...(logger === undefined ? {} : { logger }),
    ...(confirm === undefined ? {} : { confirm }),
  };
}
