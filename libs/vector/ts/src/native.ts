/** The binding: its types, the engine that loads it, and the translation of its errors. */

import { type CapabilityReport, type EngineChoice, engineErrors, TrackEngine } from '@fishplate/engine';

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

/** Errors of the engine as errors of this track. */
export const { coded, withCodes } = engineErrors(VECTOR_CODES);
