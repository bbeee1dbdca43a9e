/** Commands and file actions under one policy. */

import { isFishplateError } from '@fishplate/engine';

import { Audit } from './audit';
import { openBackend } from './backend';
import { environmentOf } from './environment';
import { Output } from './execute/output';
import type { Runner, RunOutcome } from './execute/runner';
import { type PolicyEngine, PolicyFiles, type SandboxFiles } from './files';
import { type CheckedCommand, checkCommand, checkOptions, type SandboxOptions, takeOptions } from './options';
import type { SandboxPolicy } from './policy';
import type { Enforcement, ExecOptions, ExecResult } from './types';

/** Runs commands and touches files under a policy; made by {@link createSandbox}. */
export interface Sandbox extends SandboxFiles {
  /** What holds the commands. */
  readonly enforcement: Enforcement;
  /**
   * Runs a command to its end. A command that fails, is ended by a limit or by a signal is a result.
   *
   * @throws FishplateError `COMMAND_NOT_FOUND`, `COMMAND_NOT_EXECUTABLE`, `CWD_INVALID`, `START_FAILED`, `INPUT_INVALID`,
   * `OPTION_INVALID`; the signal's reason; what a stream of input throws.
   */
  execute(command: string, args?: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** Ends what runs, and refuses further calls. */
  close(): Promise<void>;
}

/**
 * Opens a sandbox on a workspace.
 *
 * Never weaker than asked: where nothing here holds `policy.require`, it throws, and `enforcement` says what does hold.
 *
 * @throws FishplateError `POLICY_INVALID`, `WORKSPACE_INVALID`, `GRANT_INVALID`, `OPTION_INVALID`, `ENFORCEMENT_UNAVAILABLE`,
 * `MODE_UNSUPPORTED`, `SIDECAR_UNAVAILABLE`.
 */
export async function createSandbox(options: SandboxOptions): Promise<Sandbox> {
  const taken = takeOptions(options);
  const checked = checkOptions(taken);
  const { policyEngine, runner } = await openBackend(checked, taken);
  return new BoundSandbox(checked.policy, policyEngine, runner, new Audit(checked.actor, taken.audit));
}

class BoundSandbox extends PolicyFiles implements Sandbox {
  constructor(
    private readonly policy: SandboxPolicy,
    policyEngine: PolicyEngine,
    private readonly runner: Runner,
    private readonly records: Audit,
  ) {
    super(policyEngine, records);
  }

  get enforcement(): Enforcement {
    return this.runner.enforcement;
  }

  async execute(
    command: string,
    args: readonly string[] = [],
    options: ExecOptions = {},
  ): Promise<ExecResult> {
    this.checkOpen();
    const checked = checkCommand(this.workspace, command, args, options);
    checked.signal?.throwIfAborted();
    const auditId = this.records.nextId();
    const event = {
      action: 'command',
      command: [command, ...args],
      decision: 'allow',
      rule: 'policy.mode',
      enforcement: this.enforcement,
    } as const;
    const output = new Output(checked.maxOutputBytes);
    let outcome: RunOutcome;
    try {
      outcome = await this.run(checked, output);
    } catch (error) {
      const code = isFishplateError(error) ? error.code : 'CANCELLED';
      this.records.tell({ ...event, status: 'failed', code }, auditId);
      throw error;
    }
    const { exitCode, signal, limitHit, durationMs, violations } = outcome;
    const ended = { exitCode, signal, ...(limitHit === null ? {} : { limitHit }), durationMs, violations };
    this.records.tell({ ...event, status: 'exited', ...ended }, auditId);
    return {
      ...ended,
      stdout: output.bytes('stdout'),
      stderr: output.bytes('stderr'),
      timedOut: limitHit === 'wallMs',
      truncated: output.truncated || outcome.truncated || limitHit === 'outputBytes',
      enforcement: this.enforcement,
      auditId,
    };
  }

  override async close(): Promise<void> {
    await super.close();
    await this.runner.close();
  }

  private run(command: CheckedCommand, output: Output): Promise<RunOutcome> {
    const { onStdout, onStderr, signal, ...request } = command;
    const listeners = { stdout: onStdout, stderr: onStderr };
    // A listener that throws ends the command, and the call with its error.
    const broken = new AbortController();
    return this.runner.run({
      ...request,
      env: environmentOf(this.policy.env, request.env),
      timeoutMs: least(request.timeoutMs, this.policy.limits?.wallMs),
      signal: signal === undefined ? broken.signal : AbortSignal.any([signal, broken.signal]),
      onInputError: (error) => broken.abort(error),
      isListening: onStdout !== undefined || onStderr !== undefined,
      onOutput(stream, chunk) {
        output.take(stream, chunk);
        if (broken.signal.aborted) return;
        try {
          listeners[stream]?.(chunk);
        } catch (error) {
          broken.abort(error);
        }
      },
    });
  }
}

/** The limit that comes first. */
function least(one: number | null, other: number | undefined): number | null {
  if (one === null || other === undefined) return one ?? other ?? null;
  return Math.min(one, other);
}
