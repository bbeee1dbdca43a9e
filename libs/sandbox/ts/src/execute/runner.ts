/** What all ways of running a command have in common. */

import type { Enforcement, Violation } from '../types';

/** A command whose options have been checked. */
export interface RunRequest {
  readonly command: string;
  readonly args: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  readonly stdin: Buffer | AsyncIterable<string | Uint8Array> | null;
  /** Told where a stream of input throws; aborts `signal`. */
  readonly onInputError: (error: unknown) => void;
  /** All variables that the command gets; the runner adds those of a proxy. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number | null;
  readonly maxOutputBytes: number;
  readonly signal: AbortSignal;
  /** Whether somebody wants output while the command runs; else it may come at the end, cut to `maxOutputBytes`. */
  readonly isListening: boolean;
  readonly onOutput: (stream: OutputStream, chunk: Buffer) => void;
}

export type OutputStream = 'stdout' | 'stderr';

/** How it ended; the output has gone to the listener. */
export interface RunOutcome {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly limitHit: string | null;
  /** Whether the runner itself dropped output. */
  readonly truncated: boolean;
  readonly durationMs: number;
  readonly violations: readonly Violation[];
}

/** One way of running commands. */
export interface Runner {
  readonly enforcement: Enforcement;
  /** Rejects where the command could not be started, and with the signal's reason where that aborts. */
  run(request: RunRequest): Promise<RunOutcome>;
  /** Ends what runs. */
  close(): Promise<void>;
}
