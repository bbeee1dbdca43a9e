/** The one shape of a tool, and what it is given to work with. */

import type { EngineChoice } from '@fishplate/engine';
import type { z } from 'zod';

import type { CommandHost } from '../commands/command-host.js';
import type { Confirm } from '../commands/confirmation.js';
import type { ResolvedConfig } from '../config/schema.js';
import type { Memory } from '../memory/memory.js';
import type { Session } from '../session/session.js';
import type { WriteLock } from '../session/write-lock.js';
import type { WorkspaceSymbols } from '../symbols/workspace-symbols.js';
import type { FileAccess } from '../workspace/file-access.js';

/** Hints to hosts, as the Model Context Protocol defines them. */
export interface ToolAnnotations {
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  readonly openWorldHint: boolean;
}

/** Told now and then how far a long call is; `total` is null while unknown. */
export type ProgressListener = (progress: { done: number; total: number | null; message: string }) => void;

/** The engines asked for. */
export type TrackEngines = Readonly<Record<keyof ResolvedConfig['engines'], EngineChoice>>;

/** What a tool works with. */
export interface ToolContext {
  readonly files: FileAccess;
  readonly config: ResolvedConfig;
  readonly session: Session;
  readonly memory: Memory;
  readonly symbols: WorkspaceSymbols;
  /** Names the call in the log. */
  readonly callId: string;
  readonly lock: WriteLock;
  readonly commands: CommandHost;
  /** Asks the person; undefined where nobody can be asked. */
  readonly confirm: Confirm | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ProgressListener | undefined;
  /** What to pass to each track's library as `engine`. */
  readonly asked: TrackEngines;
  /** Which engine answers, for results. */
  readonly trackEngines: { readonly json: () => string; readonly tokenizer: () => string };
}

/** Which engine did which part, for example `{ files: 'node-fs', diff: 'native' }`. */
export type EnginesUsed = Readonly<Record<string, string>>;

/** A call that did what it was asked. */
export interface ToolSuccess<Data> {
  readonly ok: true;
  readonly data: Data;
  /** For a model to read. */
  readonly text: string;
  /** One line, for timelines. */
  readonly summary: string;
  readonly engines: EnginesUsed;
  /** Number of the step, where files were changed; `diff` and `undo` count in these. */
  readonly step?: number;
}

/** A call that was sound, and could not be done here: nothing was changed. */
export interface ToolRefusal {
  readonly ok: false;
  /** A code of docs/errors.md. */
  readonly code: string;
  readonly message: string;
  /** What to do next. */
  readonly hint: string;
  readonly text: string;
  readonly summary: string;
  readonly engines: EnginesUsed;
  /** Particulars, such as what became of each hunk. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** What a tool answers. */
export type ToolOutcome<Data> = ToolSuccess<Data> | ToolRefusal;

/** A tool as it is declared, before a runtime binds it to a workspace. */
export interface ToolDefinition<
  Name extends string = string,
  Input extends z.ZodObject = z.ZodObject,
  Data extends z.ZodObject = z.ZodObject,
> {
  readonly name: Name;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: Input;
  /** Shape of `data` in a success. */
  readonly dataSchema: Data;
  readonly annotations: ToolAnnotations;
  execute(input: z.output<Input>, context: ToolContext): Promise<ToolOutcome<z.output<Data>>>;
}

/** Declares a tool; exists for its type inference. */
export function defineTool<const Name extends string, Input extends z.ZodObject, Data extends z.ZodObject>(
  tool: ToolDefinition<Name, Input, Data>,
): ToolDefinition<Name, Input, Data> {
  return tool;
}

/** Annotations of a tool that only looks. */
export const READS: ToolAnnotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};

/** Annotations of a tool that changes files of the workspace; twice is not the same as once. */
export const CHANGES: ToolAnnotations = {
  readOnlyHint: false,
  destructiveHint: true,
  idempotentHint: false,
  openWorldHint: false,
};

/** Annotations of a tool that runs commands: what those do is theirs. */
export const RUNS: ToolAnnotations = {
  readOnlyHint: false,
  destructiveHint: true,
  idempotentHint: false,
  openWorldHint: true,
};
