/** What tools answer of a command: its end, and the part of its output that fits. */

import type { ExecResult } from '@fishplate/sandbox';
import { z } from 'zod';

import type { SpooledOutput, StreamName } from '../commands/spool.js';
import type { CommandChanges } from '../session/session.js';

/** How a command ended, as tools answer it. */
export const commandEndSchema = z.object({
  exitCode: z.int().nullable().describe('Null where a signal ended it'),
  signal: z.string().nullable(),
  timedOut: z.boolean(),
  limitHit: z.string().optional().describe('The limit that ended it'),
  durationMs: z.number(),
  stdout: z.string().describe('Its output; of long ones the beginning and the end'),
  stderr: z.string(),
  outputId: z.string().optional().describe('Where output was left out: pass it to read_output'),
  stdoutBytes: z.int(),
  stderrBytes: z.int(),
  enforcement: z
    .object({ mode: z.string(), backend: z.string(), level: z.string() })
    .describe('What confined the command'),
  violations: z
    .array(z.object({ kind: z.string(), target: z.string(), reason: z.string() }))
    .describe('What it tried and was refused'),
  auditId: z.string(),
  step: z.int().optional().describe('Number of the step, where files were changed; undo takes it back'),
  changed: z
    .array(z.object({ path: z.string(), action: z.enum(['created', 'changed', 'deleted']) }))
    .describe('What it changed, of what undo covers; the first of many'),
  changedCount: z.int(),
  notCovered: z.array(z.string()).describe('What undo does not cover, with the reason; the first of many'),
});

/** How a command ended, as tools answer it. */
export type CommandEndData = z.output<typeof commandEndSchema>;

/** Paths that an answer names. */
const MAX_NAMED = 50;

/** The data of an answer; each stream gets half of `maxBytes`. */
export function commandEnd(
  result: ExecResult,
  output: SpooledOutput,
  maxBytes: number,
  { step, changes, notCovered }: CommandChanges,
): CommandEndData {
  const [stdout, stderr] = [shownStream(output, 'stdout', maxBytes), shownStream(output, 'stderr', maxBytes)];
  const { exitCode, signal, timedOut, limitHit, durationMs, enforcement, violations, auditId } = result;
  const { mode, backend, level } = enforcement;
  return {
    exitCode,
    signal,
    timedOut,
    ...(limitHit === undefined ? {} : { limitHit }),
    durationMs,
    stdout: stdout.text,
    stderr: stderr.text,
    ...(stdout.isCut || stderr.isCut ? { outputId: output.id } : {}),
    stdoutBytes: output.size('stdout'),
    stderrBytes: output.size('stderr'),
    enforcement: { mode, backend, level },
    violations: [...violations],
    auditId,
    ...(step === undefined ? {} : { step }),
    changed: changes.slice(0, MAX_NAMED).map(({ path, before, after }) => {
      return { path, action: before === null ? 'created' : after === null ? 'deleted' : 'changed' };
    }),
    changedCount: changes.length,
    notCovered: notCovered.slice(0, MAX_NAMED),
  };
}

/** The answer as text for a model. */
export function commandText(data: CommandEndData): string {
  const { stdout, stderr, violations, outputId, changed, changedCount, step } = data;
  const shown = changed.slice(0, 10).map(({ path, action }) => `${action} ${path}`);
  if (changedCount > shown.length) shown.push(`${changedCount - shown.length} more`);
  const parts = [
    stdout === '' ? null : stdout.replace(/\n$/, ''),
    stderr === '' ? null : `[stderr]\n${stderr.replace(/\n$/, '')}`,
    `[${endOf(data)}]`,
    violations.length === 0 ? null : `[refused: ${violations.map(({ reason }) => reason).join('; ')}]`,
    changedCount === 0 ? null : `[step ${step}: ${shown.join(', ')}; undo takes it back]`,
    outputId === undefined
      ? null
      : `[output was left out; read_output with outputId ${outputId} has all of it]`,
  ];
  return parts.filter((part) => part !== null).join('\n');
}

/** `exit code 1`, or what ended it. */
export function endOf({ exitCode, signal, limitHit, timedOut }: CommandEndData): string {
  if (timedOut) return 'ended: it took too long';
  if (limitHit !== undefined) return `ended at the limit ${limitHit}`;
  return exitCode === null ? `ended by ${signal}` : `exit code ${exitCode}`;
}

/** The beginning and the end of a stream, cut between characters. */
export function shownStream(
  output: SpooledOutput,
  stream: StreamName,
  maxBytes: number,
): { text: string; isCut: boolean } {
  const kept = output.kept(stream);
  if (kept <= maxBytes && output.size(stream) === kept) {
    return { text: textOf(output.read(stream, 0, maxBytes).bytes), isCut: false };
  }
  const half = Math.floor(maxBytes / 2);
  const head = output.read(stream, 0, half);
  const tail = output.read(stream, Math.max(half, kept - half), half);
  const left = output.size(stream) - head.bytes.length - tail.bytes.length;
  return {
    text: `${textOf(head.bytes)}\n[... ${left} bytes left out ...]\n${textOf(tail.bytes)}`,
    isCut: true,
  };
}

/** Bytes as text; what is no UTF-8 becomes U+FFFD, and so does half a character at a cut. */
export function textOf(bytes: Buffer): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}
