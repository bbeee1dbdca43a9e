/** The binding: its types, the engine that loads it, and the translation of its errors. */

import { isNativeError } from 'node:util/types';

import { type CapabilityReport, type EngineChoice, isFishplateError, TrackEngine } from '@fishplate/engine';

import { DIFF_CODES } from './codes';

/** The generated surface of the binding; private to this package. */
export type DiffNative = typeof import('@fishplate/diff-native');

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
  const [, code = 'ENGINE_FAULT', message = error.message] = CODED_MESSAGE.exec(error.message) ?? [];
  return DIFF_CODES.error(code as DiffCode, message, { cause: error, ...lineDetails(message) });
}

type DiffCode = keyof typeof DIFF_CODES.entries;
const CODED_MESSAGE = new RegExp(`^(${Object.keys(DIFF_CODES.entries).join('|')}): (.*)`, 's');

/** The line that a message names, as a number that programs can read. */
export function lineDetails(message: string): { details?: { line: number } } {
  const line = /\bat line (\d+)/.exec(message)?.[1];
  return line === undefined ? {} : { details: { line: Number(line) } };
}
