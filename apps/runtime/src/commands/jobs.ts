/** Commands that go on in the background of a session. */

import { randomBytes } from 'node:crypto';

import type { FishplateError } from '@fishplate/engine';
import type { ExecResult } from '@fishplate/sandbox';

import type { CommandChanges } from '../session/session.js';
import type { SpooledOutput } from './spool.js';

/** Jobs that run at once. */
export const MAX_RUNNING = 32;

/** Jobs that are kept after their end; older ones are forgotten. */
const MAX_ENDED = 100;

/** How far a job is. */
export type JobState =
  | { readonly status: 'running' }
  | { readonly status: 'ended'; readonly result: ExecResult; readonly changes: CommandChanges }
  | { readonly status: 'killed' }
  | { readonly status: 'failed'; readonly error: FishplateError };

/** One job. */
export class Job {
  readonly id = `job-${randomBytes(4).toString('hex')}`;
  readonly startedAt = Date.now();
  state: JobState = { status: 'running' };
  private readonly cancel = new AbortController();
  private settle: () => void = () => undefined;
  private readonly settled = new Promise<void>((resolve) => (this.settle = resolve));

  constructor(
    readonly command: string,
    readonly output: SpooledOutput,
  ) {}

  get signal(): AbortSignal {
    return this.cancel.signal;
  }

  end(state: JobState): void {
    this.state = state;
    this.settle();
  }

  /** Ends it with all of its processes. */
  async kill(): Promise<void> {
    this.cancel.abort(new Error('the job was killed'));
    await this.settled;
  }

  /** Waits for its end, at most so long. */
  async wait(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
    await Promise.race([this.settled, timeout]);
    clearTimeout(timer);
  }
}

/** The jobs of a runtime. */
export class Jobs {
  private readonly list = new Map<string, Job>();

  add(job: Job): void {
    const ended = [...this.list.values()].filter(({ state }) => state.status !== 'running');
    for (const old of ended.slice(0, Math.max(0, ended.length - MAX_ENDED))) this.list.delete(old.id);
    this.list.set(job.id, job);
  }

  get running(): number {
    return [...this.list.values()].filter(({ state }) => state.status === 'running').length;
  }

  get(id: string): Job | undefined {
    return this.list.get(id);
  }

  async close(): Promise<void> {
    const running = [...this.list.values()].filter(({ state }) => state.status === 'running');
    await Promise.all(running.map((job) => job.kill()));
  }
}
