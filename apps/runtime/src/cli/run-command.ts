/** `fishplate run --plan FILE`. */

import { defineCommand } from 'citty';

import { type PlanStep, readPlan } from '../plan/plan.js';
import { runPlan } from '../plan/run-plan.js';
import { createRuntime } from '../runtime.js';
import { RUNTIME_CODES } from '../codes.js';
import { confirmOnTerminal } from './confirm.js';
import { EXIT } from './exit-codes.js';
import {
  createLogger,
  JSON_OPTION,
  LOG_LEVEL_OPTION,
  latestSession,
  printJson,
  SESSION_OPTION,
  WORKSPACE_OPTION,
  workspaceOption,
} from './shared-options.js';
import { stepLine } from './show-steps.js';
import { createStyle, formatDuration, visible, visibleLine } from './terminal.js';

/** The command. */
export const runCommand = defineCommand({
  meta: { name: 'run', description: 'Run a plan of tool calls on a workspace, and check what each comes to' },
  args: {
    plan: { type: 'string', valueHint: 'FILE', description: 'The plan, a JSON file' },
    workspace: WORKSPACE_OPTION,
    session: SESSION_OPTION,
    resume: {
      type: 'boolean',
      description: 'Go on in the latest session: steps that it has done are answered from its log',
    },
    'max-steps': { type: 'string', valueHint: 'N', description: 'Refuse plans with more steps' },
    yes: { type: 'boolean', alias: 'y', description: 'Confirm every step that asks' },
    verbose: { type: 'boolean', description: 'Print what each call answers' },
    json: JSON_OPTION,
    'log-level': LOG_LEVEL_OPTION,
  },
  async run({ args }) {
    if (args.plan === undefined) throw RUNTIME_CODES.error('USAGE', 'fishplate run needs --plan FILE');
    const maxSteps = parseMaxSteps(args['max-steps']);
    const plan = await readPlan(args.plan);
    if (plan.steps.length > maxSteps) {
      throw RUNTIME_CODES.error(
        'PLAN_INVALID',
        `${args.plan} has ${plan.steps.length} steps, --max-steps is ${maxSteps}`,
      );
    }
    const logger = await createLogger(args['log-level']);
    const session = args.session ?? (args.resume ? await latestSession(args.workspace) : undefined);
    const runtime = createRuntime({
      ...workspaceOption(args.workspace),
      ...(session === undefined ? {} : { session }),
      ...(logger === undefined ? {} : { logger }),
      ...(args.yes ? { confirm: () => true } : args.json ? {} : { confirm: confirmOnTerminal }),
    });
    const style = createStyle(process.stdout);
    const print = (text: string): void => void (args.json ? undefined : process.stdout.write(`${text}\n`));
    const cancelled = new AbortController();
    const onInterrupt = (): void => cancelled.abort(new Error('interrupted'));
    process.once('SIGINT', onInterrupt);
    process.once('SIGTERM', onInterrupt);
    try {
      const started = performance.now();
      const report = await runPlan(plan, runtime, {
        signal: cancelled.signal,
        confirm: args.yes ? () => Promise.resolve(true) : args.json ? undefined : askOnTerminal,
        onStep(step) {
          print(stepLine(step, style));
          if (args.verbose && step.text !== '') print(`${visible(step.text).replace(/^/gm, '      ')}\n`);
        },
      });
      const rest = report.notRun === 0 ? '' : `, ${report.notRun} not run`;
      print(
        `\n  ${report.ok ? style.green('as planned') : style.red('not as planned')}: ${report.steps.length} steps in ${formatDuration(performance.now() - started)}${rest}`,
      );
      if (args.json) printJson({ session: runtime.main.id, ...report });
      print(`  session ${visibleLine(runtime.main.id)}`);
      return report.ok ? EXIT.ok : EXIT.failed;
    } finally {
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onInterrupt);
      await runtime.close();
    }
  },
});

function parseMaxSteps(word: string | undefined): number {
  if (word === undefined) return Infinity;
  if (/^[1-9]\d{0,5}$/.test(word)) return Number(word);
  throw RUNTIME_CODES.error(
    'USAGE',
    `--max-steps takes a whole number from 1 on, not ${JSON.stringify(word)}`,
  );
}

/** A person answers on a terminal; where there is none, nobody does, and the step is refused. */
function askOnTerminal(step: PlanStep, number: number): Promise<boolean> {
  const action = `${step.title ?? step.tool}: ${step.tool} ${JSON.stringify(step.input)}`;
  return confirmOnTerminal({ tool: `step ${number}`, action, reason: 'the plan asks' });
}
