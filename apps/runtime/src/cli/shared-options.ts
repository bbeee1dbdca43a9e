/** Options that several commands take, and what they come to. */

import { createRequire } from 'node:module';

import { RUNTIME_CODES } from '../codes.js';
import type { RuntimeLogger } from '../logger.js';

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

/** Levels of pino, the lowest first. */
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/**
 * A pino logger on stderr, which is loaded with the first entry that it is to write; undefined (silent) without a level.
 *
 * @throws FishplateError `USAGE` for a word that is no level.
 */
export function createLogger(level: string | undefined): RuntimeLogger | undefined {
  if (level === undefined || level === 'silent') return undefined;
  if (!LEVELS.includes(level)) {
    throw RUNTIME_CODES.error(
      'USAGE',
      `--log-level takes ${LEVELS.join(', ')}, not ${JSON.stringify(level)}`,
    );
  }
  let opened: RuntimeLogger | undefined;
  const entry =
    (method: keyof RuntimeLogger) =>
    (fields: object, message: string): void => {
      if (LEVELS.indexOf(method) < LEVELS.indexOf(level)) return;
      opened ??= openPino(level);
      opened[method](fields, message);
    };
  return { debug: entry('debug'), info: entry('info'), warn: entry('warn'), error: entry('error') };
}

function openPino(level: string): RuntimeLogger {
  const { pino } = createRequire(import.meta.url)('pino') as typeof import('pino');
  const destination = pino.destination({ dest: 2, sync: true });
  return pino({ name: 'fishplate', level, base: { pid: process.pid } }, destination);
}

/** `{ workspace }` where one was given. */
export function workspaceOption(workspace: string | undefined): { workspace?: string } {
  return workspace === undefined ? {} : { workspace };
}

/** Prints a JSON document. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
