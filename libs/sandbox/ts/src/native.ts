/** The binding: its types, the engine that loads it, and the translation of its errors. */

import { isNativeError } from 'node:util/types';

import { type CapabilityReport, type EngineChoice, isFishplateError, TrackEngine } from '@fishplate/engine';

import { SANDBOX_CODES, type SandboxCode } from './codes';
import type { Decision } from './types';

/** The generated surface of the binding; private to this package. */
export type SandboxNative = typeof import('@fishplate/sandbox-native');

// One level below the package root both as src/ and as dist/.
const { version } = require('../package.json') as { version: string };

const engine = new TrackEngine<SandboxNative>({
  track: 'sandbox',
  require,
  nativePackage: '@fishplate/sandbox-native',
  binaryName: 'sandbox',
  version,
});

/** The binding for a call, or null for the fallback. */
export function selectNative(choice: EngineChoice | undefined): SandboxNative | null {
  return engine.select(choice);
}

/** Which engine calls will use, and why. `config` is what a host's config file asks for. */
export function capability(choice?: {
  config?: EngineChoice | undefined;
  call?: EngineChoice | undefined;
}): CapabilityReport {
  return engine.capability(choice);
}

/** A binding's message is `CODE: text`, or `CODE {"decision": ...}: text`; in its JSON, braces also stand in strings. */
const CODED_MESSAGE = new RegExp(
  `^(${Object.keys(SANDBOX_CODES.entries).join('|')})(?: (\\{(?:[^{}"]|"(?:[^"\\\\]|\\\\.)*")*\\}))?: (.*)`,
  's',
);

/** The error of the binding as an error of this track. */
export function coded(error: unknown): unknown {
  return isFishplateError(error) || !isNativeError(error) ? error : faultOf(error.message, error);
}

/** The error that a text of the binding stands for. */
export function faultOf(text: string, cause?: unknown): Error {
  const [, code = 'ENGINE_FAULT', details, message = text] = CODED_MESSAGE.exec(text) ?? [];
  return codedError(code as SandboxCode, message, details === undefined ? undefined : parsed(details), cause);
}

/** An error of this track; a denial carries its decision. */
export function codedError(code: SandboxCode, message: string, decision?: Decision, cause?: unknown): Error {
  return SANDBOX_CODES.error(code, message, {
    ...(decision === undefined ? {} : { details: { decision } }),
    ...(cause === undefined ? {} : { cause }),
  });
}

function parsed(details: string): Decision {
  return JSON.parse(details) as Decision;
}

/** Runs `work` and gives its errors the codes of this track. */
export function withCodes<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw coded(error);
  }
}

/** The same for what is waited for. */
export async function withCodesAsync<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw coded(error);
  }
}
