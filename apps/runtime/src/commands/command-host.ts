/** Runs commands for the tools: the sandbox, the rules, the outputs and the jobs of one runtime. */

import type { EngineChoice } from '@fishplate/engine';
import {
  type AuditRecord,
  createSandbox,
  type ExecResult,
  type Sandbox,
  type SandboxModeFlag,
} from '@fishplate/sandbox';

import type { ResolvedConfig } from '../config/schema.js';
import { Jobs } from './jobs.js';
import { type CommandInput, type Permission, permissionFor } from './permissions.js';
import { Spool, type SpooledOutput } from './spool.js';

/** A command that may run. */
export interface CommandRun extends CommandInput {
  readonly cwd?: string | undefined;
  readonly timeoutMs?: number | undefined;
  readonly stdin?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A command's end, and where its output is. */
export interface CommandEnd {
  readonly result: ExecResult;
  readonly output: SpooledOutput;
}

/** One a runtime; the sandbox is opened with the first command. */
export class CommandHost {
  readonly spool = new Spool();
  readonly jobs = new Jobs();
  private opening: Promise<Sandbox> | null = null;

  constructor(
    private readonly workspace: string,
    private readonly config: ResolvedConfig,
    private readonly onAudit: (record: AuditRecord) => void,
  ) {}

  /** The sandbox. @throws FishplateError `ENFORCEMENT_UNAVAILABLE` and others of createSandbox. */
  sandbox(engine: EngineChoice): Promise<Sandbox> {
    const { mode, policy } = this.config.sandbox;
    this.opening ??= createSandbox({
      workspace: this.workspace,
      policy,
      engine,
      ...(mode === undefined ? {} : { mode: mode satisfies SandboxModeFlag }),
      audit: this.onAudit,
    }).catch((error: unknown) => {
      // Another try may find docker started.
      this.opening = null;
      throw error;
    });
    return this.opening;
  }

  /** What the rules say of a command. Where nothing confines, commands that no rule names are asked about. */
  permission(input: CommandInput, sandbox: Sandbox): Permission {
    const { deny, ask, allow, otherwise } = this.config.permissions;
    const isConfined = sandbox.enforcement.level !== 'none';
    return permissionFor(input, { deny, ask, allow, otherwise: otherwise ?? (isConfined ? 'allow' : 'ask') });
  }

  /** Runs a command to its end. A line without arguments is one for the shell. */
  async run(sandbox: Sandbox, run: CommandRun, output = this.spool.open()): Promise<CommandEnd> {
    const [program, args] = programOf(run);
    try {
      const result = await sandbox.execute(program, args, {
        ...(run.cwd === undefined ? {} : { cwd: run.cwd }),
        ...(run.timeoutMs === undefined ? {} : { timeoutMs: run.timeoutMs }),
        ...(run.stdin === undefined ? {} : { stdin: run.stdin }),
        ...(run.signal === undefined ? {} : { signal: run.signal }),
        maxOutputBytes: 0,
        onStdout: (chunk) => output.write('stdout', chunk),
        onStderr: (chunk) => output.write('stderr', chunk),
      });
      return { result, output };
    } finally {
      output.isOpen = false;
    }
  }

  async close(): Promise<void> {
    await this.jobs.close();
    const sandbox = await this.opening?.catch(() => null);
    await sandbox?.close();
    this.spool.close();
  }
}

function programOf({ command, args }: CommandInput): [string, readonly string[]] {
  if (args !== undefined) return [command, args];
  return process.platform === 'win32'
    ? ['cmd.exe', ['/d', '/s', '/c', command]]
    : ['/bin/sh', ['-c', command]];
}
