/** Turns an aborted signal into the coded error. */

import { RUNTIME_CODES } from './codes.js';

/** @throws FishplateError `CANCELLED`, with the signal's reason as cause. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw RUNTIME_CODES.error('CANCELLED', 'the call was cancelled', { cause: signal.reason });
  }
}
