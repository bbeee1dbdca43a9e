/** Turns an aborted signal into the coded error. */

import type { FishplateError } from '@fishplate/engine';

import { RUNTIME_CODES } from './codes.js';

/** @throws FishplateError `CANCELLED`, with the signal's reason as cause. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled(signal);
}

/** What `work` comes to, unless the signal is aborted before: the work itself goes on. @throws FishplateError `CANCELLED`. */
export async function orCancelled<Result>(
  work: Promise<Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  if (signal === undefined) return work;
  let stop = (): void => undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(cancelled(signal));
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function cancelled({ reason }: AbortSignal): FishplateError {
  return RUNTIME_CODES.error('CANCELLED', 'the call was cancelled', { cause: reason });
}
