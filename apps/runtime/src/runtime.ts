/** Binds the tools to a workspace: `createRuntime`. */

import { randomUUID } from 'node:crypto';

import { chooseEngine, type EngineChoice, type FishplateError, isFishplateError } from '@fishplate/engine';
import type { AuditRecord } from '@fishplate/sandbox';
import { capability as tokenizerCapability } from '@fishplate/tokenizer';
import type { z } from 'zod';

import { throwIfCancelled } from './cancellation.js';
import { type RuntimeCapabilities, reportCapabilities } from './capabilities.js';
import { RUNTIME_CODES } from './codes.js';
import { CommandHost } from './commands/command-host.js';
import type { Confirm } from './commands/confirmation.js';
import { loadConfig } from './config/load.js';
import type { ResolvedConfig, RuntimeConfig } from './config/schema.js';
import { type RuntimeLogger, SILENT_LOGGER } from './logger.js';
import { Session } from './session/session.js';
import type { TimelineEntry } from './session/timeline.js';
import { WriteLock } from './session/write-lock.js';
import { type AnyTool, type ToolName, type ToolNamed, TOOLS } from './tools/index.js';
import { checkInput } from './tools/input-check.js';
import type {
  ProgressListener,
  ToolAnnotations,
  ToolDefinition,
  ToolOutcome,
  TrackEngines,
} from './tools/tool.js';
import type { FileAccess } from './workspace/file-access.js';
import { openWorkspace } from './workspace/node-file-access.js';

/** Options of {@link createRuntime}. */
export interface RuntimeOptions {
  /** Directory to work on; the process's own unless given. Tools reach nothing outside it. */
  readonly workspace?: string;
  /** Wins over `fishplate.config.json` and environment. */
  readonly config?: RuntimeConfig;
  /** Engines for this runtime; wins over everything, `config` included. */
  readonly engines?: { readonly [Track in keyof ResolvedConfig['engines']]?: EngineChoice };
  /** Asked before commands that need a person; without it they are refused. */
  readonly confirm?: Confirm;
  /** Whether `fishplate.config.json` of the workspace may loosen the sandbox; so does `FISHPLATE_TRUST_WORKSPACE=1`. */
  readonly trustWorkspace?: boolean;
  /** A pino logger or one of its shape; silent unless given. Entries hold names, codes and times, never content. */
  readonly logger?: RuntimeLogger;
}

/** Options of one call. */
export interface CallOptions {
  /** Cancels the call: it throws `CANCELLED`, and has changed nothing. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ProgressListener | undefined;
  /** In place of that of the runtime. */
  readonly confirm?: Confirm | undefined;
}

/** What a call answers: the tool's outcome, and the call's own figures. */
export type CallResult<Data = Record<string, unknown>> = ToolOutcome<Data> & {
  readonly tool: string;
  readonly session: string;
  /** Names this call in logs and timeline. */
  readonly callId: string;
  readonly durationMs: number;
};

/** Input of a tool, as callers write it. */
export type ToolInput<Name extends ToolName> = z.input<ToolNamed<Name>['inputSchema']>;

/** Data that a tool answers. */
export type ToolData<Name extends ToolName> = z.output<ToolNamed<Name>['dataSchema']>;

/** Calls tools. */
export interface Caller {
  /**
   * Calls a tool.
   *
   * @returns The outcome; what cannot be done (no match, no such file) is `ok: false` with code and hint.
   * @throws FishplateError for malformed input, limits, refused paths, faults, and `CANCELLED`.
   */
  call<Name extends ToolName>(
    name: Name,
    input: ToolInput<Name>,
    options?: CallOptions,
  ): Promise<CallResult<ToolData<Name>>>;
  /** Calls a tool whose name is known only when the program runs. */
  call<Name extends string>(
    name: Name extends ToolName ? never : Name,
    input: unknown,
    options?: CallOptions,
  ): Promise<CallResult>;
}

/** A line of work with undo, diff and timeline of its own. */
export interface SessionHandle extends Caller {
  readonly id: string;
  /** The calls so far, oldest first. */
  timeline(): TimelineEntry[];
}

/** A tool bound to a runtime, in the shape that agent frameworks take. */
export interface Tool {
  readonly name: ToolName;
  readonly title: string;
  readonly description: string;
  /** zod 4 schema of the input. */
  readonly inputSchema: z.ZodObject;
  /** zod 4 schema of `data` in a success. */
  readonly dataSchema: z.ZodObject;
  readonly annotations: ToolAnnotations;
  execute(input: unknown, options?: CallOptions): Promise<CallResult>;
}

/** Tools on a workspace. */
export interface Runtime extends Caller {
  /** Absolute path, free of symbolic links. */
  readonly workspace: string;
  readonly tools: readonly Tool[];
  /** The session of this id, made on first use; without an id a new one. {@link Caller.call} uses `main`. */
  session(id?: string): SessionHandle;
  /** What the sandbox decided and ran, oldest first; of a long run the latest 10,000. */
  audit(): AuditRecord[];
  /** Which engine each track uses, and why. */
  capabilities(): RuntimeCapabilities;
  /** Waits for calls that are writing, then refuses further ones and lets go of what undo kept. */
  close(): Promise<void>;
}

const MAIN_SESSION = 'main';

/** Audit records that are kept, at least. */
const MAX_RECORDS = 10_000;

/**
 * Opens a workspace.
 *
 * @throws FishplateError `WORKSPACE_INVALID`, `CONFIG_UNREADABLE`, `CONFIG_INVALID`, `ENGINE_CHOICE_INVALID`.
 */
export function createRuntime(options: RuntimeOptions = {}): Runtime {
  const files = openWorkspace(options.workspace ?? process.cwd());
  const { config: call, trustWorkspace } = options;
  const loaded = loadConfig({ workspace: files.root, call, trustWorkspace });
  const asked = <Track extends keyof ResolvedConfig['engines']>(track: Track) => {
    const { file, call } = loaded.engines[track];
    return { file, call: options.engines?.[track] ?? call };
  };
  const engines = {
    diff: asked('diff'),
    gitignore: asked('gitignore'),
    sandbox: asked('sandbox'),
    tokenizer: asked('tokenizer'),
  };
  return new BoundRuntime(files, { ...loaded, engines }, options.logger ?? SILENT_LOGGER, options.confirm);
}

class BoundRuntime implements Runtime {
  readonly tools: readonly Tool[];
  private readonly sessions = new Map<string, Session>();
  private readonly lock = new WriteLock();
  private readonly commands: CommandHost;
  private readonly records: AuditRecord[] = [];
  private closed = false;

  constructor(
    private readonly files: FileAccess,
    private readonly config: ResolvedConfig,
    private readonly logger: RuntimeLogger,
    private readonly confirm: Confirm | undefined,
  ) {
    this.commands = new CommandHost(files.root, config, (record) => this.note(record));
    // A wrong word should show at once, not at the first call.
    this.asked();
    this.tools = TOOLS.map(({ name, title, description, inputSchema, dataSchema, annotations }) => ({
      name,
      title,
      description,
      inputSchema,
      dataSchema,
      annotations,
      execute: (input, options) => this.callIn(MAIN_SESSION, name, input, options),
    }));
  }

  get workspace(): string {
    return this.files.root;
  }

  call(name: string, input: unknown, options?: CallOptions): Promise<CallResult<never>> {
    return this.callIn(MAIN_SESSION, name, input, options) as Promise<CallResult<never>>;
  }

  session(id: string = randomUUID()): SessionHandle {
    const call = (name: string, input: unknown, options?: CallOptions): Promise<CallResult<never>> =>
      this.callIn(id, name, input, options) as Promise<CallResult<never>>;
    return { id, call, timeline: () => this.sessionOf(id).timeline.entries() };
  }

  audit(): AuditRecord[] {
    return [...this.records];
  }

  capabilities(): RuntimeCapabilities {
    return reportCapabilities(this.files.root, this.config);
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.commands.close();
    await this.lock.idle();
    this.sessions.clear();
  }

  private note(record: AuditRecord): void {
    this.records.push(record);
    if (this.records.length > 2 * MAX_RECORDS) this.records.splice(0, MAX_RECORDS);
  }

  private sessionOf(id: string): Session {
    let session = this.sessions.get(id);
    if (session === undefined) {
      session = new Session(id, this.config.undo.budgetBytes);
      this.sessions.set(id, session);
    }
    return session;
  }

  private async callIn(
    id: string,
    name: string,
    input: unknown,
    options: CallOptions = {},
  ): Promise<CallResult> {
    if (this.closed) throw RUNTIME_CODES.error('RUNTIME_CLOSED', 'the runtime has been closed');
    const tool = TOOLS.find((candidate) => candidate.name === name);
    if (tool === undefined) throw unknownTool(name);
    const session = this.sessionOf(id);
    const callId = randomUUID();
    const sequence = session.timeline.start(callId, tool.name);
    const started = performance.now();
    try {
      const outcome = await this.execute(tool, session, input, options);
      const durationMs = performance.now() - started;
      const { ok, engines, summary } = outcome;
      const rest = ok ? (outcome.step === undefined ? {} : { step: outcome.step }) : { code: outcome.code };
      const auditId = ok ? outcome.data['auditId'] : undefined;
      session.timeline.finish(sequence, {
        ...(typeof auditId === 'string' ? { auditId } : {}),
        status: ok ? 'ok' : 'refused',
        engines,
        summary,
        durationMs,
        ...rest,
      });
      this.logger.info({ callId, session: id, tool: name, ok, durationMs, engines, ...rest }, 'call');
      return { ...outcome, tool: name, session: id, callId, durationMs };
    } catch (cause) {
      const error = codedError(cause, tool.name, options.signal);
      const durationMs = performance.now() - started;
      const { code, message } = error;
      session.timeline.finish(sequence, {
        status: 'failed',
        engines: {},
        summary: `${code}: ${message}`,
        code,
        durationMs,
      });
      this.logger.warn({ callId, session: id, tool: name, code, durationMs }, 'call failed');
      throw error;
    }
  }

  private execute(
    tool: AnyTool,
    session: Session,
    input: unknown,
    { signal, onProgress, confirm = this.confirm }: CallOptions,
  ): Promise<ToolOutcome<Record<string, unknown>>> {
    throwIfCancelled(signal);
    // The tools' inputs have no type in common; each has just been checked by its own schema.
    const declared: ToolDefinition = tool;
    const checked = checkInput(declared, input, this.config.limits.maxInputBytes);
    const { files, config, lock, commands } = this;
    const asked = this.asked();
    const trackEngines = {
      tokenizer: () => tokenizerCapability({ call: asked.tokenizer }).engine ?? 'none',
    };
    const context = {
      files,
      config,
      lock,
      commands,
      session,
      signal,
      onProgress,
      confirm,
      asked,
      trackEngines,
    };
    return declared.execute(checked, context);
  }

  /** Environment over config file, both under the caller: decided anew for each call, as the library does. */
  private asked(): TrackEngines {
    const choose = (track: keyof TrackEngines): EngineChoice => {
      const { file, call } = this.config.engines[track];
      return chooseEngine({ track, config: file, call }).asked;
    };
    return {
      diff: choose('diff'),
      gitignore: choose('gitignore'),
      sandbox: choose('sandbox'),
      tokenizer: choose('tokenizer'),
    };
  }
}

function unknownTool(name: string): FishplateError {
  const names = TOOLS.map((tool) => tool.name).join(', ');
  return RUNTIME_CODES.error(
    'TOOL_UNKNOWN',
    `${JSON.stringify(String(name).slice(0, 100))} is none of ${names}`,
  );
}

function codedError(cause: unknown, tool: string, signal: AbortSignal | undefined): FishplateError {
  if (signal?.aborted && (cause === signal.reason || (cause as Error | undefined)?.name === 'AbortError')) {
    return RUNTIME_CODES.error('CANCELLED', 'the call was cancelled', { cause });
  }
  if (isFishplateError(cause)) return cause;
  return RUNTIME_CODES.error(
    'TOOL_FAULT',
    `${tool} failed: ${(cause as Error | undefined)?.message ?? String(cause)}`,
    { cause },
  );
}
