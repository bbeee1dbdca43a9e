/** Options that several commands take, and what they come to. */

import { RUNTIME_CODES } from '../codes.js';
import type { RuntimeLogger } from '../logger.js';

/** `--workspace`. */
export const WORKSPACE_OPTION = {
  type: 'string',
  alias: 'w',
  valueHint: 'DIR',
  description: 'Directory to work on (default: the current one)',
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
