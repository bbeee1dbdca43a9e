/** One thing to prove, and the record of having tried. */

import { isDeepStrictEqual } from 'node:util';

/** `native` and `fallback` name what is asked for. */
export type AskedEngine = 'native' | 'fallback';

/** Something to prove with one engine. Throws, or answers with what it found. */
export interface Check {
  /** What holds, as a sentence. */
  readonly name: string;
  /** Without it the check is not tried: a tool's name, and how to see that it is there. */
  readonly needs?: { readonly tool: string; readonly present: boolean };
  /** Only worth asking of the native engine. */
  readonly nativeOnly?: boolean;
  /** @returns Figures for the report: number of cases, times. */
  run(engine: AskedEngine): string | Promise<string>;
}

export interface Outcome {
  readonly check: string;
  readonly engine: AskedEngine;
  readonly status: 'passed' | 'failed' | 'skipped';
  readonly detail: string;
  readonly ms: number;
}

/** Tries every check with every engine. */
export async function runChecks(
  checks: readonly Check[],
  engines: readonly AskedEngine[],
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const engine of engines) {
    for (const check of checks) {
      if (check.nativeOnly && engine !== 'native') continue;
      outcomes.push(await runCheck(check, engine));
    }
  }
  return outcomes;
}

async function runCheck(check: Check, engine: AskedEngine): Promise<Outcome> {
  const { name, needs } = check;
  if (needs && !needs.present) {
    return { check: name, engine, status: 'skipped', detail: `${needs.tool} is not installed`, ms: 0 };
  }
  const start = performance.now();
  const outcome = (status: Outcome['status'], detail: string): Outcome => ({
    check: name,
    engine,
    status,
    detail,
    ms: Math.round(performance.now() - start),
  });
  try {
    return outcome('passed', await check.run(engine));
  } catch (error) {
    return outcome('failed', error instanceof Error ? error.message.slice(0, 600) : String(error));
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
