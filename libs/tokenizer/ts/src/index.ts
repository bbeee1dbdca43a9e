/**
 * `@fishplate/tokenizer`: the public functions of the tokenizer track.
 *
 * @packageDocumentation
 */

export type { EngineChoice, EngineName } from '@fishplate/engine';
export { TOKENIZER_CODES } from './codes';
export { fingerprint, type FingerprintOptions } from './fingerprint';
export { capability } from './native';
