/** The binding: its types, the engine that loads it, and the translation of its errors. */

import { isNativeError } from 'node:util/types';

import { type CapabilityReport, type EngineChoice, isFishplateError, TrackEngine } from '@fishplate/engine';

import { STORAGE_CODES, type StorageCode } from './codes';

/** The generated surface of the binding; private to this package. */
export type StorageNative = typeof import('@fishplate/storage-native');

// One level below the package root both as src/ and as dist/.
const { version } = require('../package.json') as { version: string };

const engine = new TrackEngine<StorageNative>({
  track: 'storage',
  require,
  nativePackage: '@fishplate/storage-native',
  binaryName: 'storage',
  version,
});

/** The binding for a call, or null for the fallback. */
export function selectNative(choice: EngineChoice | undefined): StorageNative | null {
  return engine.select(choice);
}

/** Which engine calls will use, and why. `config` is what a host's config file asks for. */
export function capability(choice?: {
  config?: EngineChoice | undefined;
  call?: EngineChoice | undefined;
}): CapabilityReport {
  return engine.capability(choice);
}

/** An error's text as the binding writes it: code, details as JSON, message; a line each. */
const CODED = /^([A-Z_]+)\n(\{.*\})\n(.*)$/s;

/** The error of an engine as an error of this track. */
export function coded(error: unknown): unknown {
  if (isFishplateError(error)) return error;
  if (!isNativeError(error) && typeof error !== 'string') return error;
  const text = typeof error === 'string' ? error : error.message;
  const [, code = 'ENGINE_FAULT', json = '{}', message = text] = CODED.exec(text) ?? [];
  const known = Object.hasOwn(STORAGE_CODES.entries, code) ? (code as StorageCode) : 'ENGINE_FAULT';
  const details = JSON.parse(json) as Record<string, unknown>;
  return STORAGE_CODES.error(known, message, {
    ...(Object.keys(details).length === 0 ? {} : { details }),
    ...(typeof error === 'string' ? {} : { cause: error }),
  });
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
