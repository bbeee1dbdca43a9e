/** `timeline`: the calls of the session. */

import { z } from 'zod';

import type { TimelineEntry } from '../session/timeline.js';
import { defineTool, READS } from './tool.js';

/** Entries answered unless more are asked for. */
const DEFAULT_LIMIT = 50;

const entrySchema = z.object({
  sequence: z.int(),
  callId: z.string(),
  tool: z.string(),
  startedAt: z.string(),
  status: z.enum(['running', 'ok', 'refused', 'failed', 'interrupted']),
  durationMs: z.number().nullable(),
  engines: z.record(z.string(), z.string()),
  summary: z.string(),
  code: z.string().optional(),
  step: z.int().optional(),
  auditId: z.string().optional(),
});

/** The tool `timeline`. */
export const timeline = defineTool({
  name: 'timeline',
  title: 'Show the timeline',
  description:
    'The calls of this session, also of processes before this one: what, when, how long, by which engine, and how each ended. ' +
    'interrupted: the process ended before the call did.',
  inputSchema: z.strictObject({
    limit: z
      .int()
      .positive()
      .max(10_000)
      .optional()
      .describe(`The latest so many; ${DEFAULT_LIMIT} unless given`),
  }),
  dataSchema: z.object({
    session: z.string(),
    total: z.int().describe('Calls of the session, this one too'),
    entries: z.array(entrySchema).describe('Oldest first'),
    checkpoints: z.array(z.object({ id: z.string(), label: z.string(), at: z.string(), steps: z.int() })),
  }),
  annotations: READS,
  execute({ limit = DEFAULT_LIMIT }, { session }) {
    const { timeline: calls, state } = session;
    const entries = calls.entries().slice(-limit);
    const checkpoints = [...state.checkpoints.values()].map(({ id, label, at, active }) => {
      return { id, label, at, steps: active.length };
    });
    return Promise.resolve({
      ok: true as const,
      data: { session: session.id, total: calls.last, entries, checkpoints },
      text: entries.map(line).join('\n'),
      summary: `${entries.length} of ${calls.last} calls`,
      engines: {},
    });
  },
});

function line({ sequence, tool, status, durationMs, summary, step }: TimelineEntry): string {
  const time = durationMs === null ? '' : ` ${durationMs.toFixed(0)} ms`;
  return `${sequence} ${tool} ${status}${time}${step === undefined ? '' : ` step ${step}`}: ${summary}`;
}
