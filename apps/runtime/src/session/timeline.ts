/** The calls of a session in order: what, how long, by which engine, and how they ended. Kept in memory. Interim. */

/** How a call ended: done, refused as an expected outcome, or thrown out as an error. */
export type CallStatus = 'running' | 'ok' | 'refused' | 'failed';

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
  durationMs: number;
};

/** Older entries are dropped, so that a long session stays bounded. */
const MAX_ENTRIES = 10_000;

/** Entries in order of start. */
export class Timeline {
  private list: TimelineEntry[] = [];
  private started = 0;

  /** A copy, oldest first. */
  entries(): TimelineEntry[] {
    return [...this.list];
  }

  /** Notes that a call began; the answer is what {@link finish} takes. */
  start(callId: string, tool: string): number {
    this.started += 1;
    const startedAt = new Date().toISOString();
    const entry = {
      sequence: this.started,
      callId,
      tool,
      startedAt,
      status: 'running',
      durationMs: null,
      engines: {},
      summary: '',
    };
    this.list.push(entry as TimelineEntry);
    if (this.list.length > MAX_ENTRIES) this.list = this.list.slice(-MAX_ENTRIES);
    return this.started;
  }

  /** Completes the entry of a call that began. */
  finish(sequence: number, end: CallEnd): void {
    const index = this.list.findLastIndex((entry) => entry.sequence === sequence);
    if (index !== -1) this.list[index] = { ...this.list[index]!, ...end };
  }
}
