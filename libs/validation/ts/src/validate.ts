/** The whole of a validation: lines, totals, report, exit code. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

import type { CapabilityReport } from '@fishplate/engine';

import { type Check, type Outcome, runChecks } from './check';

/** What is to be proved. */
export interface Validation {
  readonly checks: readonly Check[];
  /** What the track says of its engines here. */
  readonly capabilities: readonly CapabilityReport[];
  /** Path of the file for the report, as JSON; no report where there is none. */
  readonly json?: string | undefined;
  /** More for the report. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** Tries all checks with both engines. The process's exit code is 1 where one fails. */
export async function validate({ checks, capabilities, json, more }: Validation): Promise<void> {
  const width = Math.max(0, ...checks.map(({ name }) => name.length));
  const outcomes: Outcome[] = [];
  for await (const outcome of runChecks(checks, ['native', 'fallback'])) {
    outcomes.push(outcome);
    const { status, engine, check, detail } = outcome;
    process.stdout.write(`${status.padEnd(7)} ${engine.padEnd(8)} ${check.padEnd(width)} ${detail}\n`);
  }
  const count = (status: Outcome['status']): number =>
    outcomes.filter((outcome) => outcome.status === status).length;
  const totals = { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
  process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`);
  if (json !== undefined) {
    mkdirSync(dirname(json), { recursive: true });
    writeFileSync(json, `${JSON.stringify({ ...totals, capabilities, ...more, outcomes }, null, 2)}\n`);
  }
  process.exitCode = totals.failed > 0 ? 1 : 0;
}
