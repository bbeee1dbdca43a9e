/** Syncs that are shared by all who wait for one. */

import type { Done } from '../engine';
import type { Log } from './log';

interface Waiter {
  readonly segment: number;
  readonly offset: number;
  readonly done: Done;
}

export class Committer {
  private waiters: Waiter[] = [];
  private isRunning = false;
  private idle: (() => void)[] = [];

  constructor(private readonly log: Log) {}

  /** Calls back, never at once, when all that was pushed so far is on the disk, or cannot be put there. */
  wait(done: Done): void {
    this.waiters.push({ segment: this.log.segment, offset: this.log.position.offset, done });
    if (this.isRunning) return;
    this.isRunning = true;
    // Those who come in the same turn join.
    setImmediate(this.run);
  }

  /** Resolves when nobody waits any more. */
  async ended(): Promise<void> {
    if (this.isRunning) await new Promise<void>((resolve) => this.idle.push(resolve));
  }

  private readonly run = (): void => {
    if (this.waiters.length === 0) {
      this.isRunning = false;
      for (const resolve of this.idle.splice(0)) resolve();
      return;
    }
    const { log } = this;
    try {
      log.writeOut();
      const active = log.writing();
      const { segment: number } = log;
      const { written } = active;
      if (written <= active.synced) {
        this.settle(number, written);
        return;
      }
      active.file.sync((error) => {
        if (error !== null) {
          this.fail(log.poison('sync', log.paths.segment(number), error));
          return;
        }
        active.synced = Math.max(active.synced, written);
        this.settle(number, written);
      });
    } catch (error) {
      this.fail(error as Error);
    }
  };

  /** Tells those who waited for a place up to this one. */
  private settle(segment: number, offset: number): void {
    const isLater = (it: Waiter): boolean =>
      it.segment > segment || (it.segment === segment && it.offset > offset);
    const rest = this.waiters.filter(isLater);
    const done = this.waiters.filter((waiter) => !isLater(waiter));
    this.waiters = rest;
    for (const waiter of done) waiter.done();
    setImmediate(this.run);
  }

  private fail(error: Error): void {
    for (const waiter of this.waiters.splice(0)) waiter.done(error);
    setImmediate(this.run);
  }
}
