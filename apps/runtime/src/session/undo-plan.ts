/** Works out what going back would do, and where the disk is no longer what the session left. */

import type { FileAccess, FileState } from '../workspace/file-access.js';
import { isFishplateError } from '@fishplate/engine';
import { type Entry, isSameEntry, type Observed, observe } from './entry.js';
import type { Checkpoint, Step } from './events.js';
import { type NetChange, netChanges, outermostFirst, type SessionState } from './session-state.js';

/** A path that is no longer what the session left. */
export interface UndoConflict {
  readonly path: string;
  readonly sessionLeft: Entry;
  /** What is there now; null for nothing, a code where what is there cannot be read. */
  readonly onDisk: Entry | { readonly code: string };
  readonly wouldRestore: Entry;
  /** Content that is there now, where it is a file that can be read. */
  readonly current: FileState | null;
}

/** One path that goes back. */
export interface Restoration {
  readonly path: string;
  /** What is there now. */
  readonly now: Observed;
  /** What it becomes. */
  readonly target: Entry;
}

/** What going back comes to. */
export interface UndoPlan {
  readonly restorations: readonly Restoration[];
  readonly conflicts: readonly UndoConflict[];
  /** Files whose content before was not kept, as was said before the step. */
  readonly notCovered: readonly string[];
  /** Directories to remove where they have become empty, outermost first. */
  readonly directories: readonly string[];
}

/** The sum of what has to happen to the paths of a session, to get from the steps in force to others. */
export interface Route {
  /** Outermost first. `before` is where to go, `after` what the session left. */
  readonly changes: readonly NetChange[];
  readonly directories: readonly string[];
}

/** Back over the latest steps. */
export function routeBack(steps: readonly Step[]): Route {
  return { changes: netChanges(steps), directories: steps.flatMap((step) => step.createdDirectories) };
}

/** To the steps that were in force at a checkpoint: back over those made since, and forth over those undone since. */
export function routeTo(state: SessionState, { active }: Pick<Checkpoint, 'active'>): Route {
  const current = state.active;
  let common = 0;
  while (common < current.length && current[common]!.number === active[common]) common += 1;
  const back = routeBack(current.slice(common));
  const forth = netChanges(active.slice(common).flatMap((number) => state.steps.get(number) ?? []));
  const changes = new Map(back.changes.map((change) => [change.path, change]));
  for (const { path, before, after } of forth) {
    // The session may have left nothing there.
    const left = changes.get(path);
    changes.set(path, { path, before: after, after: left === undefined ? before : left.after });
  }
  const again = new Set(forth.map(({ path }) => path));
  const isStillUsed = (directory: string): boolean =>
    [...again].some((path) => path.startsWith(`${directory}/`));
  return {
    changes: outermostFirst(changes.values()),
    directories: back.directories.filter((directory) => !isStillUsed(directory)),
  };
}

/**
 * Compares a route with the disk; files over `maxBytes` are not read to show them. `isBegun`: a process ended on this route, so that paths
 * may be empty between what was there and what is to come, and directories without their mode.
 */
export async function planRoute(
  files: FileAccess,
  { changes, directories }: Route,
  maxBytes: number,
  isBegun = false,
): Promise<UndoPlan> {
  const restorations: Restoration[] = [];
  const conflicts: UndoConflict[] = [];
  const notCovered: string[] = [];
  // Links that become directories again: what was in those is not looked for where the links lead.
  const leavingLinks = new Set<string>();
  for (const { path, before: wouldRestore, after: sessionLeft } of changes) {
    // A log is a file too: what it names is checked as any other path.
    files.resolve(path, 'write');
    const limit = Math.max(maxBytes, sizeOf(sessionLeft), sizeOf(wouldRestore));
    const now =
      sessionLeft === null && isBelow(path, leavingLinks)
        ? { entry: null, state: null }
        : await observe(files, path, limit, [sessionLeft, wouldRestore]);
    const conflict = { path, sessionLeft, wouldRestore };
    if ('code' in now) {
      conflicts.push({ ...conflict, onDisk: now, current: null });
      continue;
    }
    // Also where an undo was cut off in the middle, and is made again.
    if (isSameEntry(now.entry, wouldRestore)) continue;
    if (wouldRestore?.kind === 'file' && wouldRestore.hash === null) notCovered.push(path);
    else if (isSameEntry(now.entry, sessionLeft) || (isBegun && isBetween(now.entry, wouldRestore))) {
      restorations.push({ path, now, target: wouldRestore });
      if (now.entry?.kind === 'link' && wouldRestore?.kind === 'directory') leavingLinks.add(path);
    } else conflicts.push({ ...conflict, onDisk: now.entry, current: now.state });
  }
  return { restorations, conflicts, notCovered, directories };
}

/** A file may have grown past every limit since, or have become a link or a directory: then its code. */
export async function readNow(
  files: FileAccess,
  path: string,
  maxBytes: number,
): Promise<{ state: FileState | null } | { code: string }> {
  try {
    return { state: await files.read(path, maxBytes) };
  } catch (error) {
    if (isFishplateError(error)) return { code: error.code };
    throw error;
  }
}

function isBetween(now: Entry, wouldRestore: Entry): boolean {
  return now === null || (now.kind === 'directory' && wouldRestore?.kind === 'directory');
}

function isBelow(path: string, directories: ReadonlySet<string>): boolean {
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
    if (directories.has(path.slice(0, at))) return true;
  }
  return false;
}

function sizeOf(entry: Entry): number {
  return entry?.kind === 'file' ? entry.bytes : 0;
}
