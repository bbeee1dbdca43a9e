/** Commands and file actions under one policy. */

import { isFishplateError } from '@fishplate/engine';

import { Audit } from './audit';
import { SANDBOX_CODES } from './codes';
import { openBackend } from './backend';
import { environmentOf } from './environment';
import { Output } from './execute/output';
import type { Runner, RunOutcome } from './execute/runner';
import {
  type CheckedCommand,
  checkBytes,
  checkCommand,
  checkGrants,
  checkIntent,
  checkMaxBytes,
  checkOptions,
  checkPath,
  type SandboxOptions,
  takeOptions,
} from './options';
import type { SandboxPolicy } from './policy';
import type { ActionIntent, Decision, DirEntry, Enforcement, ExecOptions, ExecResult, Grant } from './types';

/** What decides, and reads and writes files, under a policy. */
export interface PolicyEngine {
  readonly workspace: string;
  evaluate(path: string, intent: ActionIntent): Decision;
  updateGrants(grants: readonly Grant[]): void;
  readFile(path: string, maxBytes: number): Promise<Buffer>;
  writeFile(path: string, data: Buffer): Promise<void>;
  list(path: string): Promise<DirEntry[]>;
}

/** Largest file that `readFile` gives, unless told otherwise. */
const MAX_FILE_BYTES = 256 << 20;

/** Runs commands and touches files under a policy; made by {@link createSandbox}. */
export interface Sandbox {
  /** The workspace, free of symbolic links. */
  readonly workspace: string;
  /** What holds the commands. */
  readonly enforcement: Enforcement;
  /**
   * What the policy and the grants say about an action. Looks at the disk, changes nothing.
   *
   * @throws FishplateError `NAME_INVALID`, `INPUT_INVALID`.
   */
  evaluateFileAction(path: string, intent: ActionIntent): Decision;
  /**
   * Runs a command to its end. A command that fails, is ended by a limit or by a signal is a result.
   *
   * @throws FishplateError `COMMAND_NOT_FOUND`, `COMMAND_NOT_EXECUTABLE`, `CWD_INVALID`, `START_FAILED`, `INPUT_INVALID`,
   * `OPTION_INVALID`; the signal's reason.
   */
  execute(command: string, args?: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** The bytes of a regular file. @throws FishplateError `ACCESS_DENIED`, `FILE_MISSING`, `NOT_A_FILE`, `TOO_LARGE`, ... */
  readFile(path: string, options?: { readonly maxBytes?: number }): Promise<Buffer>;
  /** Replaces or makes a file at once: readers see the old content or the new one. @throws as {@link readFile}, `HARD_LINKED`. */
  writeFile(path: string, data: Uint8Array | string): Promise<void>;
  /** The entries of a directory, sorted by name. @throws as {@link readFile}, `NOT_A_DIRECTORY`. */
  list(path: string): Promise<DirEntry[]>;
  /** Replaces all grants. @throws FishplateError `GRANT_INVALID`; those before stay. */
  updateGrants(grants: readonly Grant[]): void;
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

class BoundSandbox implements Sandbox {
  private closed = false;

  constructor(
    private readonly policy: SandboxPolicy,
    private readonly policyEngine: PolicyEngine,
    private readonly runner: Runner,
    private readonly audit: Audit,
  ) {}

  get workspace(): string {
    return this.policyEngine.workspace;
  }

  get enforcement(): Enforcement {
    return this.runner.enforcement;
  }

  evaluateFileAction(path: string, intent: ActionIntent): Decision {
    this.checkOpen();
    const decision = this.policyEngine.evaluate(checkPath(path), checkIntent(intent));
    const { resolvedPath, rule } = decision;
    this.audit.tell({
      action: intent,
      path: resolvedPath,
      decision: decision.decision,
      rule,
      status: 'asked',
    });
    return decision;
  }

  async execute(
    command: string,
    args: readonly string[] = [],
    options: ExecOptions = {},
  ): Promise<ExecResult> {
    this.checkOpen();
    const checked = checkCommand(this.workspace, command, args, options);
    checked.signal?.throwIfAborted();
    const auditId = this.audit.nextId();
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
      this.audit.tell({ ...event, status: 'failed', code }, auditId);
      throw error;
    }
    const { exitCode, signal, limitHit, durationMs, violations } = outcome;
    const ended = { exitCode, signal, ...(limitHit === null ? {} : { limitHit }), durationMs, violations };
    this.audit.tell({ ...event, status: 'exited', ...ended }, auditId);
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

  async readFile(path: string, options?: { readonly maxBytes?: number }): Promise<Buffer> {
    const maxBytes = checkMaxBytes(options, MAX_FILE_BYTES);
    return this.onFile(path, 'read', (engine) => engine.readFile(path, maxBytes));
  }

  async writeFile(path: string, data: Uint8Array | string): Promise<void> {
    const bytes = checkBytes(data, 'data');
    return this.onFile(path, 'write', (engine) => engine.writeFile(path, bytes));
  }

  async list(path: string): Promise<DirEntry[]> {
    return this.onFile(path, 'list', (engine) => engine.list(path));
  }

  updateGrants(grants: readonly Grant[]): void {
    this.checkOpen();
    this.policyEngine.updateGrants(checkGrants(grants));
    this.audit.tell({ action: 'grants', decision: 'allow', rule: 'host', status: 'done' });
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
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

  /** Does a file action; its record says how it went. */
  private async onFile<Result>(
    path: string,
    intent: ActionIntent,
    act: (engine: PolicyEngine) => Promise<Result>,
  ): Promise<Result> {
    this.checkOpen();
    checkPath(path);
    try {
      const result = await act(this.policyEngine);
      this.audit.tell({ action: intent, path, decision: 'allow', rule: 'policy', status: 'done' });
      return result;
    } catch (error) {
      if (isFishplateError(error)) {
        const decision = error.details?.['decision'] as Decision | undefined;
        const rule = decision?.rule ?? 'policy';
        const record = { action: intent, path: decision?.resolvedPath ?? path, rule } as const;
        if (decision !== undefined)
          this.audit.tell({ ...record, decision: decision.decision, status: 'refused' });
        else this.audit.tell({ ...record, decision: 'allow', status: 'failed', code: error.code });
      }
      throw error;
    }
  }

  private checkOpen(): void {
    if (this.closed) throw SANDBOX_CODES.error('SANDBOX_CLOSED', 'the sandbox has been closed');
  }
}

/** The limit that comes first. */
function least(one: number | null, other: number | undefined): number | null {
  if (one === null || other === undefined) return one ?? other ?? null;
  return Math.min(one, other);
}
