/**
 * Proves the symbols track on the machine at hand, with both engines.
 *
 *     node dist/main.js [--json FILE] [--symbols COUNT]
 *
 * Exit code 1 where a check fails or the native engine does not load.
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

import { capability } from '@fishplate/symbols';

import { CHECKS, type Check } from './checks';

const ENGINES = ['native', 'fallback'] as const;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { json: { type: 'string' }, symbols: { type: 'string', default: '5000' } },
  });
  const folder = mkdtempSync(join(tmpdir(), 'fishplate-symbols-'));
  try {
    const outcomes = [];
    for (const engine of ENGINES) {
      for (const check of CHECKS) outcomes.push(await run(engine, check, folder, Number(values.symbols)));
    }
    outcomes.push(sameFiles(folder));
    report(outcomes, values.json);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Outcome {
  readonly engine: string;
  readonly name: string;
  readonly status: 'passed' | 'failed';
  readonly detail: string;
}

async function run(
  engine: (typeof ENGINES)[number],
  { name, run: check }: Check,
  folder: string,
  symbols: number,
): Promise<Outcome> {
  try {
    const detail = await check({ engine, symbols, file: join(folder, engine) });
    return { engine, name, status: 'passed', detail };
  } catch (error) {
    return { engine, name, status: 'failed', detail: String(error) };
  }
}

/** The engines wrote the same symbols: the bytes are the same. */
function sameFiles(folder: string): Outcome {
  const name = 'both engines write the same file';
  try {
    const [native, fallback] = ENGINES.map((engine) => readFileSync(join(folder, engine)));
    const status = native!.equals(fallback!) ? 'passed' : 'failed';
    return { engine: 'both', name, status, detail: `${native!.length} bytes` };
  } catch (error) {
    return { engine: 'both', name, status: 'failed', detail: String(error) };
  }
}

function report(outcomes: readonly Outcome[], json: string | undefined): void {
  const failed = outcomes.filter(({ status }) => status === 'failed').length;
  const capabilities = ENGINES.map((call) => capability({ call }));
  for (const { status, engine, name, detail } of outcomes) {
    process.stdout.write(`${status.padEnd(7)} ${engine.padEnd(8)} ${name}: ${detail}\n`);
  }
  process.stdout.write(`\n${outcomes.length - failed} passed, ${failed} failed\n`);
  if (json !== undefined) {
    mkdirSync(dirname(json), { recursive: true });
    const whole = { passed: outcomes.length - failed, failed, skipped: 0, capabilities, outcomes };
    writeFileSync(json, `${JSON.stringify(whole, null, 2)}\n`);
  }
  process.exitCode = failed > 0 ? 1 : 0;
}

void main();
