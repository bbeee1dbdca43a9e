/** What a session comes to, from its events in order. The same events give the same state, in every process. */

import type { Checkpoint, RecordedChange, SessionEvent, Step } from './events.js';
import { Timeline } from './timeline.js';

/** A path, with what stood there at both ends of a range of steps. */
export type NetChange = RecordedChange;

/** A change that had begun when the process ended. */
export type Intent = Extract<SessionEvent, { type: 'intent' }>;

/** A command that ran when the process ended. */
export type Watch = Extract<SessionEvent, { type: 'watch' }>;

/** An `undo` or `restore` that had begun when the process ended. */
export type Way = Extract<SessionEvent, { type: 'going' }>;

/** Where the answer to an idempotency key is. */
export interface KeyedAnswer {
  /** Number of the event. */
  readonly seq: number;
  readonly inputHash: string;
}

/** State of one session. */
export class SessionState {
  readonly timeline = new Timeline();
  readonly steps = new Map<number, Step>();
  readonly checkpoints = new Map<string, Checkpoint>();
  readonly intents = new Map<number, Intent>();
  readonly watches = new Map<string, Watch & { readonly stepsBefore: number }>();
  readonly answers = new Map<string, KeyedAnswer>();
  /** Calls that their process did not end, by idempotency key. */
  readonly cutOff = new Map<string, string>();
  /** Where files were going back to when the process ended. */
  going: Way | null = null;
  createdAt = '';
  /** Records of the log that could not be read. */
  unreadable = 0;
  private activeNumbers: readonly number[] = [];
  private said: readonly unknown[] = [];
  private readonly begun = new Map<number, Extract<SessionEvent, { type: 'start' }>>();

  /** Steps in force, oldest first. */
  get active(): readonly Step[] {
    return this.activeNumbers.flatMap((number) => this.steps.get(number) ?? []);
  }

  /** Number of the latest step, undone or not; 0 before the first. */
  get lastStep(): number {
    let last = 0;
    for (const number of this.steps.keys()) last = Math.max(last, number);
    return last;
  }

  /** Messages of the conversation that are in force. */
  get messages(): readonly unknown[] {
    return this.said;
  }

  /** Takes in an event. One that comes twice counts once: a write that failed may have reached the disk all the same. */
  apply(event: SessionEvent, seq: number): void {
    switch (event.type) {
      case 'session':
        this.createdAt = event.at;
        break;
      case 'start':
        this.timeline.start(event);
        if (event.key !== undefined) this.begun.set(event.call, event);
        break;
      case 'end': {
        const { type: _, call, key, outcome, ...end } = event;
        this.timeline.finish(call, end);
        const inputHash = this.begun.get(call)?.inputHash;
        if (key !== undefined && outcome !== undefined && inputHash !== undefined) {
          this.answers.set(key, { seq, inputHash });
        }
        if (key !== undefined) this.cutOff.delete(key);
        this.begun.delete(call);
        break;
      }
      case 'interrupted': {
        this.timeline.interrupt(event.call);
        const { key, callId } = this.begun.get(event.call) ?? {};
        if (key !== undefined && callId !== undefined) this.cutOff.set(key, callId);
        this.begun.delete(event.call);
        break;
      }
      case 'intent':
        this.intents.set(event.step, event);
        break;
      case 'abandoned':
        this.intents.delete(event.step);
        break;
      case 'step': {
        const { type: _, ...step } = event;
        this.intents.delete(step.number);
        if (!this.steps.has(step.number)) this.activeNumbers = [...this.activeNumbers, step.number];
        this.steps.set(step.number, step);
        break;
      }
      case 'watch':
        this.watches.set(event.watch, { ...event, stepsBefore: this.lastStep });
        break;
      case 'watched':
        this.watches.delete(event.watch);
        break;
      case 'going':
        this.going = event;
        break;
      case 'stayed':
        this.going = null;
        break;
      case 'active':
        this.going = null;
        this.activeNumbers = event.active;
        if (event.messages !== undefined) this.said = this.said.slice(0, event.messages);
        break;
      case 'checkpoint': {
        const { type: _, ...checkpoint } = event;
        this.checkpoints.set(checkpoint.id, checkpoint);
        break;
      }
      case 'message':
        this.said = [...this.said, event.message];
    }
  }

  /** Hashes of contents that the session's steps need. `undone`: also those of steps that are not in force. */
  contents(undone: boolean): Set<string> {
    const hashes = new Set<string>();
    const steps = undone ? [...this.steps.values()] : this.active;
    for (const { changes } of [...steps, ...this.intents.values()]) {
      for (const { before, after } of changes) {
        if (before?.kind === 'file' && before.hash !== null) hashes.add(before.hash);
        if (after?.kind === 'file' && after.hash !== null) hashes.add(after.hash);
      }
    }
    return hashes;
  }
}

/** What a run of steps did in sum, by path; both ends are alike where a path came back to where it was. */
export function netChanges(steps: readonly Step[]): NetChange[] {
  const net = new Map<string, NetChange>();
  for (const { changes } of steps) {
    for (const { path, before, after } of changes) {
      const earlier = net.get(path);
      net.set(path, { path, before: earlier === undefined ? before : earlier.before, after });
    }
  }
  return outermostFirst(net.values());
}

/** Changes in the order of their paths: a directory comes before what is in it. */
export function outermostFirst(changes: Iterable<NetChange>): NetChange[] {
  return [...changes].sort((left, right) => (left.path < right.path ? -1 : 1));
}
