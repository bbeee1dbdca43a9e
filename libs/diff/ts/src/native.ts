/** The binding: its types, the engine that loads it, and the translation of its errors. */

import { isNativeError } from 'node:util/types';

import { type CapabilityReport, type EngineChoice, isFishplateError, TrackEngine } from '@fishplate/engine';

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

/** Runs `work` and gives its errors the codes of this track. */
export function withCodes<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw coded(error);
  }
}

/** The error of an engine as an error of this track; a binding's message starts with its code. */
export function coded(error: unknown): unknown {
  if (isFishplateError(error) || !isNativeError(error)) return error;
  const [, code = faultOf(error), message = error.message] = CODED_MESSAGE.exec(error.message) ?? [];
  return DIFF_CODES.error(code as DiffCode, message, { cause: error, ...lineDetails(message) });
}

/** V8 refuses strings over its limit by a message, `Buffer.prototype.toString` by a code. */
function faultOf(error: Error): DiffCode {
  const isTooLong =
    error.message === 'Invalid string length' || ('code' in error && error.code === 'ERR_STRING_TOO_LONG');
  return isTooLong ? 'OUTPUT_TOO_LARGE' : 'ENGINE_FAULT';
}

type DiffCode = keyof typeof DIFF_CODES.entries;
const CODED_MESSAGE = new RegExp(`^(${Object.keys(DIFF_CODES.entries).join('|')}): (.*)`, 's');

/** The line that a message names, as a number that programs can read. */
export function lineDetails(message: string): { details?: { line: number } } {
  const line = /\bat line (\d+)/.exec(message)?.[1];
  return line === undefined ? {} : { details: { line: Number(line) } };
}
