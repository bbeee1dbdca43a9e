/** Asks the person at the terminal. */

import type { ConfirmationRequest } from '../commands/confirmation.js';
import { visibleLine } from './terminal.js';

/** Where there is no terminal, nobody answers, and the answer is no. */
export async function confirmOnTerminal({ tool, action, reason }: ConfirmationRequest): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return false;
  const { confirm } = await import('@clack/prompts');
  const message = `${tool}: ${visibleLine(action).slice(0, 300)} (${visibleLine(reason).slice(0, 200)})`;
  return (await confirm({ message, initialValue: false })) === true;
}
