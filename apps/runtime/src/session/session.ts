/** One line of work on a workspace: the calls made, and the changes that undo and diff speak of. */

import type { CommitOutcome, FileAccess, FileChange } from '../workspace/file-access.js';
import { StateStore, type StateReference } from './state-store.js';
import { Timeline } from './timeline.js';

/** What one step did to one file; null stands for no file. */
export interface RecordedChange {
  readonly path: string;
  readonly before: StateReference | null;
  readonly after: StateReference | null;
}

/** A call that changed files. */
export interface Step {
  /** Counts from 1, never reused in a session. */
  readonly number: number;
  readonly tool: string;
  readonly changes: readonly RecordedChange[];
  /** Directories made by the step, outermost first. */
  readonly createdDirectories: readonly string[];
}

/** A path, with the states at both ends of a range of steps. */
export interface NetChange {
  readonly path: string;
  readonly before: StateReference | null;
  readonly after: StateReference | null;
}

/** What the session knows. Created by the runtime; tools change it under the write lock. */
export class Session {
  readonly timeline = new Timeline();
  readonly states: StateStore;
  private readonly active: Step[] = [];
  private last = 0;

  constructor(
    readonly id: string,
    budgetBytes: number,
  ) {
    this.states = new StateStore(budgetBytes);
  }

  /** Steps that are not undone, oldest first. */
  get steps(): readonly Step[] {
    return this.active;
  }

  /** Number of the latest step, undone or not; 0 before the first. */
  get lastStep(): number {
    return this.last;
  }

  /**
   * Writes changes to the disk and records them as a step.
   *
   * @throws FishplateError `UNDO_BUDGET_EXCEEDED` before anything is written; what {@link FileAccess.commit} throws.
   */
  async commitStep(
    files: FileAccess,
    tool: string,
    changes: readonly FileChange[],
  ): Promise<(CommitOutcome & { ok: false }) | { ok: true; step: number }> {
    const contents = changes.flatMap(({ before, after }) => [before?.bytes, after?.bytes]);
    this.states.reserve(
      contents.filter((bytes) => bytes !== undefined),
      changes.map(({ path }) => path),
    );
    const outcome = await files.commit(changes);
    if (!outcome.ok) return outcome;
    this.last += 1;
    this.active.push({
      number: this.last,
      tool,
      changes: changes.map(({ path, before, after }) => ({
        path,
        before: before === null ? null : this.states.keep(before.bytes, before.mode),
        after: after === null ? null : this.states.keep(after.bytes, outcome.modes.get(path) ?? 0),
      })),
      createdDirectories: outcome.createdDirectories,
    });
    return { ok: true, step: this.last };
  }

  /** What a run of steps did in sum, by path; both ends are alike where a path came back to where it was. */
  static netChanges(steps: readonly Step[]): NetChange[] {
    const net = new Map<string, NetChange>();
    for (const { changes } of steps) {
      for (const { path, before, after } of changes) {
        const earlier = net.get(path);
        net.set(path, { path, before: earlier === undefined ? before : earlier.before, after });
      }
    }
    return [...net.values()].sort((left, right) => (left.path < right.path ? -1 : 1));
  }

  /** Forgets the latest `count` steps, after they have been undone on disk. */
  dropSteps(count: number): void {
    this.active.splice(this.active.length - count, count);
    const kept = new Set<string>();
    for (const { changes } of this.active) {
      for (const { before, after } of changes) {
        if (before !== null) kept.add(before.hash);
        if (after !== null) kept.add(after.hash);
      }
    }
    this.states.retain(kept);
  }
}
