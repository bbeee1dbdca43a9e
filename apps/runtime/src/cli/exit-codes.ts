/** Exit codes of the command, as the README documents them. */

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
