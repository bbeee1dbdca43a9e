/** A session as a story: its calls with input and changes, its messages, checkpoints and ways back, in the order of the log. */

import type { EngineChoice } from '@fishplate/engine';
import type { Store } from '@fishplate/storage';

import type { Contents } from '../session/contents.js';
import type { Checkpoint, SessionEvent, Step } from '../session/events.js';
import { streamOf } from '../session/journal.js';
import { parseEvent } from '../session/events.js';
import { type SessionRead, withSession } from '../session/session-reader.js';
import type { TimelineEntry } from '../session/timeline.js';

/** A call, with what the log has of it beside its entry in the timeline. */
export interface HistoryCall {
  readonly kind: 'call';
  readonly entry: TimelineEntry;
  /** As it was checked; a long one is told by its size. */
  readonly input: unknown;
  /** What it answered, where the log keeps that: for calls with an idempotency key. */
  readonly text: string | undefined;
  readonly step: Step | undefined;
}

/** One thing that happened. */
export type HistoryItem =
  | HistoryCall
  | { readonly kind: 'message'; readonly message: unknown }
  | { readonly kind: 'checkpoint'; readonly checkpoint: Checkpoint }
  | { readonly kind: 'back'; readonly why: 'undo' | 'restore'; readonly steps: number }
  /** A step of a process that was killed; its call has no end. */
  | { readonly kind: 'step'; readonly step: Step };

/** A whole session. */
export interface History {
  readonly session: SessionRead;
  readonly items: readonly HistoryItem[];
  /** Numbers of the steps in force. */
  readonly active: ReadonlySet<number>;
  readonly contents: Contents;
}

/** Reads the history of a session, and hands it to `use` while its journal is open; null where there is none of that id. */
export function withHistory<Result>(
  state: string,
  engine: EngineChoice,
  id: string,
  use: (history: History) => Promise<Result>,
): Promise<Result | null> {
  return withSession(state, engine, id, (session, { store, contents }) => {
    const items = itemsOf(store, session);
    const active = new Set(session.state.active.map(({ number }) => number));
    return use({ session, items, active, contents });
  });
}

/** Entries of the timeline are dropped from memory in a long session; here they are made anew from the events. */
function itemsOf(store: Store, { summary, state }: SessionRead): HistoryItem[] {
  const items: HistoryItem[] = [];
  const calls = new Map<number, number>();
  const told = new Set<number>();
  for (const { data } of store.replay({ stream: streamOf(summary.id), lend: true })) {
    const event = parseEvent(data);
    if (event === null) continue;
    if (event.type === 'start') {
      if (!calls.has(event.call)) calls.set(event.call, items.push(begun(event, summary.openIn)) - 1);
    } else if (event.type === 'end') {
      const index = calls.get(event.call);
      const call = index === undefined ? undefined : items[index];
      if (index === undefined || call?.kind !== 'call') continue;
      const { type: _, call: __, key: ___, outcome, ...end } = event;
      const step = end.step === undefined ? undefined : state.steps.get(end.step);
      if (step !== undefined) told.add(step.number);
      items[index] = { ...call, entry: { ...call.entry, ...end }, text: outcome?.text, step };
    } else if (event.type === 'message') items.push({ kind: 'message', message: event.message });
    else if (event.type === 'checkpoint') items.push({ kind: 'checkpoint', checkpoint: event });
    else if (event.type === 'active') {
      items.push({ kind: 'back', why: event.why, steps: event.active.length });
    } else if (event.type === 'step' && event.interrupted === true && !told.has(event.number)) {
      told.add(event.number);
      items.push({ kind: 'step', step: event });
    }
  }
  return items;
}

function begun(event: Extract<SessionEvent, { type: 'start' }>, openIn: number | null): HistoryCall {
  const { call: sequence, callId, tool, at: startedAt, input } = event;
  // Nobody is left to end what a process began that is gone.
  const status = openIn === null ? 'interrupted' : 'running';
  const entry = {
    sequence,
    callId,
    tool,
    startedAt,
    status,
    durationMs: null,
    engines: {},
    summary: '',
  } as const;
  return { kind: 'call', entry, input, text: undefined, step: undefined };
}
