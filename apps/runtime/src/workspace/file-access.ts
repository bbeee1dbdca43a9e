/** How tools reach files: the interface that stands between them and the disk. */

import type { Confirm } from '../commands/confirmation.js';
import type { PathPurpose } from './paths.js';

/** A file as it was when it was read. */
export interface FileState {
  readonly bytes: Buffer;
  /** Permission bits. */
  readonly mode: number;
  /** Tells whether the file has been touched since. */
  readonly stamp: FileStamp;
}

/** What changes when a file is written or replaced. */
export interface FileStamp {
  readonly device: bigint;
  readonly inode: bigint;
  readonly size: bigint;
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
}

/** What a file becomes. `mode` undefined: as the system makes new files, or as the file was. */
export interface NextState {
  readonly bytes: Buffer;
  readonly mode?: number | undefined;
}

/** One file of a change. */
export interface FileChange {
  /** Path as {@link FileAccess.resolve} gives it. */
  readonly path: string;
  /** What was read; null where no file stood. */
  readonly before: FileState | null;
  /** What it becomes; null deletes it. */
  readonly after: NextState | null;
}

/** What a commit came to. */
export type CommitOutcome =
  | {
      readonly ok: true;
      /** Modes of the files written, by path. */
      readonly modes: ReadonlyMap<string, number>;
      /** Directories made on the way, outermost first. */
      readonly createdDirectories: readonly string[];
    }
  | { readonly ok: false; readonly changedMeanwhile: string };

/** Access to the files of one workspace, and to nothing else. */
export interface FileAccess {
  /** Name of the way files are reached, as results and `doctor` show it. */
  readonly name: string;
  /** Absolute path of the workspace, free of symbolic links. */
  readonly root: string;
  /** Checks a path and gives it as the workspace names it. Throws `PATH_...` errors. */
  resolve(path: string, purpose: PathPurpose): string;
  /** Reads a whole regular file; null where there is none. Throws on links, devices and files over `maxBytes`. */
  read(path: string, maxBytes: number): Promise<FileState | null>;
  /**
   * Writes, creates and deletes files: all of them, or none.
   *
   * Answers `ok: false` where a file is no longer what `before` says; throws where the disk refuses.
   */
  commit(changes: readonly FileChange[]): Promise<CommitOutcome>;
  /** Removes directories that are empty; leaves the others. Innermost must come last. */
  removeEmptyDirectories(paths: readonly string[]): Promise<void>;
}

/** File access that can ask a person. */
export interface ConfirmedFileAccess extends FileAccess {
  /** The same files, with somebody to ask about what the policy leaves to a person; nobody: such changes are refused. */
  asking(confirm: Confirm | undefined): FileAccess;
}
