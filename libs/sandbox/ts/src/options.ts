/** Options as callers give them, checked. */

import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, resolve } from 'node:path';

import type { EngineChoice } from '@fishplate/engine';

import { SANDBOX_CODES } from './codes';
import { isUint8Array } from 'node:util/types';
import { isPlainObject, ownFields, ownItems, plainCopy, PlainError } from './plain';
import { checkPolicy, isSound, type SandboxPolicy } from './policy';
import type { ActionIntent, AuditRecord, ExecOptions, FileChange, Grant, SandboxModeFlag } from './types';

/** Options of `createSandbox`. */
export interface SandboxOptions {
  /** The directory that commands work on. */
  readonly workspace: string;
  readonly policy?: SandboxPolicy;
  readonly grants?: readonly Grant[];
  /** Wins over `FISHPLATE_SANDBOX_MODE`; `auto` unless given. */
  readonly mode?: SandboxModeFlag;
  /** `sidecar` runs commands from a process of their own, which survives no client; `inproc` unless given. */
  readonly transport?: 'inproc' | 'sidecar';
  /** Which engine decides and reads files; `auto` unless given. */
  readonly engine?: EngineChoice;
  /** On whose behalf, for the records; `agent` unless given. */
  readonly actor?: string;
  /** Given each decision and execution. */
  readonly audit?: (record: AuditRecord) => void;
  /** Image of mode `docker`. */
  readonly dockerImage?: string;
}

/** Options of `openFiles`. */
export type FilesOptions = Pick<
  SandboxOptions,
  'workspace' | 'policy' | 'grants' | 'engine' | 'actor' | 'audit'
>;

/** Options that have been checked. */
export interface CheckedOptions {
  readonly workspace: string;
  readonly home: string | null;
  readonly policy: SandboxPolicy;
  readonly grants: readonly Grant[];
  readonly actor: string;
}

const INTENTS: readonly ActionIntent[] = [
  'read',
  'write',
  'create',
  'delete',
  'rename',
  'move',
  'list',
  'execute',
];
const OPTIONS = new Set([
  ...['workspace', 'policy', 'grants', 'mode', 'transport'],
  ...['engine', 'actor', 'audit', 'dockerImage'],
]);

/** The options, read once: a getter or a proxy that says something else later is not asked. @throws FishplateError `INPUT_INVALID`. */
export function takeOptions(options: SandboxOptions): SandboxOptions {
  if (typeof options !== 'object' || options === null) {
    throw SANDBOX_CODES.error('INPUT_INVALID', 'createSandbox takes an object with at least a workspace');
  }
  return readable('INPUT_INVALID', () => ownFields(options, 'options')) as unknown as SandboxOptions;
}

/**
 * @param options - As {@link takeOptions} read them.
 * @throws FishplateError `OPTION_INVALID`, `WORKSPACE_INVALID`, `POLICY_INVALID`, `GRANT_INVALID`, `INPUT_INVALID`.
 */
export function checkOptions(options: SandboxOptions): CheckedOptions {
  for (const name of Object.keys(options)) {
    if (!OPTIONS.has(name)) {
      throw SANDBOX_CODES.error(
        'OPTION_INVALID',
        `${name} is no option; options are ${[...OPTIONS].join(', ')}`,
      );
    }
  }
  const { transport = 'inproc', actor = 'agent', audit, dockerImage } = options;
  if (transport !== 'inproc' && transport !== 'sidecar')
    throw invalid('transport', 'inproc or sidecar', transport);
  if (typeof actor !== 'string') throw invalid('actor', 'a string', actor);
  if (audit !== undefined && typeof audit !== 'function') throw invalid('audit', 'a function', audit);
  if (dockerImage !== undefined && !isImage(dockerImage)) {
    throw invalid('dockerImage', 'the name of an image', dockerImage);
  }
  return {
    workspace: checkWorkspace(options.workspace),
    home: homeDirectory(),
    policy: checkPolicy(options.policy ?? {}),
    grants: checkGrants(options.grants ?? []),
    actor,
  };
}

function checkWorkspace(workspace: unknown): string {
  if (!isText(workspace)) {
    throw SANDBOX_CODES.error('INPUT_INVALID', 'workspace must be the path of a directory');
  }
  const absolute = resolve(workspace);
  let isDirectory: boolean;
  try {
    isDirectory = statSync(absolute, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch (cause) {
    const problem = (cause as Error).message;
    throw SANDBOX_CODES.error('WORKSPACE_INVALID', `${absolute} cannot be looked at: ${problem}`, { cause });
  }
  if (isDirectory) return absolute;
  throw SANDBOX_CODES.error('WORKSPACE_INVALID', `${absolute} is no directory, or not there`);
}

/** Null for a user whom the system does not know. */
function homeDirectory(): string | null {
  try {
    return homedir() || null;
  } catch {
    return null;
  }
}

function isImage(name: unknown): boolean {
  return typeof name === 'string' && /^\w[\w./:@-]*$/.test(name);
}

/** @throws FishplateError `code` where what a caller gave cannot be read. */
function readable<Result>(code: 'GRANT_INVALID' | 'INPUT_INVALID', read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof PlainError)) throw error;
    throw SANDBOX_CODES.error(code, error.message, { cause: error.cause });
  }
}

/** A copy of grants that have been checked. @throws FishplateError `GRANT_INVALID`. */
export function checkGrants(grants: unknown): Grant[] {
  const copies = readable('GRANT_INVALID', () => plainCopy(grants, 'grants'));
  if (!Array.isArray(copies)) throw grantError('grants must be an array');
  return copies.map((copy: unknown, index) => {
    if (!isPlainObject(copy)) throw grantError(`grants[${index}] must be a plain object`);
    const { path, intents, recursive, id, expiresAtMs, ...rest } = copy as Record<string, unknown>;
    const [unknown] = Object.keys(rest);
    if (unknown !== undefined) throw grantError(`grants[${index}].${unknown} is not known`);
    if (!isText(path)) throw grantError(`grants[${index}].path must be a path`);
    if (!Array.isArray(intents) || intents.length === 0 || !intents.every(isIntent)) {
      throw grantError(`grants[${index}].intents must name one or more of ${INTENTS.join(', ')}`);
    }
    if (recursive !== undefined && typeof recursive !== 'boolean') {
      throw grantError(`grants[${index}].recursive must be true or false`);
    }
    if (id !== undefined && !isId(id)) {
      throw grantError(`grants[${index}].id must have 1 to ${MOST_ID_BYTES} bytes and no control character`);
    }
    if (expiresAtMs !== undefined && !isCount(expiresAtMs, 0)) {
      throw grantError(`grants[${index}].expiresAtMs must be milliseconds since 1970`);
    }
    return copy as Grant;
  });
}

/** As in the core. */
const MOST_ID_BYTES = 200;

function isId(id: unknown): boolean {
  return isText(id) && Buffer.byteLength(id) <= MOST_ID_BYTES && !/\p{Cc}/u.test(id);
}

function grantError(message: string): Error {
  return SANDBOX_CODES.error('GRANT_INVALID', message);
}

/** @throws FishplateError `INPUT_INVALID`. */
export function checkIntent(intent: unknown): ActionIntent {
  if (isIntent(intent)) return intent;
  throw SANDBOX_CODES.error('INPUT_INVALID', `intent must be one of ${INTENTS.join(', ')}`);
}

function isIntent(word: unknown): word is ActionIntent {
  return INTENTS.includes(word as ActionIntent);
}

/** @throws FishplateError `INPUT_INVALID`. */
export function checkPath(path: unknown): string {
  if (typeof path === 'string') return path;
  throw SANDBOX_CODES.error('INPUT_INVALID', `path must be a string, and is of type ${typeof path}`);
}

/** Content as bytes; a string as UTF-8. @throws FishplateError `INPUT_INVALID`. */
export function checkBytes(data: unknown, name: string): Buffer {
  if (typeof data === 'string') return Buffer.from(data);
  if (isUint8Array(data)) {
    // Copied: the caller may go on writing into its own while ours is being read.
    return Buffer.from(data);
  }
  throw SANDBOX_CODES.error(
    'INPUT_INVALID',
    `${name} must be a string or a Uint8Array, and is ${typeof data}`,
  );
}

/** A command that has been checked. */
export interface CheckedCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  readonly stdin: Buffer | AsyncIterable<string | Uint8Array> | null;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number | null;
  readonly maxOutputBytes: number;
  readonly signal: AbortSignal | undefined;
  readonly onStdout: ((chunk: Buffer) => void) | undefined;
  readonly onStderr: ((chunk: Buffer) => void) | undefined;
}

/** What a result keeps of each stream unless the call says otherwise. */
const DEFAULT_OUTPUT_BYTES = 8 << 20;

const EXEC_OPTIONS = new Set([
  ...['cwd', 'stdin', 'env', 'timeoutMs', 'maxOutputBytes'],
  ...['signal', 'onStdout', 'onStderr'],
]);

/** @throws FishplateError `INPUT_INVALID`, `OPTION_INVALID`. */
export function checkCommand(
  workspace: string,
  command: unknown,
  args: unknown,
  options: ExecOptions,
): CheckedCommand {
  if (!isText(command)) {
    throw SANDBOX_CODES.error('INPUT_INVALID', 'command must be a string, not empty and without a NUL');
  }
  if (typeof options !== 'object' || options === null) {
    throw SANDBOX_CODES.error('INPUT_INVALID', 'options must be an object');
  }
  const own: ExecOptions = readable('INPUT_INVALID', () => ownFields(options, 'options'));
  for (const name of Object.keys(own)) {
    if (!EXEC_OPTIONS.has(name)) throw invalid('options', [...EXEC_OPTIONS].join(', '), name);
  }
  const { cwd = workspace, stdin, timeoutMs, signal, onStdout, onStderr } = own;
  const { maxOutputBytes = DEFAULT_OUTPUT_BYTES } = own;
  if (!isText(cwd)) throw invalid('cwd', 'the path of a directory', cwd);
  if (timeoutMs !== undefined && !isCount(timeoutMs, 1))
    throw invalid('timeoutMs', 'a whole number from 1', timeoutMs);
  if (!isCount(maxOutputBytes, 0)) throw invalid('maxOutputBytes', 'a whole number from 0', maxOutputBytes);
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalid('signal', 'an AbortSignal', signal);
  for (const [name, listener] of Object.entries({ onStdout, onStderr })) {
    if (listener !== undefined && typeof listener !== 'function') throw invalid(name, 'a function', listener);
  }
  return {
    command,
    args: checkArguments(args),
    cwd: isAbsolute(cwd) ? cwd : resolve(workspace, cwd),
    stdin: stdin === undefined ? null : isStream(stdin) ? stdin : checkBytes(stdin, 'stdin'),
    env: checkVariables(own.env),
    timeoutMs: timeoutMs ?? null,
    maxOutputBytes,
    signal,
    onStdout,
    onStderr,
  };
}

function isStream(value: unknown): value is AsyncIterable<string | Uint8Array> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** Copies of changes that have been checked. @throws FishplateError `INPUT_INVALID`. */
export function checkChanges(changes: unknown): FileChange[] {
  if (!Array.isArray(changes)) throw SANDBOX_CODES.error('INPUT_INVALID', 'changes must be an array');
  return changes.map((change: Partial<FileChange> | null, index) => {
    const { path, before, after } = change ?? {};
    const isSound =
      typeof path === 'string' &&
      (before === null || typeof before === 'string') &&
      (after === null || (after !== undefined && (after.mode === undefined || isCount(after.mode, 0))));
    if (!isSound) {
      throw SANDBOX_CODES.error(
        'INPUT_INVALID',
        `changes[${index}] must be { path, before, after: { bytes, mode? } | null }`,
      );
    }
    if (after === null) return { path, before, after };
    const bytes = checkBytes(after.bytes, `changes[${index}].after.bytes`);
    return { path, before, after: { ...(after.mode === undefined ? {} : { mode: after.mode }), bytes } };
  });
}

/** More than any system starts a program with. */
const MOST_ARGUMENTS = 1 << 20;

function checkArguments(args: unknown): string[] {
  const items = readable('INPUT_INVALID', () => ownItems(args, 'args', MOST_ARGUMENTS));
  if (items?.every((item) => typeof item === 'string' && !item.includes('\0'))) return items as string[];
  throw SANDBOX_CODES.error('INPUT_INVALID', 'args must be an array of strings without a NUL');
}

function checkVariables(env: ExecOptions['env']): Record<string, string> {
  if (env === undefined) return {};
  const copy = readable('INPUT_INVALID', () => plainCopy(env, 'env'));
  if (!isPlainObject(copy)) throw invalid('env', 'an object of strings', env);
  for (const [name, value] of Object.entries(copy) as [string, unknown][]) {
    if (name === '' || /[=\0]/.test(name) || typeof value !== 'string' || value.includes('\0')) {
      throw invalid(`env.${name}`, 'a string without a NUL, by a name without =', value);
    }
  }
  return copy as Record<string, string>;
}

/** The bound of {@link Sandbox.readFile}. @throws FishplateError `OPTION_INVALID`, `INPUT_INVALID`. */
export function checkMaxBytes(options: unknown, unlessGiven: number): number {
  if (options === undefined) return unlessGiven;
  if (typeof options !== 'object' || options === null) {
    throw SANDBOX_CODES.error('INPUT_INVALID', 'options must be an object');
  }
  const { maxBytes = unlessGiven, ...rest } = readable('INPUT_INVALID', () => ownFields(options, 'options'));
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw invalid('options', 'of maxBytes alone', unknown);
  if (!isCount(maxBytes, 0)) throw invalid('maxBytes', 'a whole number from 0', maxBytes);
  return maxBytes;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && isSound(value);
}

function isCount(value: unknown, least: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least;
}

function invalid(name: string, rule: string, value: unknown): Error {
  const shown =
    typeof value === 'string'
      ? JSON.stringify(value.slice(0, 80))
      : typeof value === 'number'
        ? String(value)
        : typeof value;
  return SANDBOX_CODES.error('OPTION_INVALID', `${name} must be ${rule}, and is ${shown}`);
}
