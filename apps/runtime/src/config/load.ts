/** Decides the configuration: default < `fishplate.config.json` < environment < what the caller of createRuntime gives. */

import { lstatSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

import type { SandboxPolicy } from '@fishplate/sandbox';
import type { z } from 'zod';

import { RUNTIME_CODES } from '../codes.js';
import { STATE_FOLDER } from '../session/state-folder.js';
import { readBoundedFile } from '../workspace/bounded-file.js';
import {
  CONFIG_DEFAULTS,
  CONFIG_FILE,
  configSchema,
  type ResolvedConfig,
  type RuntimeConfig,
} from './schema.js';
import { loosenedBy, TRUST_VARIABLE } from './trust.js';

/** Largest configuration file. */
const MAX_CONFIG_BYTES = 1 << 20;

/** Environment variables beside `FISHPLATE_<TRACK>_ENGINE`, and the entry each one sets. */
export const CONFIG_VARIABLES = {
  FISHPLATE_MAX_FILE_BYTES: ['limits', 'maxFileBytes'],
  FISHPLATE_MAX_READ_BYTES: ['limits', 'maxReadBytes'],
  FISHPLATE_MAX_INPUT_BYTES: ['limits', 'maxInputBytes'],
  FISHPLATE_MAX_LISTED_FILES: ['limits', 'maxListedFiles'],
  FISHPLATE_MAX_OUTPUT_BYTES: ['limits', 'maxOutputBytes'],
  FISHPLATE_UNDO_BUDGET_BYTES: ['undo', 'budgetBytes'],
  FISHPLATE_UNDO_MAX_FILE_BYTES: ['undo', 'maxFileBytes'],
  FISHPLATE_SANDBOX_MODE: ['sandbox', 'mode'],
  FISHPLATE_SESSIONS_DIRECTORY: ['sessions', 'directory'],
} as const;

/** Where configuration comes from. */
export interface ConfigSources {
  /** Absolute path of the workspace, where the file is looked for. */
  readonly workspace: string;
  /** What the caller gives; wins over file and environment. */
  readonly call?: RuntimeConfig | undefined;
  /** Whether the file may loosen the sandbox; so does `FISHPLATE_TRUST_WORKSPACE=1`. */
  readonly trustWorkspace?: boolean | undefined;
  /** Environment to read; `process.env` unless given. An empty variable counts as unset. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads and merges the configuration.
 *
 * @throws FishplateError `CONFIG_UNREADABLE` (not JSON, with line and column), `CONFIG_INVALID` (with the entry) or
 * `CONFIG_UNTRUSTED`.
 */
export function loadConfig(sources: ConfigSources): ResolvedConfig {
  const path = join(sources.workspace, CONFIG_FILE);
  const file = readConfigFile(path);
  const env = sources.env ?? process.env;
  if (file !== null && sources.trustWorkspace !== true && env[TRUST_VARIABLE] !== '1') checkTrust(file, path);
  const environment = readEnvironment(env);
  const call = check(sources.call ?? {}, 'the config given to createRuntime');
  const levels = [file ?? {}, environment, call];
  return {
    engines: {
      diff: { file: file?.diff?.engine, call: call.diff?.engine },
      gitignore: { file: file?.gitignore?.engine, call: call.gitignore?.engine },
      sandbox: { file: file?.sandbox?.engine, call: call.sandbox?.engine },
      storage: { file: file?.storage?.engine, call: call.storage?.engine },
      tokenizer: { file: file?.tokenizer?.engine, call: call.tokenizer?.engine },
    },
    sandbox: sandboxOf(levels),
    permissions: permissionsOf(levels),
    limits: merge<ResolvedConfig['limits']>(CONFIG_DEFAULTS.limits, ...levels.map(({ limits }) => limits)),
    undo: merge<ResolvedConfig['undo']>(CONFIG_DEFAULTS.undo, ...levels.map(({ undo }) => undo)),
    sessions: { directory: directoryOf(levels) },
    file: file === null ? null : path,
  };
}

function checkTrust(file: RuntimeConfig, path: string): void {
  const loosened = loosenedBy(file);
  if (loosened.length === 0) return;
  throw RUNTIME_CODES.error('CONFIG_UNTRUSTED', `${path} loosens the sandbox: ${loosened.join(', ')}`, {
    details: { path, entries: loosened },
  });
}

function directoryOf(levels: readonly RuntimeConfig[]): string | undefined {
  return levels.findLast(({ sessions }) => sessions?.directory !== undefined)?.sessions?.directory;
}

/** The policy as a whole: the last level that has one gives it. No command may change the rules it runs under, nor what sessions keep. */
function sandboxOf(levels: readonly RuntimeConfig[]): ResolvedConfig['sandbox'] {
  const mode = levels.findLast(({ sandbox }) => sandbox?.mode !== undefined)?.sandbox?.mode;
  const policy = levels.findLast(({ sandbox }) => sandbox?.policy !== undefined)?.sandbox?.policy;
  const directory = directoryOf(levels);
  const { protectedPaths = [], ...rest } = (policy ?? {}) as SandboxPolicy;
  const own = [
    CONFIG_FILE,
    STATE_FOLDER,
    ...(directory === undefined || isAbsolute(directory) ? [] : [directory]),
  ];
  return { mode, policy: { ...rest, protectedPaths: [...protectedPaths, ...own] } };
}

/** Denials and questions of all levels count together; of what is allowed the last level decides. */
function permissionsOf(levels: readonly RuntimeConfig[]): ResolvedConfig['permissions'] {
  const all = (kind: 'deny' | 'ask'): string[] =>
    levels.flatMap(({ permissions }) => permissions?.[kind] ?? []);
  const last = levels.map(({ permissions }) => permissions);
  return {
    deny: all('deny'),
    ask: all('ask'),
    allow: last.findLast((level) => level?.allow !== undefined)?.allow ?? [],
    otherwise: last.findLast((level) => level?.otherwise !== undefined)?.otherwise,
  };
}

/** Later levels win, entry by entry. */
function merge<Part extends object>(base: Part, ...levels: readonly (object | undefined)[]): Part {
  const entries = levels.flatMap((level) => Object.entries(level ?? {}) as [string, unknown][]);
  return { ...base, ...Object.fromEntries(entries.filter(([, value]) => value !== undefined)) };
}

function readConfigFile(path: string): RuntimeConfig | null {
  let text: string;
  try {
    text = readBoundedFile(path, MAX_CONFIG_BYTES);
  } catch (cause) {
    // A running sandbox keeps the place of a file that is missing.
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT' || isPlaceholder(path)) return null;
    throw RUNTIME_CODES.error('CONFIG_UNREADABLE', `${path} cannot be read: ${(cause as Error).message}`, {
      hint: 'Make it a readable regular file of at most 1 MiB, or remove it.',
      cause,
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const place = placeOfSyntaxError(text);
    throw RUNTIME_CODES.error(
      'CONFIG_UNREADABLE',
      `${path}${place} is not JSON: ${(cause as Error).message}`,
      { cause },
    );
  }
  return check(value, path);
}

/** What the sandbox lays where a protected file is missing: a socket, or an empty directory, with a mode that nothing else has. */
function isPlaceholder(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats !== undefined && (stats.isSocket() || stats.isDirectory()) && (stats.mode & 0o7777) === 0o1755;
}

/** `:line:column` of the first character that cannot stand where it does; parsers of some Node versions do not say. */
function placeOfSyntaxError(text: string): string {
  let sound = 0;
  let unsound = text.length + 1;
  while (unsound - sound > 1) {
    const middle = (sound + unsound) >> 1;
    if (couldGoOn(text.slice(0, middle))) sound = middle;
    else unsound = middle;
  }
  const before = text.slice(0, sound).split('\n');
  return `:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

/** True where only what is missing at the end makes it no JSON. */
function couldGoOn(prefix: string): boolean {
  try {
    JSON.parse(prefix);
    return true;
  } catch (error) {
    const { message } = error as Error;
    return /end of JSON|Unterminated/.test(message) || message.includes(`at position ${prefix.length}`);
  }
}

function readEnvironment(env: Readonly<Record<string, string | undefined>>): RuntimeConfig {
  const config: Record<string, Record<string, unknown>> = {};
  for (const [variable, [part, key]] of Object.entries(CONFIG_VARIABLES)) {
    const word = env[variable];
    if (!word) continue;
    const value = /^\d+$/.test(word) ? Number(word) : word;
    check({ [part]: { [key]: value } }, `the environment variable ${variable}`);
    (config[part] ??= {})[key] = value;
  }
  return config;
}

function check(value: unknown, place: string): RuntimeConfig {
  const result = configSchema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(describeIssue);
  throw RUNTIME_CODES.error('CONFIG_INVALID', `${place}: ${problems.join('; ')}`, {
    details: { place, problems },
  });
}

/** One issue as `limits.maxFileBytes: Invalid input: expected int, received string`. */
export function describeIssue(issue: z.core.$ZodIssue): string {
  const path = issue.path.map((part) => String(part).slice(0, 100)).join('.');
  return `${path === '' ? '(top level)' : path}: ${issue.message.slice(0, 500)}`;
}
