/** `start_job`, `poll_job`, `kill_job`: commands that go on while the agent does something else. */

import { isFishplateError } from '@fishplate/engine';
import { z } from 'zod';

import { Job, type JobState, MAX_RUNNING } from '../commands/jobs.js';
import { RUNTIME_CODES } from '../codes.js';
import type { CommandChanges } from '../session/session.js';
import { commandEnd, commandEndSchema, commandText, endOf, shownStream } from './command-answer.js';
import { beginWatch, endWatch } from './command-watch.js';
import { passGate, refusedStart, shownCommand } from './command-gate.js';
import { refuse } from './refusal.js';
import { COMMAND_INPUT } from './run-command.js';
import { defineTool, READS, RUNS, type ToolContext, type ToolOutcome } from './tool.js';

/** Longest that one poll waits, in ms. */
const MAX_WAIT_MS = 60_000;

const jobSchema = z.object({
  jobId: z.string(),
  command: z.string(),
  status: z.enum(['running', 'ended', 'killed', 'failed']),
  outputId: z.string().describe('For read_output'),
  runningMs: z.number().describe('Since the start; to the end where it ended'),
  stdout: z.string().describe('Its output so far; of a long one the beginning and the end'),
  stderr: z.string(),
  end: commandEndSchema.optional().describe('How it ended'),
  error: z.string().optional().describe('Why it could not run'),
});

type JobData = z.output<typeof jobSchema>;

/** The tool `start_job`. */
export const startJob = defineTool({
  name: 'start_job',
  title: 'Start a job',
  description:
    'Starts a command in the sandbox and answers at once: for servers, watchers and long builds. poll_job tells how far it ' +
    'is, kill_job ends it with all of its processes; so does the end of the runtime.',
  inputSchema: z.strictObject(COMMAND_INPUT),
  dataSchema: jobSchema,
  annotations: RUNS,
  async execute(input, context) {
    const gate = await passGate('start_job', input, context);
    if (!gate.ok) return gate.refusal;
    const { commands } = context;
    if (commands.jobs.running >= MAX_RUNNING) {
      const message = `${MAX_RUNNING} jobs run already`;
      return refuse('TOO_MANY_JOBS', message, { engines: gate.engines });
    }
    const watch = await beginWatch('start_job', context);
    const output = commands.spool.open();
    const job = new Job(shownCommand(input), output);
    commands.jobs.add(job);
    const fail = (error: unknown): void => {
      const isCoded = isFishplateError(error);
      job.end({
        status: 'failed',
        error: isCoded ? error : RUNTIME_CODES.error('TOOL_FAULT', String(error)),
      });
    };
    const finish = (state: (changes: CommandChanges) => JobState): void => {
      endWatch(watch, context).then((changes) => job.end(state(changes)), fail);
    };
    commands.run(gate.sandbox, { ...input, signal: job.signal }, output).then(
      ({ result }) => finish((changes) => ({ status: 'ended', result, changes })),
      (error: unknown) => {
        if (job.signal.aborted) return finish(() => ({ status: 'killed' }));
        endWatch(watch, context).then(() => fail(error), fail);
      },
    );
    // A command that is not there is known by then.
    await job.wait(50);
    if (job.state.status === 'failed') return refusedStart(job.state.error, gate.engines);
    return answer(job, context);
  },
});

/** The tool `poll_job`. */
export const pollJob = defineTool({
  name: 'poll_job',
  title: 'Poll a job',
  description: 'Tells whether a job runs, what it printed and how it ended; waitMs waits for its end.',
  inputSchema: z.strictObject({
    jobId: z.string(),
    waitMs: z.int().nonnegative().max(MAX_WAIT_MS).optional().describe('Wait for the end, at most so long'),
  }),
  dataSchema: jobSchema,
  annotations: READS,
  async execute({ jobId, waitMs = 0 }, context) {
    const job = context.commands.jobs.get(jobId);
    if (job === undefined) return unknownJob(jobId);
    if (waitMs > 0) await job.wait(waitMs);
    return answer(job, context);
  },
});

/** The tool `kill_job`. */
export const killJob = defineTool({
  name: 'kill_job',
  title: 'Kill a job',
  description: 'Ends a job with all of its processes; one that has ended stays as it is.',
  inputSchema: z.strictObject({ jobId: z.string() }),
  dataSchema: jobSchema,
  annotations: { ...RUNS, idempotentHint: true },
  async execute({ jobId }, context) {
    const job = context.commands.jobs.get(jobId);
    if (job === undefined) return unknownJob(jobId);
    if (job.state.status === 'running') await job.kill();
    return answer(job, context);
  },
});

function unknownJob(id: string): ToolOutcome<JobData> {
  return refuse('JOB_UNKNOWN', `there is no job ${JSON.stringify(id)}`, { engines: {} });
}

function answer(job: Job, { config }: ToolContext): ToolOutcome<JobData> {
  const { state, output } = job;
  const most = config.limits.maxOutputBytes;
  const end = state.status === 'ended' ? commandEnd(state.result, output, most, state.changes) : undefined;
  const data = {
    jobId: job.id,
    command: job.command,
    status: state.status,
    outputId: output.id,
    runningMs: end?.durationMs ?? Date.now() - job.startedAt,
    stdout: end?.stdout ?? shownStream(output, 'stdout', most).text,
    stderr: end?.stderr ?? shownStream(output, 'stderr', most).text,
    ...(end === undefined ? {} : { end }),
    ...(state.status === 'failed' ? { error: `${state.error.code}: ${state.error.message}` } : {}),
  };
  const how =
    end === undefined
      ? (data.error ?? (state.status === 'killed' ? 'it was killed' : 'it runs'))
      : endOf(end);
  const text = end === undefined ? `${data.stdout}${data.stderr}\n[${job.id}: ${how}]` : commandText(end);
  return { ok: true, data, text, summary: `${job.command}: ${how}`, engines: {} };
}
