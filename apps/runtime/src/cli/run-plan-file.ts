/** `fishplate run --plan FILE`: a script decides which calls are made. */

import { RUNTIME_CODES } from '../codes.js';
import { type PlanStep, readPlan } from '../plan/plan.js';
import { runPlan } from '../plan/run-plan.js';
import { createRuntime, type RuntimeOptions } from '../runtime.js';
import { confirmOnTerminal } from './confirm.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { printJson } from './shared-options.js';
import { stepLine } from './show-steps.js';
import { createStyle, formatDuration, visible, visibleLine } from './terminal.js';

/** What the command line says. */
export interface PlanArgs {
  readonly 'max-steps'?: string | undefined;
  readonly yes?: boolean | undefined;
  readonly verbose?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** Runs a plan on a workspace. */
export async function runPlanFile(
  file: string,
  args: PlanArgs,
  runtimeOptions: RuntimeOptions,
): Promise<ExitCode> {
  const maxSteps = parseMaxSteps(args['max-steps']);
  const plan = await readPlan(file);
  if (plan.steps.length > maxSteps) {
    throw RUNTIME_CODES.error(
      'PLAN_INVALID',
      `${file} has ${plan.steps.length} steps, --max-steps is ${maxSteps}`,
    );
  }
  const runtime = createRuntime(runtimeOptions);
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
}

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
