/** Native work that runs: what ends it from outside. */

import { coded, type SymbolsNative } from './native';

export type Control = InstanceType<SymbolsNative['ExtractControl']>;

const running = new Set<Control>();

/** Node waits for the threads of its pool. */
function cancelAll(): void {
  for (const control of running) control.cancel();
}

/** Work that ends when its signal aborts, when a callback throws, and when the process exits. */
export class Running {
  private failure: { readonly error: unknown } | null = null;
  private readonly listener = (): void => this.control.cancel();

  constructor(
    private readonly control: Control,
    private readonly signal: AbortSignal | undefined,
  ) {
    if (running.size === 0) process.on('exit', cancelAll);
    running.add(control);
    signal?.addEventListener('abort', this.listener, { once: true });
  }

  /** Runs a callback of the caller's; what it throws ends the work and is thrown by {@link ask}. */
  attempt(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.failure ??= { error };
      this.control.cancel();
    }
  }

  /** What the binding answers; of several reasons for its failure the first one. */
  async ask<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    let answer: Answer;
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
    this.signal?.removeEventListener('abort', this.listener);
  }

  private throwIfEnded(): void {
    this.signal?.throwIfAborted();
    if (this.failure !== null) throw this.failure.error;
  }
}
