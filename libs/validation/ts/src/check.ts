/** One thing to prove, and the record of having tried. */

import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

/** `native` and `fallback` name what is asked for. */
export type AskedEngine = 'native' | 'fallback';

/** Something to prove with one engine. */
export interface Check {
  /** What holds, as a sentence. */
  readonly name: string;
  /** Why it cannot be tried here: what is missing. */
  readonly skip?: string | undefined;
  /** Only worth asking of the native engine. */
  readonly nativeOnly?: boolean;
  /**
   * Throws where it does not hold.
   *
   * @param folder an empty directory, removed afterwards
   * @returns Figures for the report: number of cases, times.
   */
  run(engine: AskedEngine, folder: string): string | Promise<string>;
}

/** What came of a check. */
export interface Outcome {
  readonly check: string;
  readonly engine: AskedEngine;
  readonly status: 'passed' | 'failed' | 'skipped';
  /** What the check found, or what was wrong. */
  readonly detail: string;
  readonly ms: number;
}

/** Longest account of a failure, in UTF-16 units. */
const LONGEST_FAILURE = 600;

/** Tries every check with every engine, one after the other. */
export async function* runChecks(
  checks: readonly Check[],
  engines: readonly AskedEngine[],
): AsyncGenerator<Outcome> {
  for (const engine of engines) {
    for (const check of checks) {
      if (check.nativeOnly && engine !== 'native') continue;
      yield await runCheck(check, engine);
    }
  }
}

async function runCheck(check: Check, engine: AskedEngine): Promise<Outcome> {
  const { name, skip } = check;
  if (skip !== undefined) return { check: name, engine, status: 'skipped', detail: skip, ms: 0 };
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fishplate-validation-')));
  const start = performance.now();
  const outcome = (status: Outcome['status'], detail: string): Outcome => ({
    check: name,
    engine,
    status,
    detail,
    ms: Math.round(performance.now() - start),
  });
  try {
    return outcome('passed', await check.run(engine, folder));
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return outcome('failed', detail.slice(0, LONGEST_FAILURE));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Throws where two values differ in anything but the order of their keys, with both in the message. */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  if (isDeepStrictEqual(actual, expected)) return;
  throw new Error(`${what}: expected ${clip(JSON.stringify(expected))}, got ${clip(JSON.stringify(actual))}`);
}

function clip(text: string | undefined): string {
  return (text ?? 'undefined').slice(0, 240);
}
