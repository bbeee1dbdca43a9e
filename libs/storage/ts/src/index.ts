/**
 * `@fishplate/storage`: the public functions of the storage track.
 *
 * @packageDocumentation
 */

export type { EngineChoice, EngineName } from '@fishplate/engine';
export { STORAGE_CODES } from './codes';
export { fingerprint, type FingerprintOptions } from './fingerprint';
export { capability } from './native';
