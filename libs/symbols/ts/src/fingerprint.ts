/** A short name for bytes. */

import type { EngineChoice } from '@fishplate/engine';

import { SYMBOLS_CODES } from './codes';
import { fnv1a } from './fallback';
import { selectNative } from './native';

/** Options of {@link fingerprint}. */
export interface FingerprintOptions {
  /** Which engine to use; `auto` unless given. */
  readonly engine?: EngineChoice;
}

/**
 * The 64-bit FNV-1a hash of bytes: fast, the same on every platform, not for input that an adversary chooses.
 *
 * @throws FishplateError `INPUT_INVALID` where `bytes` is no Uint8Array.
 */
export function fingerprint(bytes: Uint8Array, { engine }: FingerprintOptions = {}): bigint {
  if (!(bytes instanceof Uint8Array)) {
    throw SYMBOLS_CODES.error('INPUT_INVALID', `bytes must be a Uint8Array, and is of type ${typeof bytes}`);
  }
  const native = selectNative(engine);
  return native === null ? fnv1a(bytes) : native.fingerprint(bytes);
}
