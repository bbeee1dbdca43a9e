/** Stands around a command: what it changes in the workspace becomes a step. */

import type { CommandChanges, CommandWatch } from '../session/session.js';
import type { ToolContext } from './tool.js';

/** Paths that a message names before the command runs. */
const MAX_TOLD = 3;

/** Runs a command between two looks at the workspace. What a command that failed has changed counts too. */
export async function watched<Value>(
  tool: string,
  context: ToolContext,
  run: () => Promise<Value>,
): Promise<{ value: Value; changes: CommandChanges }> {
  const watch = await beginWatch(tool, context);
  let value: Value;
  try {
    value = await run();
  } catch (error) {
    await endWatch(watch, context);
    throw error;
  }
  return { value, changes: await endWatch(watch, context) };
}

/** Looks before a command, and says what undo will not cover. @throws FishplateError `SNAPSHOT_FAILED`, `CANCELLED`. */
export async function beginWatch(tool: string, context: ToolContext): Promise<CommandWatch> {
  const { session, lock, signal, callId, onProgress } = context;
  const watch = await lock.run(() => session.beginCommand(tool, callId, signal), signal);
  const { notCovered } = watch.tracked;
  const told = notCovered.slice(0, MAX_TOLD).join(', ');
  const more = notCovered.length > MAX_TOLD ? ` and ${notCovered.length - MAX_TOLD} more` : '';
  if (told !== '') onProgress?.({ done: 1, total: null, message: `undo does not cover ${told}${more}` });
  return watch;
}

/** Looks after a command. @throws FishplateError `SNAPSHOT_FAILED`. */
export function endWatch(watch: CommandWatch, { session, lock }: ToolContext): Promise<CommandChanges> {
  return lock.run(() => session.endCommand(watch));
}
