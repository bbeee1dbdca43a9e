/** The binding: its types, the engine that loads it, and the translation of its errors. */

import { type CapabilityReport, type EngineChoice, engineErrors, TrackEngine } from '@fishplate/engine';

import { DIFF_CODES } from './codes';

/** The generated surface of the binding; private to this package. */
export type DiffNative = typeof import('@fishplate/diff-native');

/** Ends a comparison that runs on a thread. */
export type CancelToken = InstanceType<DiffNative['CancelToken']>;

// One level below the package root both as src/ and as dist/.
const { version } = require('../package.json') as { version: string };

const engine = new TrackEngine<DiffNative>({
  track: 'diff',
  require,
  nativePackage: '@fishplate/diff-native',
  binaryName: 'diff',
  version,
});

/** The binding for a call, or null for the fallback. */
export function selectNative(choice: EngineChoice | undefined): DiffNative | null {
  return engine.select(choice);
}

/** Which engine calls will use, and why. `config` is what a host's config file asks for. */
export function capability(choice?: {
  config?: EngineChoice | undefined;
  call?: EngineChoice | undefined;
}): CapabilityReport {
  return engine.capability(choice);
}

/** Comparisons that run on threads of the pool. */
const running = new Set<CancelToken>();

/**
 * Runs a comparison on a thread, and ends it when the process exits: Node waits for the threads of its pool.
 *
 * The caller cancels by the token that `start` is given.
 */
export async function runOnThread<Result>(
  native: DiffNative,
  start: (token: CancelToken) => Promise<Result>,
): Promise<Result> {
  const token = new native.CancelToken();
  if (running.size === 0) process.on('exit', cancelAll);
  running.add(token);
  try {
    return await start(token);
  } finally {
    running.delete(token);
    if (running.size === 0) process.removeListener('exit', cancelAll);
  }
}

function cancelAll(): void {
  for (const token of running) token.cancel();
}

/** Errors of the engine as errors of this track. */
export const { coded, withCodes } = engineErrors(DIFF_CODES, {
  // V8 refuses strings over its limit by a message, `Buffer.prototype.toString` by a code.
  uncoded: (error) =>
    error.message === 'Invalid string length' || ('code' in error && error.code === 'ERR_STRING_TOO_LONG')
      ? 'OUTPUT_TOO_LARGE'
      : undefined,
  details: lineDetails,
});

/** The line that a message names, as a number that programs can read. */
export function lineDetails(message: string): { line: number } | undefined {
  const line = /\bat line (\d+)/.exec(message)?.[1];
  return line === undefined ? undefined : { line: Number(line) };
}
