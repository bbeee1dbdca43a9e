/** One line of work on a workspace: the calls made, and the changes that undo, restore and diff speak of. All of it is in the log. */

import { join } from 'node:path';

import type { Durability } from '@fishplate/storage';

import { RUNTIME_CODES } from '../codes.js';
import type { NoteEvent } from '../memory/notes.js';
import type { CommitOutcome, FileAccess, FileChange } from '../workspace/file-access.js';
import type { Contents } from './contents.js';
import { type Entry, entryOf, lstatOrNone } from './entry.js';
import type { Checkpoint, RecordedChange, SessionEvent, Step, WayEnd } from './events.js';
import type { Journal } from './journal.js';
import { restoreFiles, type RestoreOutcome } from './restore-files.js';
import type { KeyedAnswer, SessionState } from './session-state.js';
import type { Timeline } from './timeline.js';
import type { Tracked, Tracker } from './tracker.js';
import type { UndoPlan } from './undo-plan.js';

/** What a command changed. */
export interface CommandChanges {
  /** Number of the step; undefined where nothing changed. */
  readonly step: number | undefined;
  readonly changes: readonly RecordedChange[];
  /** What undo cannot take back, each with the reason. */
  readonly notCovered: readonly string[];
}

/** A command under way, as {@link Session.beginCommand} begins it. */
export interface CommandWatch {
  readonly tool: string;
  readonly tracked: Tracked;
}

/** What the session knows and does. Opened by the host; tools change it under the write lock. */
export class Session {
  private readonly waiting = new Map<string, Promise<unknown>>();
  private calls = 0;

  constructor(
    readonly id: string,
    readonly state: SessionState,
    private readonly journal: Journal,
    private readonly tracker: Tracker,
    private readonly trackerJournal: Journal,
  ) {}

  get timeline(): Timeline {
    return this.state.timeline;
  }

  get contents(): Contents {
    return this.journal.contents;
  }

  /** Steps in force, oldest first. */
  get steps(): readonly Step[] {
    return this.state.active;
  }

  /** Number of the latest step, undone or not; 0 before the first. */
  get lastStep(): number {
    return this.state.lastStep;
  }

  /** The number of a call that is about to begin. */
  nextCall(): number {
    this.calls = Math.max(this.calls, this.timeline.last) + 1;
    return this.calls;
  }

  /** Records what is about to happen. @throws FishplateError `STATE_WRITE_FAILED`: then it must not happen. */
  async expect(event: SessionEvent, durability: Durability = 'os'): Promise<void> {
    this.state.apply(event, await this.journal.append(this.id, event, durability));
  }

  /** Records what has happened. It counts in this process also where the log cannot be written, and is written as soon as it can. */
  async note(event: SessionEvent, durability: Durability = 'os'): Promise<void> {
    let seq = 0;
    try {
      seq = await this.journal.appendDone(this.id, event, durability);
    } finally {
      this.state.apply(event, seq);
    }
  }

  /** Records what happened to a note. @throws FishplateError `STATE_WRITE_FAILED`. */
  async noteMemory(event: NoteEvent): Promise<void> {
    await this.journal.appendNote(event);
  }

  /** The recorded end of the call with this key; undefined where there is none. */
  answerTo(key: string): (KeyedAnswer & { event: SessionEvent | null }) | undefined {
    const answer = this.state.answers.get(key);
    return answer === undefined ? undefined : { ...answer, event: this.journal.read(answer.seq) };
  }

  /** The step that a call with this key made before its process ended, where it is the latest: made again, it would be there twice. */
  halfDone(key: string): Step | undefined {
    const callId = this.state.cutOff.get(key);
    const last = this.steps.at(-1);
    return callId !== undefined && last?.callId === callId ? last : undefined;
  }

  /** Runs calls with the same key one after the other. */
  async inTurn<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.waiting.get(key) ?? Promise.resolve();
    const turn = before.then(work, work);
    this.waiting.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.waiting.get(key) === turn) this.waiting.delete(key);
    }
  }

  /**
   * Writes changes to the disk and records them as a step.
   *
   * @throws FishplateError `UNDO_BUDGET_EXCEEDED`, `STATE_WRITE_FAILED` before anything is written; what {@link FileAccess.commit} throws.
   */
  async commitStep(
    files: FileAccess,
    tool: string,
    changes: readonly FileChange[],
    callId?: string,
  ): Promise<(CommitOutcome & { ok: false }) | { ok: true; step: number }> {
    const contents = changes.flatMap(({ before, after }) => [before?.bytes, after?.bytes]);
    const kept = contents.filter((bytes) => bytes !== undefined);
    const paths = changes.map(({ path }) => path);
    this.contents.reserve(kept, paths);
    for (const bytes of kept) this.contents.put(bytes, true);
    const number = this.lastStep + 1;
    const planned = changes.map(({ path, before, after }): RecordedChange => {
      const next = after === null ? null : { ...after, mode: after.mode ?? before?.mode ?? 0o644 };
      return { path, before: entryOf(before), after: nextEntry(next) };
    });
    const missing = missingDirectories(files.root, changes);
    const at = new Date().toISOString();
    const named = callId === undefined ? {} : { callId };
    const step = { ...named, tool, at, changes: planned, createdDirectories: missing };
    const intent = { type: 'intent', step: number, ...step } as const;
    await this.expect(intent, 'group');
    let outcome: CommitOutcome;
    try {
      outcome = await files.commit(changes);
    } catch (error) {
      if ((error as { code?: string }).code !== 'ROLLBACK_FAILED') {
        await this.note({ type: 'abandoned', step: number }).catch(() => undefined);
      }
      throw error;
    }
    if (!outcome.ok) {
      await this.note({ type: 'abandoned', step: number });
      return outcome;
    }
    const { modes, createdDirectories } = outcome;
    const done = planned.map((change): RecordedChange => {
      const { path, after } = change;
      return after?.kind === 'file'
        ? { ...change, after: { ...after, mode: modes.get(path) ?? after.mode } }
        : change;
    });
    this.tracker.wrote([...paths, ...createdDirectories]);
    await this.note({ type: 'step', number, ...named, tool, changes: done, createdDirectories });
    return { ok: true, step: number };
  }

  /**
   * Looks at the workspace before a command, so that what the command changes can be taken back.
   *
   * @throws FishplateError `SNAPSHOT_FAILED`: then the command must not run; `CANCELLED`.
   */
  async beginCommand(tool: string, callId: string, signal: AbortSignal | undefined): Promise<CommandWatch> {
    try {
      const tracked = await this.tracker.begin(callId, signal);
      const { tree, notCovered } = tracked;
      const at = new Date(tracked.since).toISOString();
      await this.expect({
        type: 'watch',
        watch: callId,
        tool,
        at,
        tree,
        notCovered: notCovered.slice(0, MAX_NAMED),
      });
      return { tool, tracked };
    } catch (cause) {
      this.tracker.drop(callId);
      if (signal?.aborted) throw cause;
      throw snapshotError('nothing was run, since what it might change could not be kept', cause);
    }
  }

  /** Looks again, and records what the command changed as a step. @throws FishplateError `SNAPSHOT_FAILED`. */
  async endCommand({ tool, tracked }: CommandWatch): Promise<CommandChanges> {
    try {
      const { changes, notCovered } = await this.tracker.end(tracked.id);
      const step = await this.noteCommandStep(tool, changes);
      await this.note({ type: 'watched', watch: tracked.id });
      return { step, changes, notCovered: [...new Set([...tracked.notCovered, ...notCovered])] };
    } catch (cause) {
      throw snapshotError('the command has run, and what it changed could not be recorded', cause);
    }
  }

  /** Records what a command changed. */
  async noteCommandStep(
    tool: string,
    changes: readonly RecordedChange[],
    interrupted = false,
  ): Promise<number | undefined> {
    if (changes.length === 0) return undefined;
    this.adoptContents(changes);
    const number = this.lastStep + 1;
    const more = interrupted ? { interrupted } : {};
    await this.note({ type: 'step', number, tool, changes, createdDirectories: [], ...more });
    return number;
  }

  /** Carries out a plan, and records which steps are in force then. */
  async goBack(
    files: FileAccess,
    plan: UndoPlan,
    { why, active, messages }: WayEnd,
  ): Promise<RestoreOutcome> {
    const end = { why, active, ...(messages === undefined ? {} : { messages }) };
    // A process that ends on the way leaves files from both ends: the next one completes it.
    await this.expect({ type: 'going', at: new Date().toISOString(), ...end });
    let outcome: RestoreOutcome;
    try {
      outcome = await restoreFiles(files, this.contents, plan.restorations, plan.directories);
    } catch (error) {
      await this.note({ type: 'stayed' }).catch(() => undefined);
      throw error;
    }
    if (!outcome.ok) {
      await this.note({ type: 'stayed' });
      return outcome;
    }
    this.tracker.wrote([...plan.restorations.map(({ path }) => path), ...plan.directories]);
    await this.note({ type: 'active', ...end }, 'group');
    return outcome;
  }

  /** Sets a checkpoint at this moment. */
  async checkpoint(label: string): Promise<Checkpoint> {
    const checkpoint = {
      id: `cp-${this.state.checkpoints.size + 1}`,
      label,
      at: new Date().toISOString(),
      active: this.steps.map(({ number }) => number),
      messages: this.state.messages.length,
    };
    await this.note({ type: 'checkpoint', ...checkpoint }, 'group');
    return checkpoint;
  }

  /** What was there before lies with the runtime's own journal; a session of another one needs a copy. */
  private adoptContents(changes: readonly RecordedChange[]): void {
    if (this.trackerJournal === this.journal) return;
    for (const { before, after } of changes) {
      for (const entry of [before, after]) {
        if (entry?.kind !== 'file' || entry.hash === null || this.contents.has(entry.hash)) continue;
        const bytes = this.trackerJournal.contents.get(entry.hash);
        if (this.contents.makeRoom(bytes.length)) this.contents.putAs(entry.hash, bytes);
      }
    }
  }
}

/** Paths that one event names. */
const MAX_NAMED = 1000;

function nextEntry(next: { bytes: Buffer; mode: number } | null): Entry {
  if (next === null) return null;
  const { bytes, mode } = next;
  return entryOf({ bytes, mode, stamp: { device: 0n, inode: 0n, size: 0n, modifiedNs: 0n, changedNs: 0n } });
}

/** Directories that a commit will have to make, outermost first. */
function missingDirectories(root: string, changes: readonly FileChange[]): string[] {
  const missing = new Set<string>();
  for (const { path, after } of changes) {
    if (after === null) continue;
    const parts = path.split('/').slice(0, -1);
    for (let depth = 1; depth <= parts.length; depth += 1) {
      const directory = parts.slice(0, depth).join('/');
      if (lstatOrNone(join(root, directory)) === undefined) missing.add(directory);
    }
  }
  return [...missing];
}

function snapshotError(what: string, cause: unknown): Error {
  const reason = (cause as Error | undefined)?.message ?? String(cause);
  return RUNTIME_CODES.error('SNAPSHOT_FAILED', `${what}: ${reason}`, { cause });
}
