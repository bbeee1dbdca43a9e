/** A lock that lets one writer at a time through, in the order of asking. */

import { throwIfCancelled } from '../cancellation.js';

/** Serialises changes to one workspace within one runtime. */
export class WriteLock {
  private tail: Promise<unknown> = Promise.resolve();

  /** Runs `work` once everyone who asked before is done. A cancelled wait never runs it. */
  run<Result>(work: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    const turn = this.tail.then(() => {
      throwIfCancelled(signal);
      return work();
    });
    this.tail = turn.catch(() => undefined);
    return turn;
  }

  /** Settles when nobody holds the lock or waits for it. */
  async idle(): Promise<void> {
    await this.tail;
  }
}
