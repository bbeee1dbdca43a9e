/**
 * `@fishplate/json`: the public functions of the json track.
 *
 * @packageDocumentation
 */

export type { EngineChoice, EngineName } from '@fishplate/engine';
export { JSON_CODES } from './codes';
export { fingerprint, type FingerprintOptions } from './fingerprint';
export { capability } from './native';
