/** The events of a session, as its stream in the store holds them: one JSON object each. */

import { z } from 'zod';

import type { ToolOutcome } from '../tools/tool.js';
import type { Entry } from './entry.js';
import type { CallEnd } from './timeline.js';

/** What one step did to one path. */
export interface RecordedChange {
  readonly path: string;
  readonly before: Entry;
  readonly after: Entry;
}

/** A call that changed files. */
export interface Step {
  /** Counts from 1, never reused in a session. */
  readonly number: number;
  readonly tool: string;
  readonly changes: readonly RecordedChange[];
  /** Directories made by the step, outermost first. */
  readonly createdDirectories: readonly string[];
  /** Call that made it. */
  readonly callId?: string | undefined;
  /** True where the process ended in the middle: `after` is what was found when the session went on. */
  readonly interrupted?: boolean | undefined;
}

/** A moment of a session that it can be taken back to. */
export interface Checkpoint {
  /** `cp-1`, ... */
  readonly id: string;
  readonly label: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Steps in force, oldest first. */
  readonly active: readonly number[];
  /** Messages recorded so far. */
  readonly messages: number;
}

/** Where `undo` and `restore` lead to. */
export interface WayEnd {
  readonly why: 'undo' | 'restore';
  /** Steps in force then, oldest first. */
  readonly active: readonly number[];
  /** Messages in force then, where that changes. */
  readonly messages?: number | undefined;
}

/** What has happened; `at` is ISO 8601, UTC. */
export type SessionEvent =
  | { readonly type: 'session'; readonly id: string; readonly at: string; readonly version: string }
  | {
      readonly type: 'start';
      readonly call: number;
      readonly callId: string;
      readonly tool: string;
      readonly at: string;
      readonly key?: string | undefined;
      readonly inputHash?: string | undefined;
      readonly input?: unknown;
    }
  | ({
      readonly type: 'end';
      readonly call: number;
      readonly key?: string | undefined;
      /** Kept for calls with an idempotency key. */
      readonly outcome?: ToolOutcome<Record<string, unknown>> | undefined;
    } & CallEnd)
  | { readonly type: 'interrupted'; readonly call: number }
  /** Written before files are changed, so that a process that ends in the middle leaves no riddle. */
  | {
      readonly type: 'intent';
      readonly step: number;
      readonly callId?: string | undefined;
      readonly tool: string;
      readonly at: string;
      readonly changes: readonly RecordedChange[];
      readonly createdDirectories: readonly string[];
    }
  | { readonly type: 'abandoned'; readonly step: number }
  | ({ readonly type: 'step' } & Step)
  /** A command is about to run; `tree` names the file that holds what the workspace is before it. */
  | {
      readonly type: 'watch';
      readonly watch: string;
      readonly tool: string;
      readonly at: string;
      readonly tree: string;
      readonly notCovered: readonly string[];
    }
  | { readonly type: 'watched'; readonly watch: string }
  | ({ readonly type: 'active' } & WayEnd)
  /** Written before files go back; `active` follows when all are there, `stayed` where they do not. */
  | ({ readonly type: 'going'; readonly at: string } & WayEnd)
  | { readonly type: 'stayed' }
  | ({ readonly type: 'checkpoint' } & Checkpoint)
  | { readonly type: 'message'; readonly message: unknown };

const entry = z
  .union([
    z.object({
      kind: z.literal('file'),
      hash: z
        .string()
        .regex(/^[\da-f]{64}$/)
        .nullable(),
      bytes: z.number(),
      mode: z.int(),
      stamp: z.string().optional(),
    }),
    z.object({ kind: z.literal('link'), target: z.string() }),
    z.object({ kind: z.literal('directory'), mode: z.int() }),
  ])
  .nullable();
const changes = z.array(z.object({ path: z.string(), before: entry, after: entry }));
const paths = z.array(z.string());
const numbers = z.array(z.int());
const wayEnd = { why: z.enum(['undo', 'restore']), active: numbers, messages: z.int().optional() };

/** What the log must hold to be used; everything else in an event is for people. */
const eventSchema = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('session'), id: z.string(), at: z.string() }),
  z.looseObject({
    type: z.literal('start'),
    call: z.int(),
    callId: z.string(),
    tool: z.string(),
    at: z.string(),
  }),
  z.looseObject({
    type: z.literal('end'),
    call: z.int(),
    status: z.enum(['ok', 'refused', 'failed']),
    engines: z.record(z.string(), z.string()),
    summary: z.string(),
    durationMs: z.number(),
  }),
  z.looseObject({ type: z.literal('interrupted'), call: z.int() }),
  z.looseObject({
    type: z.literal('intent'),
    step: z.int(),
    tool: z.string(),
    changes,
    createdDirectories: paths,
  }),
  z.looseObject({ type: z.literal('abandoned'), step: z.int() }),
  z.looseObject({
    type: z.literal('step'),
    number: z.int(),
    tool: z.string(),
    changes,
    createdDirectories: paths,
  }),
  z.looseObject({
    type: z.literal('watch'),
    watch: z.string(),
    tool: z.string(),
    at: z.string(),
    tree: z.string(),
    notCovered: paths,
  }),
  z.looseObject({ type: z.literal('watched'), watch: z.string() }),
  z.looseObject({ type: z.literal('active'), ...wayEnd }),
  z.looseObject({ type: z.literal('going'), at: z.string(), ...wayEnd }),
  z.looseObject({ type: z.literal('stayed') }),
  z.looseObject({
    type: z.literal('checkpoint'),
    id: z.string(),
    label: z.string(),
    at: z.string(),
    active: numbers,
    messages: z.int(),
  }),
  z.looseObject({ type: z.literal('message'), message: z.unknown() }),
]);

/** The event in a record of the log; null where it is none, or one that this release does not know. */
export function parseEvent(data: Buffer): SessionEvent | null {
  try {
    const { success, data: event } = eventSchema.safeParse(JSON.parse(data.toString('utf8')));
    return success ? (event as unknown as SessionEvent) : null;
  } catch {
    return null;
  }
}
