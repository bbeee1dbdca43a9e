/**
 * Proves the storage track on the machine at hand, with both engines on the same files.
 *
 *     node dist/main.js [--kills N] [--json FILE]
 *
 * Exit code 1 where a check fails or the native engine does not load.
 */

import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

import { capability } from '@fishplate/storage';

import { type Check, checks, type Engine } from './checks';

interface Outcome {
  readonly check: string;
  readonly engine: Engine;
  readonly status: 'passed' | 'failed';
  readonly detail: string;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { kills: { type: 'string', default: '20' }, json: { type: 'string' } },
  });
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'fishplate-storage-')));
  const outcomes: Outcome[] = [];
  try {
    for (const engine of ['native', 'fallback'] as const) {
      for (const check of checks(Number(values.kills))) {
        outcomes.push(await attempt(check, engine, join(base, String(outcomes.length))));
      }
    }
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
  for (const { status, engine, check, detail } of outcomes) {
    process.stdout.write(`${status.padEnd(7)} ${engine.padEnd(8)} ${check.padEnd(70)} ${detail}\n`);
  }
  const failed = outcomes.filter(({ status }) => status === 'failed').length;
  const passed = outcomes.length - failed;
  process.stdout.write(`\n${passed} passed, ${failed} failed, 0 skipped\n`);
  if (values.json !== undefined) {
    mkdirSync(dirname(values.json), { recursive: true });
    const capabilities = [capability({ call: 'native' }), capability({ call: 'fallback' })];
    const report = { passed, failed, skipped: 0, capabilities, outcomes };
    writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  }
  process.exitCode = failed > 0 ? 1 : 0;
}

async function attempt({ name, run }: Check, engine: Engine, folder: string): Promise<Outcome> {
  mkdirSync(folder);
  try {
    return { check: name, engine, status: 'passed', detail: await run(engine, folder) };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { check: name, engine, status: 'failed', detail };
  }
}

void main();
