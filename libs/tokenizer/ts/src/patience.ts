/** Work in parts, between which the event loop runs. */

import { TOKENIZER_CODES } from './codes';
import { kind } from './input';

/** To be awaited before each part. */
export type Patience = () => Promise<void>;

/** Milliseconds of work between two turns of the event loop. */
const TURN_MS = 5;

/** Lets the event loop run when some milliseconds have passed. @throws FishplateError `OPTION_INVALID`; the signal's reason. */
export function pause(signal: AbortSignal | undefined): Patience {
  if (signal !== undefined && typeof signal?.throwIfAborted !== 'function') {
    throw TOKENIZER_CODES.error('OPTION_INVALID', `signal must be an AbortSignal, and is ${kind(signal)}`);
  }
  let started = now();
  return async () => {
    signal?.throwIfAborted();
    if (now() - started < TURN_MS) return;
    await turn();
    signal?.throwIfAborted();
    started = now();
  };
}

function turn(): Promise<void> {
  // Browsers have no setImmediate; there a timer is what there is.
  if (typeof setImmediate === 'function') return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => setTimeout(resolve, 0));
}

function now(): number {
  return performance.now();
}
