/** The calls of a session in order: what, how long, by which engine, and how they ended. */

/** How a call ended: done, refused as an expected outcome, thrown out as an error, or cut off with its process. */
export type CallStatus = 'running' | 'ok' | 'refused' | 'failed' | 'interrupted';

/** One call. Holds names, paths and figures, never the content of files. */
export interface TimelineEntry {
  /** Counts from 1 in the session. */
  readonly sequence: number;
  /** Correlates log entries, results and this entry. */
  readonly callId: string;
  readonly tool: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly status: CallStatus;
  /** Milliseconds; null while running. */
  readonly durationMs: number | null;
  /** Which engine did which part, for example `{ diff: 'native' }`. */
  readonly engines: Readonly<Record<string, string>>;
  /** One line. */
  readonly summary: string;
  /** Code of the outcome or error, where the call did not succeed. */
  readonly code?: string;
  /** Step number, where files were changed. */
  readonly step?: number;
  /** Names the audit record of a command; `audit()` of the runtime has it. */
  readonly auditId?: string;
}

/** How a call ended, as {@link Timeline.finish} takes it. */
export type CallEnd = Pick<TimelineEntry, 'status' | 'engines' | 'summary' | 'code' | 'step' | 'auditId'> & {
  readonly durationMs: number;
};

/** Older entries are dropped from memory, so that a long session stays bounded; the log has them. */
const MAX_ENTRIES = 10_000;

/** Entries in order of start. */
export class Timeline {
  private list: TimelineEntry[] = [];
  private started = 0;

  /** Number of the latest call; 0 before the first. */
  get last(): number {
    return this.started;
  }

  /** A copy, oldest first. */
  entries(): TimelineEntry[] {
    return [...this.list];
  }

  /** Notes that a call began. */
  start({ call, callId, tool, at }: { call: number; callId: string; tool: string; at: string }): void {
    if (call <= this.started && this.list.some(({ sequence }) => sequence === call)) return;
    this.started = Math.max(this.started, call);
    this.list.push({
      sequence: call,
      callId,
      tool,
      startedAt: at,
      status: 'running',
      durationMs: null,
      engines: {},
      summary: '',
    });
    if (this.list.length > 2 * MAX_ENTRIES) this.list = this.list.slice(-MAX_ENTRIES);
  }

  /** Completes the entry of a call that began. */
  finish(call: number, end: CallEnd): void {
    this.change(call, end);
  }

  /** Notes that the process ended before the call did. */
  interrupt(call: number): void {
    this.change(call, {
      status: 'interrupted',
      summary: 'the process ended before the call did; undo takes back what it had changed',
    });
  }

  private change(call: number, change: Partial<TimelineEntry>): void {
    const index = this.list.findLastIndex(({ sequence }) => sequence === call);
    if (index !== -1) this.list[index] = { ...this.list[index]!, ...change };
  }
}
