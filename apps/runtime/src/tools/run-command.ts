/** `run_command`: a command in the sandbox, to its end. */

import { z } from 'zod';

import { commandEnd, commandEndSchema, commandText, endOf } from './command-answer.js';
import { passGate, refusedStart, shownCommand } from './command-gate.js';
import { watched } from './command-watch.js';
import { defineTool, RUNS } from './tool.js';

/** Input of the tools that run commands. */
export const COMMAND_INPUT = {
  command: z.string().min(1).describe('A program, with `args`; without `args` a line for the shell'),
  args: z.array(z.string()).optional().describe('Arguments, passed as they are'),
  cwd: z
    .string()
    .optional()
    .describe('Working directory, relative to the workspace; the workspace unless given'),
  timeoutMs: z.int().positive().optional().describe('Ends the command after so many milliseconds'),
};

/** Ends a command that nobody waits for any more. */
export const DEFAULT_TIMEOUT_MS = 120_000;

/** The tool `run_command`. */
export const runCommand = defineTool({
  name: 'run_command',
  title: 'Run a command',
  description:
    'Runs a command in a sandbox on the workspace: it may write there and in its own /tmp, reads the machine but for ' +
    'secrets, and reaches no network unless the configuration names hosts. Ends after two minutes unless timeoutMs says ' +
    'otherwise; use start_job for servers. Long output is cut in the middle, and read_output has all of it. undo takes back what it changed, but for files that ' +
    'git ignores and those that notCovered names.',
  inputSchema: z.strictObject({
    ...COMMAND_INPUT,
    stdin: z.string().optional().describe('What the command reads; nothing unless given'),
  }),
  dataSchema: commandEndSchema,
  annotations: RUNS,
  async execute(input, context) {
    const gate = await passGate('run_command', input, context);
    if (!gate.ok) return gate.refusal;
    const { sandbox, engines } = gate;
    const { commands, config, signal } = context;
    const run = { ...input, timeoutMs: input.timeoutMs ?? DEFAULT_TIMEOUT_MS, signal };
    try {
      const { value, changes } = await watched('run_command', context, () => commands.run(sandbox, run));
      const { result, output } = value;
      const data = commandEnd(result, output, config.limits.maxOutputBytes, changes);
      if (data.outputId === undefined) commands.spool.drop(output);
      const { step, changedCount } = data;
      const files = changedCount === 0 ? '' : `, ${changedCount} changed`;
      const summary = `${endOf(data)}${files}: ${shownCommand(input)}`;
      const text = commandText(data);
      return { ok: true, data, text, summary, engines, ...(step === undefined ? {} : { step }) };
    } catch (error) {
      return refusedStart(error, engines);
    }
  },
});
