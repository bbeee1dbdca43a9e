/** The timeline of a plan, as `demo` and `run` print it. */

import type { PlanStepReport } from '../plan/run-plan.js';
import { fit, formatDuration, formatEngines, paintDiff, type Style, visibleLine } from './terminal.js';

const TOOL_WIDTH = 12;
const SUMMARY_WIDTH = 58;

/** One step in one line; what went wrong in a second one. */
export function stepLine(step: PlanStepReport, style: Style): string {
  const mark = !step.asExpected
    ? style.red('\u2717')
    : step.ok
      ? style.green('\u2713')
      : style.yellow('\u2298');
  const columns = [
    `${String(step.number).padStart(3)} ${mark}`,
    style.bold(fit(step.tool, TOOL_WIDTH)),
    fit(visibleLine(summaryOf(step)), SUMMARY_WIDTH),
    formatDuration(step.durationMs).padStart(9),
    style.dim(step.replayed === true ? 'from the log' : formatEngines(step.engines)),
  ];
  const line = columns.join(' ').trimEnd();
  return step.problem === undefined ? line : `${line}\n      ${style.red(visibleLine(step.problem))}`;
}

/** Of a refusal that the plan wants, the code says enough. */
function summaryOf({ ok, asExpected, code, summary, skipped }: PlanStepReport): string {
  if (skipped !== undefined) return summary;
  return asExpected && !ok ? `refused, as it should be: ${code ?? summary}` : summary;
}

/** A diff, indented under its step. */
export function diffBlock(patch: string, style: Style): string {
  return paintDiff(patch.replace(/\n$/, ''), style)
    .split('\n')
    .map((line) => `      ${line}`)
    .join('\n');
}
