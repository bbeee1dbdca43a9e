/**
 * `@fishplate/symbols`: the public functions of the symbols track.
 *
 * @packageDocumentation
 */

export type { EngineChoice, EngineName } from '@fishplate/engine';
export { SYMBOLS_CODES } from './codes';
export { fingerprint, type FingerprintOptions } from './fingerprint';
export { capability } from './native';
