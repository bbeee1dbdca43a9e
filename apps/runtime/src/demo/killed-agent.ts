/** Runs the first steps of the demo in another process, and kills that. */

import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { RUNTIME_CODES } from '../codes.js';
import type { PlanStepReport } from '../plan/run-plan.js';
import type { AgentOrder } from './agent.js';

/** The agent's program; there is none where this package runs from its sources. */
const AGENT = fileURLToPath(new URL('./agent.js', import.meta.url));

/** What became of the process. */
export interface KilledAgent {
  readonly pid: number;
  readonly signal: NodeJS.Signals;
  /** Steps that it had done. */
  readonly steps: number;
}

/** Lets an agent do so many steps, then ends it with SIGKILL; null where it cannot be started from here. */
export async function runAndKill(
  order: AgentOrder,
  steps: number,
  options: { signal?: AbortSignal | undefined; onStep?: ((step: PlanStepReport) => unknown) | undefined },
): Promise<KilledAgent | null> {
  if (!existsSync(AGENT)) return null;
  // What a killed process leaves behind goes with the copy.
  const env = { ...process.env, TMPDIR: dirname(order.workspace) };
  const child = fork(AGENT, [], {
    env,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: [],
  });
  const stop = (): void => void child.kill('SIGKILL');
  options.signal?.addEventListener('abort', stop, { once: true });
  try {
    return await new Promise<KilledAgent>((resolve, reject) => {
      let done = 0;
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        if (signal === 'SIGKILL') resolve({ pid: child.pid!, signal, steps: done });
        else
          reject(
            RUNTIME_CODES.error('TOOL_FAULT', `the agent of the demo ended by itself (${signal ?? code})`),
          );
      });
      child.on('message', (message) => {
        const step = message as PlanStepReport;
        done = step.number;
        options.onStep?.(step);
        if (done >= steps || !step.asExpected) stop();
        else child.send('go on');
      });
      child.send(order);
    });
  } finally {
    options.signal?.removeEventListener('abort', stop);
  }
}
