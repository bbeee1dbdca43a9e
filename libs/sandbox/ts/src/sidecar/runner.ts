/** Transport `sidecar`: commands are run by a process of their own. */

import { feed } from '../execute/feed';
import type { Runner, RunOutcome, RunRequest } from '../execute/runner';
import { enforcementOf, signalName } from '../native-backend';
import type { CheckedOptions } from '../options';
import type { Enforcement } from '../types';
import type { Connection, Ended } from './connection';
import { type Sidecar, sidecarOf } from './daemon';

/**
 * Opens a sandbox in the sidecar of this process, which is started where it is not there. When the sidecar is lost, what it
 * ran is gone; the next command starts another one.
 *
 * @param sidecar - The daemon's executable.
 * @param helper - The helper's.
 * @param workspace - Free of links.
 * @throws FishplateError `SIDECAR_UNAVAILABLE`, `ENFORCEMENT_UNAVAILABLE`, `POLICY_INVALID`, `WORKSPACE_INVALID`.
 */
export async function openSidecarRunner(
  checked: CheckedOptions,
  sidecar: string,
  helper: string,
  workspace: string,
): Promise<Runner> {
  const { policy, home } = checked;
  const daemon = sidecarOf(sidecar, helper);
  daemon.enter();
  try {
    const sandbox = new RemoteSandbox(daemon, { workspace, policy, home });
    const { enforcement } = await sandbox.session();
    return new SidecarRunner(daemon, sandbox, enforcement);
  } catch (error) {
    daemon.leave();
    throw error;
  }
}

interface Session {
  readonly connection: Connection;
  readonly sandbox: number;
  readonly enforcement: Enforcement;
}

/** A sandbox that is opened again in the place of a sidecar that was lost. */
class RemoteSandbox {
  private opened: Promise<Session> | null = null;

  constructor(
    private readonly daemon: Sidecar,
    private readonly params: object,
  ) {}

  async session(): Promise<Session> {
    const before = this.opened;
    const session = await before?.catch(() => null);
    if (session?.connection.isOpen) return session;
    if (this.opened === before) this.opened = this.open();
    return this.opened ?? this.session();
  }

  /** The session, where there is one that is open. */
  async current(): Promise<Session | null> {
    const session = await this.opened?.catch(() => null);
    return session?.connection.isOpen ? session : null;
  }

  private async open(): Promise<Session> {
    const connection = await this.daemon.connect();
    const { sandbox, enforcement, level } = await connection.call<{
      sandbox: number;
      enforcement: object;
      level: string;
    }>('open', this.params);
    return {
      connection,
      sandbox,
      enforcement: enforcementOf(JSON.stringify(enforcement), JSON.stringify(level)),
    };
  }
}

class SidecarRunner implements Runner {
  private readonly running = new Set<Promise<unknown>>();
  private closed = false;

  constructor(
    private readonly daemon: Sidecar,
    private readonly sandbox: RemoteSandbox,
    readonly enforcement: Enforcement,
  ) {}

  run(request: RunRequest): Promise<RunOutcome> {
    const outcome = this.start(request);
    const settled = outcome.then(
      () => undefined,
      () => undefined,
    );
    this.running.add(settled);
    void settled.then(() => this.running.delete(settled));
    return outcome;
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    try {
      const session = await this.sandbox.current();
      await session?.connection.call('close', { sandbox: session.sandbox });
      await Promise.all(this.running);
    } catch {
      // Lost: then nothing runs.
    } finally {
      this.daemon.leave();
    }
  }

  private async start(request: RunRequest): Promise<RunOutcome> {
    const { signal, stdin, onOutput, command, args, cwd, env, timeoutMs, maxOutputBytes, isListening } =
      request;
    signal.throwIfAborted();
    const { connection, sandbox } = await this.sandbox.session();
    signal.throwIfAborted();
    const isWhole = Buffer.isBuffer(stdin);
    const input = stdin === null ? {} : isWhole ? { stdin: stdin.toString('base64') } : { isOpen: true };
    const limit = timeoutMs === null ? {} : { timeoutMs };
    const params = { sandbox, command, args, cwd, env, maxOutputBytes, isListening, ...input, ...limit };
    const { run, ended } = connection.start(params, onOutput);
    const kill = (): void => connection.kill(run);
    signal.addEventListener('abort', kill, { once: true });
    const sink = {
      write: (bytes: Buffer) => connection.input(run, bytes),
      end: () => connection.endInput(run),
    };
    // Lost with the sidecar, it is the command that tells.
    const onError = (error: unknown): void => {
      if (connection.isOpen) request.onInputError(error);
    };
    const stopFeed = stdin === null || isWhole ? null : feed(stdin, sink, onError);
    try {
      return outcomeOf(await ended);
    } finally {
      stopFeed?.();
      signal.removeEventListener('abort', kill);
      // However it ended, it was the caller who wanted it to.
      signal.throwIfAborted();
    }
  }
}

function outcomeOf({ exitCode, signal, limitHit, truncated, durationMs, violations }: Ended): RunOutcome {
  return { exitCode, signal: signalName(signal), limitHit, truncated, durationMs, violations };
}
