/** Exit codes of the command, as the README documents them. */

import { isFishplateError } from '@fishplate/engine';

/** What the process ends with. */
export const EXIT = {
  /** Everything went as asked. */
  ok: 0,
  /** It ran, and the answer is no: a proof or an expectation failed, or an engine asked for is not to be had. */
  failed: 1,
  /** The command line, the configuration, the workspace or the plan is not usable. */
  usage: 2,
  /** Something broke on the way. */
  fault: 3,
  /** `exec`: the command may not be run, or is no program; as shells have it. */
  notRun: 126,
  /** `exec`: there is no such command; as shells have it. */
  notFound: 127,
} as const;

/** A value of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

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
export function exitCodeOf(error: unknown): ExitCode {
  if (!isFishplateError(error)) return EXIT.fault;
  if (error.code === 'COMMAND_NOT_FOUND') return EXIT.notFound;
  if (error.code === 'COMMAND_NOT_EXECUTABLE') return EXIT.notRun;
  return USAGE_CODES.has(error.code) ? EXIT.usage : EXIT.fault;
}
