/** What stands before every command: the sandbox must hold, the rules must allow, the person may have to say yes. */

import { isFishplateError } from '@fishplate/engine';
import type { Sandbox } from '@fishplate/sandbox';

import type { CommandInput } from '../commands/permissions.js';
import { refuse } from './refusal.js';
import type { EnginesUsed, ToolContext, ToolRefusal } from './tool.js';

/** A command that may run, or why not. */
export type Gate =
  | { readonly ok: true; readonly sandbox: Sandbox; readonly engines: EnginesUsed }
  | { readonly ok: false; readonly refusal: ToolRefusal };

/** Asks the rules, and where they say so the person. @throws FishplateError of createSandbox. */
export async function passGate(tool: string, input: CommandInput, context: ToolContext): Promise<Gate> {
  const { commands, asked, confirm } = context;
  const sandbox = await commands.sandbox(asked.sandbox);
  const engines = { sandbox: sandbox.enforcement.backend };
  const { decision, reason, rule } = commands.permission(input, sandbox);
  if (decision === 'deny') {
    const details = { rule };
    return { ok: false, refusal: refuse('COMMAND_DENIED', `${reason} (${rule})`, { engines, details }) };
  }
  if (decision === 'ask') {
    const isYes = await confirm?.({ tool, action: shownCommand(input), reason: `${reason} (${rule})` });
    if (isYes !== true) {
      const message = `${shownCommand(input)} needs a confirmation: ${reason} (${rule})`;
      return { ok: false, refusal: refuse('NOT_CONFIRMED', message, { engines, details: { rule } }) };
    }
  }
  return { ok: true, sandbox, engines };
}

/** The command in one line. */
export function shownCommand({ command, args = [] }: CommandInput): string {
  return [command, ...args.map((arg) => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : JSON.stringify(arg)))].join(
    ' ',
  );
}

const NOT_STARTED: ReadonlySet<string> = new Set([
  'COMMAND_NOT_FOUND',
  'COMMAND_NOT_EXECUTABLE',
  'CWD_INVALID',
]);

/** The refusal for a command that is not there; other errors are thrown on. */
export function refusedStart(error: unknown, engines: EnginesUsed): ToolRefusal {
  if (!isFishplateError(error) || !NOT_STARTED.has(error.code)) throw error;
  const details = { cause: error.code };
  return refuse('COMMAND_FAILED_TO_START', error.message, { engines, details });
}
