/** The demo: a scripted agent fixes a bug in a copy of a small package, takes it back, and proves that nothing is left. */

import { join } from 'node:path';

import { type PlanReport, type PlanStepReport, runPlan } from '../plan/run-plan.js';
import { type Plan, readPlan } from '../plan/plan.js';
import { createRuntime, type RuntimeOptions } from '../runtime.js';
import { copyFixture, FIXTURES } from './fixture.js';
import { type KilledAgent, runAndKill } from './killed-agent.js';
import { treeDifferences, treeHash, treeState } from './tree-state.js';

/** Name of the fixture, of its plan, and of the patch in it. */
export const DEMO_FIXTURE = 'timespan';

/** Steps after which the agent is killed: all are done but those that take the changes back. */
const KILLED_AFTER = 16;

/** Whether the tree is what it was. */
export interface DemoProof {
  readonly ok: boolean;
  /** Files and directories compared. */
  readonly entries: number;
  /** SHA-256 over paths, kinds, modes and contents. */
  readonly before: string;
  readonly after: string;
  /** Paths that differ. */
  readonly differences: readonly string[];
}

/** What the demo came to. */
export interface DemoReport {
  readonly ok: boolean;
  readonly fixture: string;
  readonly usesGit: boolean;
  readonly plan: PlanReport;
  /** The process that was killed on the way; null where it could not be started. */
  readonly killed: KilledAgent | null;
  readonly proof: DemoProof;
  /** From start to end, the copy included. */
  readonly durationMs: number;
}

/** How to run it. */
export interface DemoOptions extends Pick<RuntimeOptions, 'engines' | 'logger'> {
  readonly signal?: AbortSignal | undefined;
  readonly onStart?: ((start: { fixture: string; files: number; usesGit: boolean }) => void) | undefined;
  readonly onStep?: ((report: PlanStepReport) => void) | undefined;
  /** Told when the agent has been killed, before another process goes on. */
  readonly onKill?: ((killed: KilledAgent) => void) | undefined;
}

/** Runs the demo in a temporary directory, which is removed in the end. */
export async function runDemo({
  signal,
  onStart,
  onStep,
  onKill,
  ...options
}: DemoOptions = {}): Promise<DemoReport> {
  const started = performance.now();
  const plan = withOwnNode(await readPlan(join(FIXTURES, `${DEMO_FIXTURE}-plan.json`)));
  const copy = await copyFixture(DEMO_FIXTURE);
  try {
    const before = await treeState(copy.path);
    const files = [...before.values()].filter((state) => state.startsWith('file')).length;
    onStart?.({ fixture: DEMO_FIXTURE, files, usesGit: copy.usesGit });
    const session = 'demo';
    const runtime = createRuntime({ ...options, workspace: copy.path, session });
    const { level, unavailable } = runtime.capabilities().sandbox;
    const reasons = unavailable.map(({ means, reason }) => `${means}: ${reason}`).join('; ');
    const noSandbox = level === 'none' ? `commands cannot be confined here (${reasons})` : undefined;
    const order = { plan, workspace: copy.path, session, engines: options.engines, noSandbox };
    const killed = await runAndKill(order, KILLED_AFTER, { signal, onStep });
    if (killed !== null) onKill?.(killed);
    const report = await runPlan(plan, runtime, {
      signal,
      noSandbox,
      // What the log answers has been shown as it was done.
      onStep: (step) => (step.number > (killed?.steps ?? 0) ? onStep?.(step) : undefined),
    }).finally(() => runtime.close());
    const after = await treeState(copy.path);
    const differences = treeDifferences(before, after);
    const proof = {
      ok: differences.length === 0,
      entries: before.size,
      before: treeHash(before),
      after: treeHash(after),
      differences,
    };
    const durationMs = performance.now() - started;
    return {
      ok: report.ok && proof.ok && isResumed(report, killed),
      fixture: DEMO_FIXTURE,
      usesGit: copy.usesGit,
      plan: report,
      killed,
      proof,
      durationMs,
    };
  } finally {
    await copy.remove();
  }
}

/** Every call that the killed process made is answered from the log, and not made again; but one that threw, which changed nothing. */
function isResumed({ steps }: PlanReport, killed: KilledAgent | null): boolean {
  const before = steps.slice(0, killed?.steps ?? 0);
  return before.every(({ ok, replayed, skipped }) => !ok || replayed === true || skipped !== undefined);
}

/** The plan with this very node for its commands, whatever PATH says. */
function withOwnNode(plan: Plan): Plan {
  const steps = plan.steps.map((step) =>
    step.input['command'] === 'node'
      ? { ...step, input: { ...step.input, command: process.execPath } }
      : step,
  );
  return { ...plan, steps };
}
