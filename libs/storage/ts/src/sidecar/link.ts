/** A connection to a sidecar, held by a thread of its own, so that this one can also wait for an answer. */

import { receiveMessageOnPort, MessageChannel, type MessagePort, Worker } from 'node:worker_threads';

import { errorOf, lost, type Response } from './protocol';

/** What the thread is given. */
export interface LinkData {
  readonly socket: string;
  readonly port: MessagePort;
  /** Raised with each message of the thread. */
  readonly signal: Int32Array;
}

export interface Outgoing {
  readonly id: number;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly attachment: Uint8Array | undefined;
}

/** What the thread tells: an answer, that it is connected, or why there will be no more answers. */
export type Incoming = Response | { readonly connected: true } | { readonly lost: string };

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Calls are made in their order, whether they are waited for here or not. */
export class Link {
  private readonly waiting = new Map<number, Waiting>();
  private last = 0;
  private failure: Error | null = null;
  private onIdle: (() => void) | null = null;

  private constructor(
    private readonly worker: Worker,
    private readonly port: MessagePort,
    private readonly signal: Int32Array,
  ) {
    port.on('message', (message: Incoming) => this.take(message));
    worker.on('error', (error) => this.fail(error.message));
    worker.on('exit', () => this.fail('its connection ended'));
    port.unref();
  }

  /** Connects; null where nobody listens. */
  static async connect(socket: string): Promise<Link | null> {
    const { port1, port2 } = new MessageChannel();
    const signal = new Int32Array(new SharedArrayBuffer(4));
    const workerData: LinkData = { socket, port: port2, signal };
    // From source or compiled, its name differs in its end alone.
    const worker = new Worker(require.resolve('./link-thread'), {
      workerData,
      transferList: [port2],
      stdin: false,
    });
    worker.unref();
    const connected = await new Promise<boolean>((resolve, reject) => {
      const keep = setInterval(() => {}, 1000);
      const end = (settle: () => void) => {
        clearInterval(keep);
        settle();
      };
      worker.once('error', (error) => end(() => reject(error)));
      port1.once('message', (message: Incoming) => end(() => resolve('connected' in message)));
    });
    if (connected) return new Link(worker, port1, signal);
    port1.close();
    await worker.terminate();
    return null;
  }

  /** Calls a method of the sidecar. */
  call<Result>(
    method: string,
    params: Readonly<Record<string, unknown>> = {},
    attachment?: Uint8Array,
  ): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      if (this.failure !== null) {
        reject(this.failure);
        return;
      }
      this.post(method, params, attachment, { resolve: resolve as Waiting['resolve'], reject });
    });
  }

  /** Calls a method and waits for its answer. */
  callSync<Result>(
    method: string,
    params: Readonly<Record<string, unknown>> = {},
    attachment?: Uint8Array,
  ): Result {
    if (this.failure !== null) throw this.failure;
    const outcome: { result?: unknown; error?: Error; isDone?: true } = {};
    this.post(method, params, attachment, {
      resolve: (result) => Object.assign(outcome, { result, isDone: true }),
      reject: (error) => Object.assign(outcome, { error, isDone: true }),
    });
    for (;;) {
      const seen = Atomics.load(this.signal, 0);
      for (
        let next = receiveMessageOnPort(this.port);
        next !== undefined;
        next = receiveMessageOnPort(this.port)
      ) {
        this.take(next.message as Incoming);
      }
      if (outcome.error !== undefined) throw outcome.error;
      if (outcome.isDone) return outcome.result as Result;
      Atomics.wait(this.signal, 0, seen);
    }
  }

  /** Resolves when every call was answered, or has failed. */
  async settled(): Promise<void> {
    if (this.waiting.size > 0) await new Promise<void>((resolve) => (this.onIdle = resolve));
  }

  /** Hangs up; what is not answered fails. */
  async close(): Promise<void> {
    this.fail('it was closed');
    this.port.close();
    await this.worker.terminate();
  }

  private post(
    method: string,
    params: Readonly<Record<string, unknown>>,
    attachment: Uint8Array | undefined,
    waiting: Waiting,
  ): void {
    this.last += 1;
    if (this.waiting.size === 0) this.port.ref();
    this.waiting.set(this.last, waiting);
    const message: Outgoing = { id: this.last, method, params, attachment };
    this.port.postMessage(message);
  }

  private take(message: Incoming): void {
    if ('lost' in message) {
      this.fail(message.lost);
      return;
    }
    if (!('id' in message)) return;
    const waiting = this.waiting.get(message.id);
    this.waiting.delete(message.id);
    if (this.waiting.size === 0) this.rest();
    if (message.error !== undefined) waiting?.reject(errorOf(message.error));
    else waiting?.resolve(message.result);
  }

  private fail(reason: string): void {
    this.failure ??= lost(reason);
    for (const { reject } of this.waiting.values()) reject(this.failure);
    this.waiting.clear();
    this.rest();
  }

  private rest(): void {
    this.port.unref();
    this.onIdle?.();
  }
}
