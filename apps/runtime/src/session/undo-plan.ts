/** Works out what undoing steps would do, and where the disk is no longer what the session left. */

import { isFishplateError } from '@fishplate/engine';

import type { FileAccess, FileChange, FileState } from '../workspace/file-access.js';
import { hashOf, type StateReference } from './state-store.js';
import { Session, type Step } from './session.js';

/** A file that is no longer what the session left. */
export interface UndoConflict {
  readonly path: string;
  readonly sessionLeft: StateReference | null;
  /** What is there now; null for no file, a code where what is there cannot be read as a file. */
  readonly onDisk: StateReference | null | { readonly code: string };
  readonly wouldRestore: StateReference | null;
  /** Content that is there now, where it can be read. */
  readonly current: FileState | null;
}

/** What undoing comes to. */
export interface UndoPlan {
  readonly steps: readonly Step[];
  readonly changes: readonly FileChange[];
  readonly conflicts: readonly UndoConflict[];
  /** Directories to remove where they have become empty, outermost first. */
  readonly directories: readonly string[];
}

/** Plans to undo the latest `count` steps that are not yet undone; files over `maxBytes` are not read to show them. */
export async function planUndo(
  session: Session,
  files: FileAccess,
  count: number,
  maxBytes: number,
): Promise<UndoPlan> {
  const steps = session.steps.slice(-count);
  const changes: FileChange[] = [];
  const conflicts: UndoConflict[] = [];
  for (const { path, before: wouldRestore, after: sessionLeft } of Session.netChanges(steps)) {
    const current = await readNow(files, path, Math.max(maxBytes, sessionLeft?.bytes ?? 0));
    if ('code' in current) {
      conflicts.push({ path, sessionLeft, onDisk: current, wouldRestore, current: null });
      continue;
    }
    const onDisk = referenceTo(current.state);
    if (!isSameState(onDisk, sessionLeft)) {
      conflicts.push({ path, sessionLeft, onDisk, wouldRestore, current: current.state });
    } else if (!isSameState(onDisk, wouldRestore)) {
      const after =
        wouldRestore === null
          ? null
          : { bytes: session.states.content(wouldRestore), mode: wouldRestore.mode };
      changes.push({ path, before: current.state, after });
    }
  }
  return {
    steps,
    changes,
    conflicts,
    directories: steps.flatMap(({ createdDirectories }) => createdDirectories),
  };
}

/** True where content and mode are the same; Windows has no modes worth comparing. */
export function isSameState(left: StateReference | null, right: StateReference | null): boolean {
  if (left === null || right === null) return left === right;
  return left.hash === right.hash && (left.mode === right.mode || process.platform === 'win32');
}

/** Content and mode by reference. */
export function referenceTo(state: FileState | null): StateReference | null {
  return state === null ? null : { hash: hashOf(state.bytes), bytes: state.bytes.length, mode: state.mode };
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
