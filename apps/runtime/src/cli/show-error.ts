/** Shows the error that ends a command. */

import { isFishplateError } from '@fishplate/engine';

import { createMask, maskAll } from '../session/masking.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { createStyle, visible as makeVisible } from './terminal.js';

/** Writes to stderr, or as JSON to stdout; gives the exit code. */
export function showError(error: unknown, json: boolean): ExitCode {
  // Messages of servers and systems may repeat what they were given.
  const mask = createMask();
  const visible = (text: string): string => makeVisible(mask(text));
  if (json) {
    const shown = isFishplateError(error) ? error.toJSON() : { code: 'TOOL_FAULT', message: String(error) };
    process.stdout.write(`${JSON.stringify({ ok: false, error: maskAll(shown, mask) }, null, 2)}\n`);
    return exitCodeOf(error);
  }
  const style = createStyle(process.stderr);
  if (isFishplateError(error)) {
    process.stderr.write(
      `${style.red(error.code)} ${visible(error.message)}\n  ${style.dim(visible(error.hint))}\n`,
    );
    return exitCodeOf(error);
  }
  if ((error as Error | undefined)?.name === 'CLIError') {
    process.stderr.write(`${style.red('USAGE')} ${visible((error as Error).message)}\n`);
    return EXIT.usage;
  }
  process.stderr.write(
    `${style.red('fault')} ${visible((error as Error | undefined)?.stack ?? String(error))}\n`,
  );
  return EXIT.fault;
}

const USAGE_CODES: ReadonlySet<string> = new Set([
  'USAGE',
  'CONFIG_INVALID',
  'CONFIG_UNREADABLE',
  'CONFIG_UNTRUSTED',
  'ENGINE_CHOICE_INVALID',
  'MODEL_UNUSABLE',
  'PLAN_INVALID',
  'POLICY_INVALID',
  'SESSION_BUSY',
  'SESSION_ID_INVALID',
  'SESSION_UNKNOWN',
  'STATE_UNUSABLE',
  'WORKSPACE_INVALID',
]);

/** The exit code for an error that ends the command. */
function exitCodeOf(error: unknown): ExitCode {
  if (!isFishplateError(error)) return EXIT.fault;
  if (error.code === 'COMMAND_NOT_FOUND') return EXIT.notFound;
  if (error.code === 'COMMAND_NOT_EXECUTABLE') return EXIT.notRun;
  return USAGE_CODES.has(error.code) ? EXIT.usage : EXIT.fault;
}
