/** Native walks that run: what ends them from outside. */

import { coded, type GitignoreNative } from './native';

type Control = InstanceType<GitignoreNative['WalkControl']>;

/** All walks that run. */
const running = new Set<Control>();

/** The walks that a signal ends: it has one listener, however many they are. */
const bySignal = new WeakMap<AbortSignal, { controls: Set<Control>; listener: () => void }>();

/** A walk that ends when its signal aborts, when a callback throws, and when the process exits. */
export class Running {
  private failure: { readonly error: unknown } | null = null;

  constructor(
    readonly control: Control,
    private readonly signal: AbortSignal | undefined,
  ) {
    if (running.size === 0) process.on('exit', cancelAll);
    running.add(control);
    if (signal !== undefined) listen(signal, control);
  }

  /** Runs a callback of the caller's outside his stack; what it throws ends the walk and is thrown by {@link ask}. */
  attempt(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.failure ??= { error };
      this.control.cancel();
    }
  }

  /** What the binding answers; of several reasons for its failure the first one. */
  async ask<Answer>(work: () => Answer): Promise<Awaited<Answer>> {
    let answer: Awaited<Answer>;
    try {
      answer = await work();
    } catch (error) {
      this.throwIfEnded();
      throw coded(error);
    }
    this.throwIfEnded();
    return answer;
  }

  /** Lets go of signal and process. */
  release(): void {
    running.delete(this.control);
    if (running.size === 0) process.removeListener('exit', cancelAll);
    const known = this.signal && bySignal.get(this.signal);
    if (known === undefined) return;
    known.controls.delete(this.control);
    if (known.controls.size > 0) return;
    this.signal!.removeEventListener('abort', known.listener);
    bySignal.delete(this.signal!);
  }

  private throwIfEnded(): void {
    this.signal?.throwIfAborted();
    if (this.failure !== null) throw this.failure.error;
  }
}

function listen(signal: AbortSignal, control: Control): void {
  let known = bySignal.get(signal);
  if (known === undefined) {
    const controls = new Set<Control>();
    const listener = (): void => controls.forEach((one) => one.cancel());
    known = { controls, listener };
    bySignal.set(signal, known);
    signal.addEventListener('abort', listener, { once: true });
  }
  known.controls.add(control);
}

/** Node waits for the threads of its pool. */
function cancelAll(): void {
  for (const control of running) control.cancel();
}
