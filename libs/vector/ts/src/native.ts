/** The binding: its types, the engine that loads it, and the translation of its errors. */

import { isNativeError } from 'node:util/types';

import { type CapabilityReport, type EngineChoice, isFishplateError, TrackEngine } from '@fishplate/engine';

import { VECTOR_CODES } from './codes';

/** The functions that the binding makes without its generator. */
interface PairFunctions {
  cosineSimilarity(left: Float32Array, right: Float32Array): number;
  dotProduct(left: Float32Array, right: Float32Array): number;
  euclideanDistance(left: Float32Array, right: Float32Array): number;
  squaredEuclideanDistance(left: Float32Array, right: Float32Array): number;
}

/** The surface of the binding; private to this package. */
export type VectorNative = typeof import('@fishplate/vector-native') & PairFunctions;

// One level below the package root both as src/ and as dist/.
const { version } = require('../package.json') as { version: string };

const engine = new TrackEngine<VectorNative>({
  track: 'vector',
  require,
  nativePackage: '@fishplate/vector-native',
  binaryName: 'vector',
  version,
});

let unasked: VectorNative | null | undefined;

/**
 * The binding for a call, or null for the fallback. Without a choice of the call's own, the environment is read once: reading it
 * takes longer than comparing two vectors.
 */
export function selectNative(choice: EngineChoice | undefined): VectorNative | null {
  if (choice !== undefined) return engine.select(choice);
  return unasked === undefined ? (unasked = engine.select()) : unasked;
}

/** Which engine calls will use, and why. `config` is what a host's config file asks for. */
export function capability(choice?: {
  config?: EngineChoice | undefined;
  call?: EngineChoice | undefined;
}): CapabilityReport {
  return engine.capability(choice);
}

type VectorCode = keyof typeof VECTOR_CODES.entries;
const CODED_MESSAGE = new RegExp(`^(${Object.keys(VECTOR_CODES.entries).join('|')}): (.*)`, 's');

/** The error of an engine as an error of this track; a binding's message starts with its code. */
export function coded(error: unknown): unknown {
  if (isFishplateError(error) || !isNativeError(error)) return error;
  const [, code = 'ENGINE_FAULT', message = error.message] = CODED_MESSAGE.exec(error.message) ?? [];
  return VECTOR_CODES.error(code as VectorCode, message, { cause: error });
}

/** Runs `work` and gives its errors the codes of this track. */
export function withCodes<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw coded(error);
  }
}
