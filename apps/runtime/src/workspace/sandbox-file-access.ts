/** File access by `@fishplate/sandbox`: no race is won by a link, and what a command may not read or write, no tool does for it. */

import { join } from 'node:path';

import { type FishplateError, isFishplateError } from '@fishplate/engine';
import type { Decision, Grant, SandboxFiles } from '@fishplate/sandbox';

import type { Confirm } from '../commands/confirmation.js';
import { RUNTIME_CODES, type RuntimeCode } from '../codes.js';
import type {
  CommitOutcome,
  ConfirmedFileAccess,
  FileAccess,
  FileChange,
  FileStamp,
  FileState,
} from './file-access.js';
import { symlinkError } from './containment.js';
import { type PathPurpose, workspacePath } from './paths.js';
import { workspaceRoot } from './root.js';

/** Opens the files under the policy, at the first use: only then it is known which engine is asked for. */
export type FilesOpener = (root: string) => OpenedFiles;

/** Files, and the engine that reaches them. */
export interface OpenedFiles {
  readonly files: SandboxFiles;
  readonly engine: string;
}

/** Files of a workspace under the policy of its sandbox. */
class SandboxFileAccess implements ConfirmedFileAccess {
  constructor(
    readonly root: string,
    private readonly given: string,
    private readonly open: () => OpenedFiles,
    private readonly confirm?: Confirm,
  ) {}

  asking(confirm: Confirm | undefined): FileAccess {
    return new SandboxFileAccess(this.root, this.given, this.open, confirm);
  }

  get name(): string {
    return this.sandbox.engine;
  }

  resolve(path: string, purpose: PathPurpose): string {
    return workspacePath(path, [this.root, this.given], purpose);
  }

  async read(path: string, maxBytes: number): Promise<FileState | null> {
    const absolute = join(this.root, path);
    try {
      const state = await this.sandbox.files.readFileState(absolute, { maxBytes });
      // Links are no way to a file here, also where they stay in the workspace.
      if (!isSamePath(state.path, absolute)) throw symlinkError(path);
      return { bytes: state.bytes, mode: state.mode, stamp: stampFrom(state.stamp) };
    } catch (error) {
      if (!isFishplateError(error)) throw error;
      if (error.code === 'FILE_MISSING' && this.isPlain(path)) return null;
      throw this.isPlain(path) ? translated(error, path, maxBytes) : symlinkError(path);
    }
  }

  async commit(changes: readonly FileChange[]): Promise<CommitOutcome> {
    const { files } = this.sandbox;
    const given = changes.map(({ path, before, after }) => ({
      path: join(this.root, path),
      before: before === null ? null : stampText(before.stamp),
      after,
    }));
    try {
      return await this.granted(changes, async () => {
        const outcome = await files.changeFiles(given);
        const inside = (path: string): string => path.slice(this.root.length + 1).replaceAll('\\', '/');
        if (!outcome.ok) return { ok: false, changedMeanwhile: inside(outcome.changedMeanwhile) };
        return {
          ok: true,
          modes: new Map(
            changes.flatMap(({ path, after }, index) =>
              after === null ? [] : [[path, outcome.modes[index] ?? 0]],
            ),
          ),
          createdDirectories: outcome.directories.map(inside),
        };
      });
    } catch (error) {
      if (!isFishplateError(error) || error.track === 'runtime') throw error;
      const path =
        changes.find((change) => error.message.includes(change.path))?.path ?? changes[0]?.path ?? '';
      throw translated(error, path, 0);
    }
  }

  async removeEmptyDirectories(paths: readonly string[]): Promise<void> {
    const { files } = this.sandbox;
    for (const path of [...paths].reverse()) {
      try {
        await this.withGrants([{ path: join(this.root, path), intents: ['delete'] }], () =>
          files.delete(join(this.root, path)),
        );
      } catch (error) {
        // Not empty, already gone, or no longer a directory of ours: it stays as it is.
        if (!isFishplateError(error)) throw error;
      }
    }
  }

  private get sandbox(): OpenedFiles {
    return this.open();
  }

  /** Whether a path leads where it says. */
  private isPlain(path: string): boolean {
    const absolute = join(this.root, path);
    return isSamePath(this.sandbox.files.evaluateFileAction(absolute, 'read').resolvedPath, absolute);
  }

  /**
   * Does what the policy allows, or a person confirms.
   *
   * To delete a file of the workspace asks nobody: the session keeps what it held, and `undo` brings it back.
   */
  private async granted<Result>(changes: readonly FileChange[], act: () => Promise<Result>): Promise<Result> {
    const { files } = this.sandbox;
    const grants: Grant[] = [];
    for (const { path, before, after } of changes) {
      const intent = after === null ? 'delete' : before === null ? 'create' : 'write';
      const absolute = join(this.root, path);
      const decision = files.evaluateFileAction(absolute, intent);
      if (decision.decision === 'deny') throw denied(decision, path);
      if (decision.decision === 'allow') continue;
      const isKept = intent === 'delete' && files.evaluateFileAction(absolute, 'write').decision === 'allow';
      if (!isKept && !(await this.isConfirmed(decision, `${intent} ${path}`))) {
        throw RUNTIME_CODES.error(
          'CHANGE_NOT_CONFIRMED',
          `to ${intent} ${JSON.stringify(path)} needs a confirmation: ${decision.reason} (${decision.rule})`,
          { details: { path, rule: decision.rule } },
        );
      }
      grants.push({ path: absolute, intents: [intent] });
    }
    return this.withGrants(grants, act);
  }

  private async isConfirmed({ reason, rule }: Decision, action: string): Promise<boolean> {
    return (await this.confirm?.({ tool: 'files', action, reason: `${reason} (${rule})` })) ?? false;
  }

  /** Grants hold for one action: who changes files holds the write lock. */
  private async withGrants<Result>(grants: readonly Grant[], act: () => Promise<Result>): Promise<Result> {
    if (grants.length === 0) return act();
    const { files } = this.sandbox;
    files.updateGrants(grants);
    try {
      return await act();
    } finally {
      files.updateGrants([]);
    }
  }
}

/** The parts of a stamp, as both engines write them. */
function stampFrom(text: string): FileStamp {
  const [device = 0n, inode = 0n, size = 0n, modifiedNs = 0n, changedNs = 0n] = text.split(':').map(BigInt);
  return { device, inode, size, modifiedNs, changedNs };
}

function stampText({ device, inode, size, modifiedNs, changedNs }: FileStamp): string {
  return [device, inode, size, modifiedNs, changedNs].join(':');
}

const CODES: Readonly<Record<string, RuntimeCode>> = {
  LINK_IN_PATH: 'SYMLINK_REFUSED',
  NOT_A_FILE: 'NOT_A_FILE',
  NOT_A_DIRECTORY: 'NOT_A_FILE',
  TOO_LARGE: 'FILE_TOO_LARGE',
  NAME_INVALID: 'PATH_INVALID',
  ROLLBACK_FAILED: 'ROLLBACK_FAILED',
};

/** An error of the sandbox as tools tell of it. */
function translated(error: FishplateError, path: string, limit: number): Error {
  const decision = error.details?.['decision'] as Decision | undefined;
  if (error.code === 'ACCESS_DENIED' && decision !== undefined) return denied(decision, path, error);
  if (error.track !== 'sandbox') return error;
  const code = CODES[error.code] ?? 'FILE_ACCESS_FAILED';
  const details = code === 'FILE_TOO_LARGE' ? { path, limit } : { path, cause: error.code };
  return RUNTIME_CODES.error(code, `${JSON.stringify(path)}: ${error.message}`, { cause: error, details });
}

function denied({ reason, rule }: Decision, path: string, cause?: unknown): Error {
  const message = `${JSON.stringify(path)} is closed to tools: ${reason} (${rule})`;
  return RUNTIME_CODES.error('PATH_PROTECTED', message, { details: { path, rule }, cause });
}

/** Disks of macOS and Windows usually take names in either case and normal form. */
function isSamePath(one: string, other: string): boolean {
  const folded = (path: string): string => path.normalize('NFC').toLowerCase().replaceAll('\\', '/');
  return process.platform === 'linux' ? one === other : folded(one) === folded(other);
}

/** What a process that was killed may leave behind: no file of the workspace. */
export function isTemporary(path: string): boolean {
  return /(?:^|\/)\.fishplate-[\da-f]{16,32}\.tmp$/.test(path);
}

/** Opens the files of a workspace. @throws FishplateError `WORKSPACE_INVALID` where it is no directory. */
export function openWorkspace(workspace: string, open: FilesOpener): ConfirmedFileAccess {
  const { root, given } = workspaceRoot(workspace);
  let opened: OpenedFiles | null = null;
  return new SandboxFileAccess(root, given, () => (opened ??= open(root)));
}
