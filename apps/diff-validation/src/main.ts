/**
 * Proves the diff track on the machine at hand: truth, hostile input and targets, with both engines.
 *
 *     node dist/main.js [--cases N] [--json FILE]
 *
 * Exit code 1 where a check fails or the native engine does not load.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';

import { capability } from '@fishplate/diff';

import { type AskedEngine, type Outcome, runChecks } from './check';
import { hostileChecks } from './hostile';
import { syntaxChecks } from './syntax';
import { targetChecks } from './targets';
import { truthChecks } from './truth';

const ENGINES: readonly AskedEngine[] = ['native', 'fallback'];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { cases: { type: 'string', default: '300' }, json: { type: 'string' } },
  });
  const capabilities = ENGINES.map((call) => capability({ call }));
  const checks = [...truthChecks(Number(values.cases)), ...hostileChecks, ...syntaxChecks, ...targetChecks];
  const outcomes = await runChecks(checks, ENGINES);
  const count = (status: Outcome['status']): number =>
    outcomes.filter((outcome) => outcome.status === status).length;
  const report = {
    passed: count('passed'),
    failed: count('failed'),
    skipped: count('skipped'),
    capabilities,
    outcomes,
  };
  process.stdout.write(`${table(outcomes)}\n\n`);
  process.stdout.write(`${report.passed} passed, ${report.failed} failed, ${report.skipped} skipped\n`);
  if (values.json !== undefined) {
    mkdirSync(dirname(values.json), { recursive: true });
    writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  }
  process.exitCode = report.failed > 0 ? 1 : 0;
}

function table(outcomes: readonly Outcome[]): string {
  const width = Math.max(...outcomes.map(({ check }) => check.length));
  return outcomes
    .map(
      ({ check, engine, status, detail }) =>
        `${status.padEnd(7)} ${engine.padEnd(8)} ${check.padEnd(width)} ${detail}`,
    )
    .join('\n');
}

void main();
