/** A client's end of a socket to the sidecar: calls, and commands that it is told about. */

import type { Socket } from 'node:net';

import { SANDBOX_CODES, type SandboxCode } from '../codes';
import type { OutputStream } from '../execute/runner';
import type { Decision, Violation } from '../types';
import { frame, Frames, MAX_BODY_BYTES } from './frames';

/** How a command ended, as the sidecar tells it. */
export interface Ended {
  readonly exitCode: number | null;
  /** Its number. */
  readonly signal: number | null;
  readonly limitHit: string | null;
  readonly durationMs: number;
  readonly truncated: boolean;
  readonly violations: readonly Violation[];
}

interface Fault {
  readonly message: string;
  readonly data?: { readonly code?: string; readonly decision?: Decision };
}

/** All that the sidecar writes. */
interface Message {
  readonly id?: number | null;
  readonly result?: unknown;
  readonly error?: Fault;
  readonly method?: string;
  readonly params?: {
    readonly run: number;
    readonly stream?: OutputStream;
    readonly data?: string;
    readonly error?: Fault;
  };
}

interface Waiting<Result> {
  resolve(result: Result): void;
  reject(error: unknown): void;
}

interface Run extends Waiting<Ended> {
  onOutput(stream: OutputStream, chunk: Buffer): void;
  /** Whether all input was taken since the last was sent. */
  isDrained: boolean;
  /** Ends the waiting for that. */
  haveRoom(): void;
}

/** Ends with its socket: whoever waits then is told `SIDECAR_LOST`. Keeps the process alive only while somebody waits. */
export class Connection {
  private readonly frames = new Frames();
  private readonly calls = new Map<number, Waiting<never>>();
  private readonly runs = new Map<number, Run>();
  private last = 0;
  private closed = false;

  /** @param socket - Connected. @param said - What the sidecar has told of itself, for errors. */
  constructor(
    private readonly socket: Socket,
    private readonly said: () => string,
  ) {
    socket.unref();
    socket.on('data', (piece) => this.read(piece));
    // Told of by `close`.
    socket.on('error', () => undefined);
    socket.on('close', () => this.lose());
  }

  get isOpen(): boolean {
    return !this.closed;
  }

  /** Calls a method. @throws FishplateError of the sidecar, `SIDECAR_LOST`, `INPUT_INVALID` for what is too large. */
  call<Result>(method: string, params: object): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      if (this.closed) throw this.lost();
      const id = ++this.last;
      const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method, params }, wellFormed));
      if (body.length > MAX_BODY_BYTES) {
        throw SANDBOX_CODES.error(
          'INPUT_INVALID',
          `the command with its input has ${body.length} bytes as a message, and the sidecar takes ${MAX_BODY_BYTES}`,
        );
      }
      this.calls.set(id, { resolve, reject });
      this.hold();
      this.socket.write(frame(body));
    });
  }

  /** Starts a command. The promise is of its end; `run` names it for `kill`. */
  start(
    params: object,
    onOutput: (stream: OutputStream, chunk: Buffer) => void,
  ): { readonly run: number; readonly ended: Promise<Ended> } {
    const run = ++this.last;
    const ended = new Promise<Ended>((resolve, reject) => {
      this.runs.set(run, { resolve, reject, onOutput, isDrained: false, haveRoom: () => undefined });
      this.call('start', { ...params, run }).catch((error: unknown) => {
        this.settleRun(run)?.reject(error);
      });
    });
    return { run, ended };
  }

  /** Gives a command bytes to read; fulfilled when there is room for more, or the command has ended. */
  async input(run: number, bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; at += INPUT_BYTES) {
      const waiting = this.runs.get(run);
      if (waiting === undefined) return;
      waiting.isDrained = false;
      const data = bytes.subarray(at, at + INPUT_BYTES).toString('base64');
      const { hasRoom } = await this.call<{ hasRoom: boolean }>('input', { run, data });
      // What is told may overtake the answer.
      if (hasRoom || waiting.isDrained || this.runs.get(run) !== waiting) continue;
      await new Promise<void>((resolve) => (waiting.haveRoom = resolve));
    }
  }

  /** There is no more to read for a command. */
  endInput(run: number): void {
    if (this.closed || !this.runs.has(run)) return;
    this.call('input', { run, isLast: true }).catch(() => undefined);
  }

  /** Asks a command to end; its end is told as any other. */
  kill(run: number): void {
    if (this.closed) return;
    // Where the sidecar is lost, the command is told so.
    this.call('kill', { run }).catch(() => undefined);
  }

  end(): void {
    this.socket.destroy();
    this.lose();
  }

  private read(piece: Buffer): void {
    try {
      for (const body of this.frames.take(piece)) this.dispatch(JSON.parse(body.toString()) as Message);
    } catch (error) {
      process.emitWarning(
        `the sandbox sidecar sent what is no message: ${String(error)}`,
        'FishplateSidecarWarning',
      );
      this.end();
    }
  }

  private dispatch({ id, result, error, method, params }: Message): void {
    if (method !== undefined && params !== undefined) {
      const { run, stream, data } = params;
      if (method === 'output' && stream !== undefined && data !== undefined) {
        this.runs.get(run)?.onOutput(stream, Buffer.from(data, 'base64'));
      } else if (method === 'drained') {
        const waiting = this.runs.get(run);
        if (waiting !== undefined) waiting.isDrained = true;
        waiting?.haveRoom();
      } else if (method === 'ended') {
        const waiting = this.settleRun(run);
        if (params.error === undefined) waiting?.resolve(params as unknown as Ended);
        else waiting?.reject(errorOf(params.error));
      }
      return;
    }
    if (typeof id !== 'number') {
      // Before it hangs up, it says why.
      if (error !== undefined) this.rejectAll(errorOf(error));
      return;
    }
    const call = this.calls.get(id);
    this.calls.delete(id);
    this.hold();
    if (error === undefined) call?.resolve(result as never);
    else call?.reject(errorOf(error));
  }

  private settleRun(run: number): Run | undefined {
    const waiting = this.runs.get(run);
    this.runs.delete(run);
    waiting?.haveRoom();
    this.hold();
    return waiting;
  }

  private lose(): void {
    if (this.closed) return;
    this.closed = true;
    this.rejectAll(this.lost());
  }

  private rejectAll(error: Error): void {
    const waiting = [...this.calls.values(), ...this.runs.values()];
    for (const run of this.runs.values()) run.haveRoom();
    this.calls.clear();
    this.runs.clear();
    this.hold();
    for (const one of waiting) one.reject(error);
  }

  private lost(): Error {
    const said = this.said();
    return SANDBOX_CODES.error(
      'SIDECAR_LOST',
      `the connection to the sidecar ended${said === '' ? '' : `: ${said}`}`,
    );
  }

  private hold(): void {
    if (this.calls.size + this.runs.size > 0) this.socket.ref();
    else this.socket.unref();
  }
}

/** Bytes of input in one message. */
const INPUT_BYTES = 1 << 20;

/** Half a surrogate pair is no text elsewhere: as everywhere in Node, U+FFFD takes its place. */
function wellFormed(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return LONE.test(value) ? Buffer.from(value).toString() : value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  if (!Object.keys(value).some((name) => LONE.test(name))) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [Buffer.from(name).toString(), part as unknown]),
  );
}

const LONE = /\p{Surrogate}/u;

function errorOf({ message, data }: Fault): Error {
  const code = data?.code ?? '';
  const known = Object.hasOwn(SANDBOX_CODES.entries, code) ? (code as SandboxCode) : 'ENGINE_FAULT';
  return SANDBOX_CODES.error(known, message, data?.decision && { details: { decision: data.decision } });
}
