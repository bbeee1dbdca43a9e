/**
 * Proves the vector track on the machine at hand, with both engines.
 *
 *     node dist/main.js [--json FILE]
 *
 * Exit code 1 where a check fails or the native engine does not load.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';

import { capability, fingerprint } from '@fishplate/vector';

const ENGINES = ['native', 'fallback'] as const;

/** Vectors of RFC 9923. */
const VECTORS = [
  ['', 0xcbf29ce484222325n],
  ['a', 0xaf63dc4c8601ec8cn],
  ['foobar', 0x85944171f73967e8n],
] as const;

function main(): void {
  const { values } = parseArgs({ options: { json: { type: 'string' } } });
  const outcomes = ENGINES.flatMap((engine) => VECTORS.map(([text, hash]) => check(engine, text, hash)));
  const failed = outcomes.filter(({ status }) => status === 'failed').length;
  const capabilities = ENGINES.map((call) => capability({ call }));
  const report = { passed: outcomes.length - failed, failed, skipped: 0, capabilities, outcomes };
  for (const { status, engine, name, detail } of outcomes) {
    process.stdout.write(`${status.padEnd(7)} ${engine.padEnd(8)} ${name} ${detail}\n`);
  }
  process.stdout.write(`\n${report.passed} passed, ${failed} failed\n`);
  if (values.json !== undefined) {
    mkdirSync(dirname(values.json), { recursive: true });
    writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  }
  process.exitCode = failed > 0 ? 1 : 0;
}

function check(engine: (typeof ENGINES)[number], text: string, hash: bigint) {
  const name = `the fingerprint of ${JSON.stringify(text)}`;
  try {
    const found = fingerprint(Buffer.from(text), { engine });
    return { engine, name, status: found === hash ? 'passed' : 'failed', detail: found.toString(16) };
  } catch (error) {
    return { engine, name, status: 'failed', detail: String(error) };
  }
}

main();
