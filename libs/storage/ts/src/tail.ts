/** Following a log as it grows. */

import type { EngineCursor } from './engine';
import { EventIterator } from './replay';
import type { StoredEvent } from './types';

/** How often a reader looks for what a writer in another process appended, in ms: at first, and when nothing came for long. */
const SOONEST = 2;
const LATEST = 25;

/** What a tail needs of its store. */
export interface Followed {
  /** Whether events come from this handle, and not from another process. */
  readonly isWriter: boolean;
  readonly isClosed: boolean;
  follow(): EngineCursor;
  /** Calls `wake` when events were appended, and when the store closes; the result ends that. */
  onChange(wake: () => void): () => void;
}

/** Events as they come, until the signal aborts (it throws the reason) or the store closes (it ends). */
export async function* tail(store: Followed, signal: AbortSignal | undefined): AsyncGenerator<StoredEvent> {
  signal?.throwIfAborted();
  const cursor = store.follow();
  let pause = SOONEST;
  while (!store.isClosed) {
    let came = false;
    for (const event of new EventIterator(cursor)) {
      came = true;
      yield event;
      signal?.throwIfAborted();
      if (store.isClosed) return;
    }
    pause = came ? SOONEST : Math.min(1.5 * pause, LATEST);
    // What came while the last event was looked at is found without waiting.
    if (!came) await change(store, pause, signal);
    signal?.throwIfAborted();
  }
}

/** Resolves when something may have changed, or the signal aborts. */
function change(store: Followed, pause: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      release();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    // A writer is told; its timer only keeps the process as long as somebody waits.
    const timer = setTimeout(end, store.isWriter ? 2 ** 31 - 1 : pause);
    const release = store.onChange(end);
    signal?.addEventListener('abort', end, { once: true });
  });
}
