/** Binds the tools to a workspace: `createRuntime`. */

import { randomUUID } from 'node:crypto';

import { chooseEngine, type EngineChoice, type FishplateError, isFishplateError } from '@fishplate/engine';
import {
  type AuditRecord,
  capability as sandboxCapability,
  openFiles,
  type SandboxFiles,
} from '@fishplate/sandbox';
import { hashJson, capability as jsonCapability } from '@fishplate/json';
import { capability as tokenizerCapability } from '@fishplate/tokenizer';
import type { Embed } from '@fishplate/vector';
import type { z } from 'zod';

import { throwIfCancelled } from './cancellation.js';
import { type RuntimeCapabilities, reportCapabilities } from './capabilities.js';
import { RUNTIME_CODES } from './codes.js';
import { CommandHost } from './commands/command-host.js';
import type { Confirm } from './commands/confirmation.js';
import { loadConfig } from './config/load.js';
import { ofEachTrack, type ResolvedConfig, type RuntimeConfig } from './config/schema.js';
import { type RuntimeLogger, SILENT_LOGGER } from './logger.js';
import { Memory } from './memory/memory.js';
import type { Checkpoint, SessionEvent } from './session/events.js';
import { createMask, type Mask, maskingLogger } from './session/masking.js';
import type { Session } from './session/session.js';
import { SessionHost } from './session/session-host.js';
import { checkSessionId, newSessionId } from './session/session-id.js';
import { readSessions, type SessionsRead } from './session/session-reader.js';
import { statePath } from './session/state-folder.js';
import type { TimelineEntry } from './session/timeline.js';
import { WriteLock } from './session/write-lock.js';
import { WorkspaceSymbols } from './symbols/workspace-symbols.js';
import { Telemetry } from './telemetry.js';
import { undo } from './tools/undo.js';
import { type AnyTool, type ToolName, type ToolNamed, TOOLS } from './tools/index.js';
import { checkInput } from './tools/input-check.js';
import type {
  ProgressListener,
  ToolAnnotations,
  ToolDefinition,
  ToolOutcome,
  TrackEngines,
} from './tools/tool.js';
import type { ConfirmedFileAccess } from './workspace/file-access.js';
import { workspaceRoot } from './workspace/root.js';
import { openWorkspace } from './workspace/sandbox-file-access.js';

/** Options of {@link createRuntime}. */
export interface RuntimeOptions {
  /** Directory to work on; the process's own unless given. Tools reach nothing outside it. */
  readonly workspace?: string;
  /** Wins over `fishplate.config.json` and environment. */
  readonly config?: RuntimeConfig;
  /** Engines for this runtime; wins over everything, `config` included. */
  readonly engines?: { readonly [Track in keyof ResolvedConfig['engines']]?: EngineChoice };
  /** Session that {@link Caller.call} works in: one that exists goes on. A new one unless given. */
  readonly session?: string;
  /** Asked before commands that need a person; without it they are refused. */
  readonly confirm?: Confirm;
  /** Makes vectors of texts, by which {@link Caller.call} of `recall` finds notes by meaning too; by their words alone without it. */
  readonly embed?: Embed;
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
  /**
   * Names the call in its session: a call with the key of one that ended answers what that one answered, with `replayed`, also in a
   * later process. One that threw, or was cut off with its process, is made again.
   */
  readonly idempotencyKey?: string | undefined;
}

/** What a call answers: the tool's outcome, and the call's own figures. */
export type CallResult<Data = Record<string, unknown>> = ToolOutcome<Data> & {
  readonly tool: string;
  readonly session: string;
  /** Names this call in logs and timeline. */
  readonly callId: string;
  readonly durationMs: number;
  /** True where the answer is that of an earlier call with the same idempotency key. */
  readonly replayed?: boolean;
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
  /** The calls so far, oldest first, also those of earlier processes. */
  timeline(): Promise<TimelineEntry[]>;
  /** Adds a message of the conversation; `restore` takes back those recorded after a checkpoint. Any JSON value. */
  record(message: unknown): Promise<void>;
  /** Messages of the conversation that are in force, oldest first. */
  messages(): Promise<unknown[]>;
  checkpoints(): Promise<Checkpoint[]>;
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
  /** The session that {@link Caller.call} works in. */
  readonly main: SessionHandle;
  /** The session of this id: one that exists in the workspace goes on where it was. Without an id a new one. Made with the first call. */
  session(id?: string): SessionHandle;
  /** The sessions of the workspace, those of other processes too. Writes nothing. */
  sessions(): Promise<SessionsRead>;
  /** What the sandbox decided and ran, oldest first; of a long run the latest 10,000. */
  audit(): AuditRecord[];
  /** Which engine each track uses, and why. */
  capabilities(): RuntimeCapabilities;
  /** Indexes symbols ahead, so that the first call that needs them does not wait for all of it. */
  prepare(): Promise<void>;
  /** Ends jobs, waits for calls that are writing, and closes the sessions, which others may then go on with. */
  close(): Promise<void>;
}

/** Longest summary and input that the log has of a call, in characters. */
const MAX_SUMMARY = 1000;
const MAX_RECORDED_INPUT = 16_384;

/** Audit records that are kept, at least. */
const MAX_RECORDS = 10_000;

/**
 * Opens a workspace.
 *
 * @throws FishplateError `WORKSPACE_INVALID`, `CONFIG_UNREADABLE`, `CONFIG_INVALID`, `ENGINE_CHOICE_INVALID`.
 */
export function createRuntime(options: RuntimeOptions = {}): Runtime {
  const workspace = options.workspace ?? process.cwd();
  const { config: call, trustWorkspace } = options;
  const loaded = loadConfig({ workspace: workspaceRoot(workspace).root, call, trustWorkspace });
  const engines = ofEachTrack((track) => {
    const { file, call } = loaded.engines[track];
    return { file, call: options.engines?.[track] ?? call };
  });
  return new BoundRuntime(workspace, { ...loaded, engines }, options);
}

class BoundRuntime implements Runtime {
  readonly tools: readonly Tool[];
  readonly main: SessionHandle;
  private readonly host: SessionHost;
  private readonly lock = new WriteLock();
  private readonly logger: RuntimeLogger;
  private readonly confirm: Confirm | undefined;
  private readonly mask: Mask = createMask();
  private readonly telemetry = new Telemetry(this.mask);
  private readonly commands: CommandHost;
  private readonly memory: Memory;
  private readonly symbols: WorkspaceSymbols;
  private unrecorded: SandboxFiles | undefined;
  private readonly records: AuditRecord[] = [];
  private readonly inFlight = new Set<Promise<unknown>>();
  private closed = false;
  private readonly files: ConfirmedFileAccess;

  constructor(
    workspace: string,
    private readonly config: ResolvedConfig,
    { logger = SILENT_LOGGER, confirm, embed, session }: RuntimeOptions,
  ) {
    this.files = openWorkspace(workspace, (root) => this.openFiles(root));
    this.logger = maskingLogger(logger, this.mask);
    this.confirm = confirm;
    this.main = this.session(session === undefined ? newSessionId() : checkSessionId(session));
    this.host = new SessionHost({
      files: this.files,
      config,
      logger: this.logger,
      mask: this.mask,
      lock: this.lock,
      asked: () => this.asked(),
    });
    const { root } = this.files;
    this.symbols = new WorkspaceSymbols({
      root,
      mayRead: (path) => this.mayRead(path),
      engines: () => this.asked(),
    });
    this.memory = new Memory({
      state: () => this.host.statePath,
      journals: () => this.host.written,
      engines: () => this.asked(),
      embed,
      logger: this.logger,
    });
    this.commands = new CommandHost(this.files.root, config, (record) => this.note(record));
    // A wrong word should show at once, not at the first call.
    this.asked();
    this.tools = TOOLS.map(({ name, title, description, inputSchema, dataSchema, annotations }) => ({
      name,
      title,
      description,
      inputSchema,
      dataSchema,
      annotations,
      execute: (input, options) => this.callIn(this.main.id, name, input, options),
    }));
  }

  get workspace(): string {
    return this.files.root;
  }

  call(name: string, input: unknown, options?: CallOptions): Promise<CallResult<never>> {
    return this.callIn(this.main.id, name, input, options) as Promise<CallResult<never>>;
  }

  session(id: string = newSessionId()): SessionHandle {
    checkSessionId(id);
    const call = (name: string, input: unknown, options?: CallOptions): Promise<CallResult<never>> =>
      this.callIn(id, name, input, options) as Promise<CallResult<never>>;
    return {
      id,
      call,
      timeline: async () => (await this.sessionOf(id)).timeline.entries(),
      messages: async () => [...(await this.sessionOf(id)).state.messages],
      checkpoints: async () => [...(await this.sessionOf(id)).state.checkpoints.values()],
      record: (message) => this.record(id, message),
    };
  }

  sessions(): Promise<SessionsRead> {
    const state = statePath(this.files.root, this.config.sessions.directory);
    return readSessions(state, this.asked().storage);
  }

  audit(): AuditRecord[] {
    return [...this.records];
  }

  capabilities(): RuntimeCapabilities {
    return reportCapabilities(this.files.root, this.config);
  }

  async prepare(): Promise<void> {
    await this.symbols.ahead();
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.commands.close();
    await this.lock.idle();
    await Promise.allSettled(this.inFlight);
    this.memory.close();
    this.symbols.close();
    await this.host.close();
  }

  private openFiles(workspace: string): { files: SandboxFiles; engine: string } {
    const engine = this.asked().sandbox;
    const { policy } = this.config.sandbox;
    const files = openFiles({ workspace, policy, engine, audit: (record) => this.note(record) });
    return { files, engine: sandboxCapability({ call: engine }).engine ?? 'none' };
  }

  /** Asked of every file that is listed, so it makes no record. */
  private mayRead(path: string): boolean {
    const { policy } = this.config.sandbox;
    this.unrecorded ??= openFiles({ workspace: this.files.root, policy, engine: this.asked().sandbox });
    return this.unrecorded.evaluateFileAction(path, 'read').decision === 'allow';
  }

  private note(record: AuditRecord): void {
    this.records.push(record);
    if (this.records.length > 2 * MAX_RECORDS) this.records.splice(0, MAX_RECORDS);
  }

  private sessionOf(id: string): Promise<Session> {
    if (this.closed) throw RUNTIME_CODES.error('RUNTIME_CLOSED', 'the runtime has been closed');
    return this.host.open(id);
  }

  private async record(id: string, message: unknown): Promise<void> {
    const session = await this.sessionOf(id);
    // A copy, since the caller may go on changing it.
    const text = JSON.stringify({ message: message ?? null });
    const { maxInputBytes } = this.config.limits;
    if (Buffer.byteLength(text) > maxInputBytes) {
      throw RUNTIME_CODES.error('INPUT_TOO_LARGE', `the message has more than ${maxInputBytes} bytes`);
    }
    await session.expect(
      { type: 'message', message: (JSON.parse(text) as { message: unknown }).message },
      'group',
    );
  }

  private async callIn(id: string, name: string, input: unknown, options?: CallOptions): Promise<CallResult> {
    const call = this.callNow(id, name, input, options);
    this.inFlight.add(call);
    try {
      return await call;
    } finally {
      this.inFlight.delete(call);
    }
  }

  private async callNow(
    id: string,
    name: string,
    input: unknown,
    options: CallOptions = {},
  ): Promise<CallResult> {
    if (this.closed) throw RUNTIME_CODES.error('RUNTIME_CLOSED', 'the runtime has been closed');
    const tool = TOOLS.find((candidate) => candidate.name === name);
    if (tool === undefined) throw unknownTool(name);
    const session = await this.sessionOf(id);
    const { idempotencyKey: key } = options;
    if (key === undefined) return this.perform(tool, session, input, options);
    return session.inTurn(key, async () => {
      const recorded = this.recorded(tool, session, key, input);
      if (recorded !== undefined) return recorded;
      return (await this.takeBackHalf(session, key)) ?? this.perform(tool, session, input, options);
    });
  }

  /** What a call with this key changed before its process ended is taken back; a refusal where someone else has changed it since. */
  private async takeBackHalf(session: Session, key: string): Promise<CallResult | undefined> {
    const step = session.halfDone(key);
    if (step === undefined) return undefined;
    const result = await this.perform(undo, session, { steps: 1 }, {});
    return result.ok ? undefined : result;
  }

  /** The answer that was given to a key; undefined where there is none. */
  private recorded(tool: AnyTool, session: Session, key: string, input: unknown): CallResult | undefined {
    const answer = session.answerTo(key);
    if (answer === undefined) return undefined;
    if (answer.inputHash !== hashOfInput(tool, input)) {
      throw RUNTIME_CODES.error(
        'IDEMPOTENCY_KEY_REUSED',
        `the key ${JSON.stringify(key.slice(0, 100))} belongs to another call of this session`,
      );
    }
    if (answer.event?.type !== 'end' || answer.event.outcome === undefined) return undefined;
    const { call, outcome, durationMs } = answer.event;
    const callId = session.timeline.entries().find(({ sequence }) => sequence === call)?.callId ?? '';
    return { ...outcome, tool: tool.name, session: session.id, callId, durationMs, replayed: true };
  }

  /** Makes a call, and records its start and its end. */
  private async perform(
    tool: AnyTool,
    session: Session,
    input: unknown,
    options: CallOptions,
  ): Promise<CallResult> {
    const { name } = tool;
    const [id, callId] = [session.id, randomUUID()];
    const started = performance.now();
    const checked = this.check(tool, input, options.signal);
    const call = session.nextCall();
    const start = { type: 'start', call, callId, tool: name, at: new Date().toISOString() } as const;
    await session.expect({ ...start, ...startedWith(tool, checked, options.idempotencyKey, input) });
    try {
      if ('error' in checked) throw checked.error;
      const { input: given } = checked;
      const outcome = await this.telemetry.measure({ tool: name, callId, session: id }, () =>
        this.execute(tool, session, given, callId, options),
      );
      const durationMs = performance.now() - started;
      const { ok, engines, summary } = outcome;
      const rest = ok ? (outcome.step === undefined ? {} : { step: outcome.step }) : { code: outcome.code };
      const auditId = ok ? outcome.data['auditId'] : undefined;
      const end = {
        type: 'end',
        call,
        ...(typeof auditId === 'string' ? { auditId } : {}),
        status: ok ? 'ok' : 'refused',
        engines,
        summary: summary.slice(0, MAX_SUMMARY),
        durationMs,
        ...rest,
        ...(options.idempotencyKey === undefined ? {} : { key: options.idempotencyKey, outcome }),
      } as const;
      await session.note(end);
      this.logger.info({ callId, session: id, tool: name, ok, durationMs, engines, ...rest }, 'call');
      return { ...outcome, tool: name, session: id, callId, durationMs };
    } catch (cause) {
      const error = codedError(cause, name, options.signal);
      const durationMs = performance.now() - started;
      const { code, message } = error;
      const summary = `${code}: ${message}`.slice(0, MAX_SUMMARY);
      const end = { type: 'end', call, status: 'failed', engines: {}, summary, code, durationMs } as const;
      // The call's own error says more than that its end could not be written.
      await session.note(end).catch(() => undefined);
      this.logger.warn({ callId, session: id, tool: name, code, durationMs }, 'call failed');
      throw error;
    }
  }

  private check(tool: AnyTool, input: unknown, signal: AbortSignal | undefined): CheckedInput {
    try {
      throwIfCancelled(signal);
      // The tools' inputs have no type in common; each has just been checked by its own schema.
      const declared: ToolDefinition = tool;
      return { input: checkInput(declared, input, this.config.limits.maxInputBytes) };
    } catch (error) {
      return { error };
    }
  }

  private async execute(
    tool: AnyTool,
    session: Session,
    input: Record<string, unknown>,
    callId: string,
    { signal, onProgress, confirm = this.confirm }: CallOptions,
  ): Promise<ToolOutcome<Record<string, unknown>>> {
    const { files, config, lock, commands, memory, symbols } = this;
    const asked = this.asked();
    const trackEngines = {
      json: () => jsonCapability({ call: asked.json }).engine ?? 'none',
      tokenizer: () => tokenizerCapability({ call: asked.tokenizer }).engine ?? 'none',
    };
    const context = {
      files: files.asking(confirm),
      config,
      lock,
      commands,
      memory,
      symbols,
      session,
      callId,
      signal,
      onProgress,
      confirm,
      asked,
      trackEngines,
    };
    const declared: ToolDefinition = tool;
    try {
      return await declared.execute(input, context);
    } finally {
      if (!declared.annotations.readOnlyHint) this.symbols.touched();
    }
  }

  /** Environment over config file, both under the caller: decided anew for each call, as the library does. */
  private asked(): TrackEngines {
    return ofEachTrack((track) => {
      const { file, call } = this.config.engines[track];
      return chooseEngine({ track, config: file, call }).asked;
    });
  }
}

/** An input that fits its tool, or why it does not. */
type CheckedInput = { readonly input: Record<string, unknown> } | { readonly error: unknown };

/** What the start of a call has beside its name; a long input is told by its size. */
function startedWith(
  tool: AnyTool,
  checked: CheckedInput,
  key: string | undefined,
  input: unknown,
): Partial<Extract<SessionEvent, { type: 'start' }>> {
  if ('error' in checked) return {};
  const text = JSON.stringify(checked.input);
  const shown =
    text.length <= MAX_RECORDED_INPUT ? checked.input : { cut: true, bytes: Buffer.byteLength(text) };
  return { input: shown, ...(key === undefined ? {} : { key, inputHash: hashOfInput(tool, input) }) };
}

function hashOfInput(tool: AnyTool, input: unknown): string {
  // Of the same text for equal inputs, in whatever order their keys are.
  return hashJson([tool.name, input ?? {}]);
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
