/** A child process of Node under the limits that a parent can hold: time, output, and an end for its whole group. */

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

import { SANDBOX_CODES, type SandboxCode } from '../codes';
import { feed } from './feed';
import type { RunOutcome, RunRequest } from './runner';

/** From the polite signal to the other one. */
const GRACE_MS = 500;
/** How long a pipe may be silent once the program has ended: what left its group may hold it open for ever. */
const SILENT_MS = 250;
/** How long it may go on being written to. */
const TALKING_MS = 2000;
/** A longer timer of Node fires at once. */
const LONGEST_TIMER_MS = 0x7fff_ffff;

/** A program to spawn in the place of the command. */
export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Bytes of output after which the program is ended. */
  readonly outputBytes: number | null;
  /** What else is to be done to end it, such as stopping a container; called once. */
  readonly end?: () => void;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** The programs of one sandbox that run. */
export class Children {
  private readonly running = new Map<ChildRun, Promise<unknown>>();

  /** Runs a program to its end. */
  async run(program: Program, request: RunRequest): Promise<RunOutcome> {
    request.signal.throwIfAborted();
    const run = new ChildRun(program, request);
    const ended = run.outcome();
    this.running.set(run, ended);
    try {
      return await ended;
    } finally {
      this.running.delete(run);
    }
  }

  /** Ends what runs, and waits for that. */
  async close(): Promise<void> {
    for (const run of this.running.keys()) run.end(null);
    await Promise.allSettled(this.running.values());
  }
}

class ChildRun {
  private readonly child: Child;
  private readonly started = performance.now();
  private limitHit: string | null = null;
  private printed = 0;
  private isEnding = false;
  private readonly timers = new Set<NodeJS.Timeout>();
  private silence: NodeJS.Timeout | undefined;
  private stopFeed = (): void => undefined;

  /** @throws FishplateError `COMMAND_NOT_FOUND`, `COMMAND_NOT_EXECUTABLE`, `START_FAILED`. */
  constructor(
    private readonly program: Program,
    private readonly request: RunRequest,
  ) {
    const { file, args, cwd, env } = program;
    try {
      // A group of its own, so that all of it can be signalled.
      this.child = spawn(file, args, { cwd, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
    } catch (error) {
      throw startError(error as NodeJS.ErrnoException, request);
    }
  }

  outcome(): Promise<RunOutcome> {
    const { child, request } = this;
    const { signal, timeoutMs, stdin } = request;
    const abort = (): void => this.end(null);
    return new Promise<RunOutcome>((resolve, reject) => {
      child.once('error', (error) => reject(startError(error, request)));
      // Without descriptors left there are no streams, and the error comes.
      if (child.pid === undefined) return;
      signal.addEventListener('abort', abort, { once: true });
      if (timeoutMs !== null) this.after(timeoutMs, () => this.end('wallMs'));
      for (const stream of ['stdout', 'stderr'] as const) {
        child[stream].on('data', (chunk: Buffer) => this.take(stream, chunk));
      }
      // A command that reads none of its input is no fault.
      child.stdin.on('error', () => undefined);
      this.give(stdin);
      child.once('exit', () => this.drain());
      child.once('close', (exitCode, name) => {
        if (signal.aborted) reject(signal.reason as Error);
        else resolve(this.ended(exitCode, name));
      });
    }).finally(() => {
      for (const timer of this.timers) clearTimeout(timer);
      clearTimeout(this.silence);
      this.stopFeed();
      signal.removeEventListener('abort', abort);
    });
  }

  /** Ends the program and all of its group: politely, then for good. */
  end(limit: string | null): void {
    if (this.isEnding) return;
    this.isEnding = true;
    this.limitHit = limit;
    this.program.end?.();
    this.signal('SIGTERM');
    this.after(GRACE_MS, () => this.signal('SIGKILL'));
  }

  private give(input: RunRequest['stdin']): void {
    const { stdin } = this.child;
    if (input === null || Buffer.isBuffer(input)) {
      stdin.end(input ?? undefined);
      return;
    }
    const room = (): Promise<void> =>
      new Promise((resolve) => {
        // Closed: the command has ended, or reads no more.
        const done = (): void => {
          stdin.off('drain', done).off('close', done);
          resolve();
        };
        stdin.once('drain', done).once('close', done);
      });
    const write = (bytes: Buffer): Promise<void> | void =>
      stdin.writable && !stdin.write(bytes) ? room() : undefined;
    const { onInputError } = this.request;
    this.stopFeed = feed(input, { write, end: () => void stdin.end() }, onInputError);
  }

  private take(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    this.printed += chunk.length;
    this.silence?.refresh();
    this.request.onOutput(stream, chunk);
    const { outputBytes } = this.program;
    if (outputBytes !== null && this.printed > outputBytes) this.end('outputBytes');
  }

  /** The program has ended: so does what it left in its group, and the wait for what left that and holds the pipes. */
  private drain(): void {
    this.signal('SIGKILL');
    const { stdout, stderr } = this.child;
    const leave = (): void => {
      stdout.destroy();
      stderr.destroy();
    };
    // Behind a timer that is late, since the host was busy, what is in the pipes comes first.
    const leaveIfSilent = (): void => {
      const { printed } = this;
      setImmediate(() => (this.printed === printed ? leave() : this.silence?.refresh()));
    };
    this.silence = setTimeout(leaveIfSilent, SILENT_MS);
    this.after(TALKING_MS, () => setImmediate(leave));
  }

  private after(ms: number, act: () => void): void {
    this.timers.add(setTimeout(act, Math.min(ms, LONGEST_TIMER_MS)));
  }

  private signal(name: NodeJS.Signals): void {
    const { pid } = this.child;
    if (pid === undefined) return;
    try {
      if (process.platform === 'win32') this.child.kill(name);
      else process.kill(-pid, name);
    } catch {
      // The group is gone.
    }
  }

  private ended(exitCode: number | null, signal: string | null): RunOutcome {
    const { limitHit, started } = this;
    const durationMs = performance.now() - started;
    const reason = `limits.${limitHit} ended the command`;
    return {
      ...{ exitCode, signal, limitHit, durationMs, truncated: false },
      violations: limitHit === null ? [] : [{ kind: 'limit', target: limitHit, reason }],
    };
  }
}

const START_CODES: Readonly<Record<string, SandboxCode>> = {
  ENOENT: 'COMMAND_NOT_FOUND',
  ENOTDIR: 'COMMAND_NOT_FOUND',
  EACCES: 'COMMAND_NOT_EXECUTABLE',
  EPERM: 'COMMAND_NOT_EXECUTABLE',
  ENOEXEC: 'COMMAND_NOT_EXECUTABLE',
};

function startError(cause: NodeJS.ErrnoException, { command, cwd, env }: RunRequest): Error {
  const message = `${command} could not be started in ${cwd}: ${cause.message}`;
  // The system has one word for a missing program and a missing directory.
  if (!isDirectory(cwd)) return SANDBOX_CODES.error('CWD_INVALID', message, { cause });
  const code = START_CODES[cause.code ?? ''] ?? 'START_FAILED';
  // It also says so where a directory of PATH is closed, and none of the others has the command.
  const isSearched = code === 'COMMAND_NOT_EXECUTABLE' && !command.includes('/');
  const isMissing = isSearched && !isInPath(command, env['PATH'] ?? '');
  return SANDBOX_CODES.error(isMissing ? 'COMMAND_NOT_FOUND' : code, message, { cause });
}

function isInPath(command: string, path: string): boolean {
  return path.split(delimiter).some((directory) => existsSync(join(directory, command)));
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
