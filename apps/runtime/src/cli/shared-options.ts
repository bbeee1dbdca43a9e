/** Options that several commands take, and what they come to. */

import { chooseEngine, type EngineChoice } from '@fishplate/engine';

import { RUNTIME_CODES } from '../codes.js';
import { loadConfig } from '../config/load.js';
import type { RuntimeLogger } from '../logger.js';
import { readSessions } from '../session/session-reader.js';
import { statePath } from '../session/state-folder.js';
import { workspaceRoot } from '../workspace/sandbox-file-access.js';

/** `--workspace`. */
export const WORKSPACE_OPTION = {
  type: 'string',
  alias: 'w',
  valueHint: 'DIR',
  description: 'Directory to work on (default: the current one)',
} as const;

/** `--session`. */
export const SESSION_OPTION = {
  type: 'string',
  alias: 's',
  valueHint: 'ID',
  description: 'The session; `fishplate sessions` lists them',
} as const;

/** `--json`. */
export const JSON_OPTION = {
  type: 'boolean',
  description: 'Print one JSON document instead of text',
} as const;

/** `--log-level`. */
export const LOG_LEVEL_OPTION = {
  type: 'string',
  valueHint: 'LEVEL',
  description: 'Log to stderr from this level on: trace, debug, info, warn, error, fatal or silent',
} as const;

const LEVELS: ReadonlySet<string> = new Set(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']);

/**
 * A pino logger on stderr; undefined (silent) without a level, and then pino is not even loaded.
 *
 * @throws FishplateError `USAGE` for a word that is no level.
 */
export async function createLogger(level: string | undefined): Promise<RuntimeLogger | undefined> {
  if (level === undefined || level === 'silent') return undefined;
  if (!LEVELS.has(level)) {
    throw RUNTIME_CODES.error(
      'USAGE',
      `--log-level takes ${[...LEVELS].join(', ')}, not ${JSON.stringify(level)}`,
    );
  }
  const { pino } = await import('pino');
  const logger: RuntimeLogger = pino(
    { name: 'fishplate', level, base: { pid: process.pid } },
    pino.destination({ dest: 2, sync: true }),
  );
  return logger;
}

/** `{ workspace }` where one was given. */
export function workspaceOption(workspace: string | undefined): { workspace?: string } {
  return workspace === undefined ? {} : { workspace };
}

/** Prints a JSON document. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Where the sessions of a workspace are, the engine that reads them, and the one that compares what they hold. */
export function stateOf(workspace: string | undefined): {
  state: string;
  engine: EngineChoice;
  diff: EngineChoice;
} {
  const { root } = workspaceRoot(workspace ?? process.cwd());
  const { sessions, engines } = loadConfig({ workspace: root });
  const asked = (track: 'storage' | 'diff'): EngineChoice =>
    chooseEngine({ track, config: engines[track].file, call: engines[track].call }).asked;
  return { state: statePath(root, sessions.directory), engine: asked('storage'), diff: asked('diff') };
}

/** The session that was worked in last. @throws FishplateError `SESSION_UNKNOWN` where there is none. */
export async function latestSession(workspace: string | undefined): Promise<string> {
  const { state, engine } = stateOf(workspace);
  const { sessions } = await readSessions(state, engine);
  const [latest] = sessions;
  if (latest === undefined) throw RUNTIME_CODES.error('SESSION_UNKNOWN', `there are no sessions in ${state}`);
  return latest.id;
}

/** The session asked for, which must exist, or the latest. @throws FishplateError `SESSION_UNKNOWN`. */
export async function existingSession(
  workspace: string | undefined,
  id: string | undefined,
): Promise<string> {
  if (id === undefined) return latestSession(workspace);
  const { state, engine } = stateOf(workspace);
  const { sessions } = await readSessions(state, engine);
  if (sessions.some((session) => session.id === id)) return id;
  throw RUNTIME_CODES.error('SESSION_UNKNOWN', `there is no session ${JSON.stringify(id)} in ${state}`);
}
