/** The binding: its types, the engine that loads it, and the translation of its errors. */

import { isNativeError } from 'node:util/types';

import { type CapabilityReport, type EngineChoice, isFishplateError, TrackEngine } from '@fishplate/engine';

import { SYMBOLS_CODES, type SymbolsCode } from './codes';

/** The generated surface of the binding; private to this package. */
export type SymbolsNative = typeof import('@fishplate/symbols-native');

// One level below the package root both as src/ and as dist/.
const { version } = require('../package.json') as { version: string };

const engine = new TrackEngine<SymbolsNative>({
  track: 'symbols',
  require,
  nativePackage: '@fishplate/symbols-native',
  binaryName: 'symbols',
  version,
});

/** The binding for a call, or null for the fallback. */
export function selectNative(choice: EngineChoice | undefined): SymbolsNative | null {
  return engine.select(choice);
}

/** Which engine calls will use, and why. `config` is what a host's config file asks for. */
export function capability(choice?: {
  config?: EngineChoice | undefined;
  call?: EngineChoice | undefined;
}): CapabilityReport {
  return engine.capability(choice);
}

const CODED_MESSAGE = new RegExp(`^(${Object.keys(SYMBOLS_CODES.entries).join('|')}): (.*)`, 's');

/** The error of an engine as an error of this track; a binding's message starts with its code. */
export function coded(error: unknown): unknown {
  if (isFishplateError(error) || !isNativeError(error)) return error;
  const [, code = 'ENGINE_FAULT', message = error.message] = CODED_MESSAGE.exec(error.message) ?? [];
  return SYMBOLS_CODES.error(code as SymbolsCode, message, { cause: error });
}

/** Runs `work` and gives its errors the codes of this track. */
export function withCodes<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw coded(error);
  }
}

/** {@link withCodes} for a promise. */
export async function withCodesAsync<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw coded(error);
  }
}
