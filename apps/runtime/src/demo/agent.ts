/** The scripted agent of the demo, in a process of its own, so that it can be killed. It waits for its parent before each step. */

import { runPlan, type PlanStepReport } from '../plan/run-plan.js';
import type { Plan } from '../plan/plan.js';
import { createRuntime, type RuntimeOptions } from '../runtime.js';

/** What the parent sends first. */
export interface AgentOrder {
  readonly plan: Plan;
  readonly workspace: string;
  readonly session: string;
  readonly engines: RuntimeOptions['engines'];
  readonly noSandbox: string | undefined;
}

/** Works until the parent lets it go no further: that ends it by a signal. */
async function work({ plan, workspace, session, engines, noSandbox }: AgentOrder): Promise<void> {
  const runtime = createRuntime({ workspace, session, ...(engines === undefined ? {} : { engines }) });
  await runPlan(plan, runtime, { noSandbox, onStep: reportAndWait }).finally(() => runtime.close());
  process.disconnect();
}

/** The next step begins when the parent has answered. */
function reportAndWait(step: PlanStepReport): Promise<void> {
  return new Promise((resolve) => {
    process.once('message', () => resolve());
    process.send!(step);
  });
}

// Without its parent nobody would ever end it.
process.once('disconnect', () => process.exit(1));
process.once('message', (order) => {
  work(order as AgentOrder).catch((error: unknown) => {
    process.stderr.write(`${(error as Error).stack ?? String(error)}\n`);
    process.exit(1);
  });
});
