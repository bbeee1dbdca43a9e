/**
 * `@fishplate/vector`: the public functions of the vector track.
 *
 * @packageDocumentation
 */

export type { EngineChoice, EngineName } from '@fishplate/engine';
export { VECTOR_CODES } from './codes';
export { fingerprint, type FingerprintOptions } from './fingerprint';
export { capability } from './native';
