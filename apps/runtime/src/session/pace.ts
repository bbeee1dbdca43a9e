/** How long work on one workspace lets others have their turn. */

import { throwIfCancelled } from '../cancellation.js';

/** The event loop gets its turn after so long. */
const SLICE_MS = 12;

/** Lets others have their turn in long work, and ends it where it was cancelled. */
export class Pace {
  private since = performance.now();

  constructor(private readonly signal: AbortSignal | undefined) {}

  /** Asked before each step: to wait for nothing costs as much as to look at a file. */
  get isDue(): boolean {
    return performance.now() - this.since >= SLICE_MS;
  }

  async breathe(): Promise<void> {
    await new Promise((settle) => setImmediate(settle));
    throwIfCancelled(this.signal);
    this.since = performance.now();
  }
}
