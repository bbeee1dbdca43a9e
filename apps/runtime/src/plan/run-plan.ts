/** Runs a plan step by step, and stops at the first step that is not what the plan expects. */

import { isDeepStrictEqual } from 'node:util';

import { isFishplateError } from '@fishplate/engine';
import { hashJson } from '@fishplate/json';

import { RUNTIME_OUTCOMES, type RuntimeOutcomeCode } from '../codes.js';
import type { Caller } from '../runtime.js';
import type { Plan, PlanStep } from './plan.js';

/** What became of one step. */
export interface PlanStepReport {
  /** From 1. */
  readonly number: number;
  readonly title: string;
  readonly tool: string;
  /** Why it was passed over: something that it needs is not to be had here. */
  readonly skipped?: string;
  /** True where the call came to what the plan expects, or was passed over. */
  readonly asExpected: boolean;
  /** Why it did not, in one sentence. */
  readonly problem?: string;
  /** Whether the call itself succeeded. */
  readonly ok: boolean;
  /** Code of the refusal or error. */
  readonly code?: string;
  readonly summary: string;
  readonly text: string;
  readonly durationMs: number;
  readonly engines: Readonly<Record<string, string>>;
  /** True where the answer is that of an earlier process, which the log has. */
  readonly replayed?: boolean;
}

/** What became of a plan. */
export interface PlanReport {
  readonly ok: boolean;
  readonly steps: readonly PlanStepReport[];
  /** Steps that were not reached. */
  readonly notRun: number;
}

/** How to run. */
export interface PlanRunOptions {
  readonly signal?: AbortSignal | undefined;
  /** Why steps that need the sandbox cannot be run; undefined where they can. */
  readonly noSandbox?: string | undefined;
  /** Asked before steps that want it; without it they are refused. */
  readonly confirm?: ((step: PlanStep, number: number) => Promise<boolean>) | undefined;
  /** Told after each step; the next one waits for it. */
  readonly onStep?: ((report: PlanStepReport) => void | Promise<void>) | undefined;
}

/**
 * Runs every step of `plan` through `caller`. Expected refusals and errors count as success.
 *
 * Each step has an idempotency key: the same plan in the same session goes on where it stopped.
 */
export async function runPlan(plan: Plan, caller: Caller, options: PlanRunOptions = {}): Promise<PlanReport> {
  const steps: PlanStepReport[] = [];
  const name = hashJson(plan).slice(0, 32);
  for (const [index, step] of plan.steps.entries()) {
    const number = index + 1;
    const base = { number, title: step.title ?? step.tool, tool: step.tool };
    if (step.needs === 'sandbox' && options.noSandbox !== undefined) {
      const report = {
        ...base,
        ...SKIPPED,
        skipped: options.noSandbox,
        summary: `not run: ${options.noSandbox}`,
      };
      steps.push(report);
      await options.onStep?.(report);
      continue;
    }
    const allowed = step.confirm !== true || (await options.confirm?.(step, number)) === true;
    const report = allowed
      ? judge({ ...base, ...(await perform(step, caller, `plan/${name}/${number}`, options.signal)) }, step)
      : { ...base, ...NOT_CONFIRMED };
    const { data: _, ...shown } = report;
    steps.push(shown);
    await options.onStep?.(shown);
    if (!report.asExpected) break;
  }
  return { ok: steps.every(({ asExpected }) => asExpected), steps, notRun: plan.steps.length - steps.length };
}

type Performed = Pick<
  PlanStepReport,
  'ok' | 'code' | 'summary' | 'text' | 'durationMs' | 'engines' | 'replayed'
> & {
  data?: unknown;
};

const SKIPPED = { asExpected: true, ok: false, text: '', durationMs: 0, engines: {} };

const NOT_CONFIRMED = {
  asExpected: false,
  problem: `the step asks for confirmation, and was not confirmed. ${RUNTIME_OUTCOMES.NOT_CONFIRMED.hint}`,
  ok: false,
  code: 'NOT_CONFIRMED' satisfies RuntimeOutcomeCode,
  summary: 'not confirmed',
  text: RUNTIME_OUTCOMES.NOT_CONFIRMED.hint,
  durationMs: 0,
  engines: {},
  data: undefined,
};

async function perform(
  step: PlanStep,
  caller: Caller,
  idempotencyKey: string,
  signal: AbortSignal | undefined,
): Promise<Performed> {
  const started = performance.now();
  try {
    const result = await caller.call(step.tool, step.input, { signal, idempotencyKey });
    const { ok, summary, text, durationMs, engines, replayed } = result;
    const more = replayed === true ? { replayed } : {};
    return ok
      ? { ok, summary, text, durationMs, engines, ...more, data: result.data }
      : { ok, code: result.code, summary, text, durationMs, engines, ...more };
  } catch (error) {
    if (!isFishplateError(error)) throw error;
    const { code, message, hint } = error;
    const durationMs = performance.now() - started;
    return {
      ok: false,
      code,
      summary: `${code}: ${message}`,
      text: `${message}\n${hint}`,
      durationMs,
      engines: {},
    };
  }
}

function judge<Base extends Performed>(
  report: Base,
  step: PlanStep,
): Base & { asExpected: boolean; problem?: string } {
  const problem = findProblem(report, step.expect ?? {});
  return { ...report, asExpected: problem === null, ...(problem === null ? {} : { problem }) };
}

function findProblem(report: Performed, expect: NonNullable<PlanStep['expect']>): string | null {
  const ok = expect.ok ?? expect.code === undefined;
  if (report.ok !== ok)
    return ok ? `it failed: ${report.summary}` : `it succeeded, and was expected to fail: ${report.summary}`;
  if (expect.code !== undefined && report.code !== expect.code)
    return `code ${report.code}, expected ${expect.code}`;
  if (expect.text !== undefined && !report.text.includes(expect.text)) {
    return `the answer does not contain ${JSON.stringify(expect.text)}`;
  }
  for (const [key, value] of Object.entries(expect.data ?? {})) {
    const actual = (report.data as Record<string, unknown> | undefined)?.[key];
    if (!isDeepStrictEqual(actual, value)) {
      return `${key} is ${JSON.stringify(actual)?.slice(0, 200)}, expected ${JSON.stringify(value).slice(0, 200)}`;
    }
  }
  return null;
}
