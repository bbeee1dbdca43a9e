/** File actions under a policy, each with its record. */

import { isFishplateError } from '@fishplate/engine';

import { Audit } from './audit';
import { SANDBOX_CODES } from './codes';
import { openScriptPolicy } from './fallback/policy';
import { selectNative } from './native';
import { openNativePolicy } from './native-backend';
import {
  checkBytes,
  checkChanges,
  checkGrants,
  checkIntent,
  checkMaxBytes,
  checkOptions,
  checkPath,
  type FilesOptions,
  takeOptions,
} from './options';
import type { ActionIntent, ChangeOutcome, Decision, DirEntry, FileChange, FileState, Grant } from './types';

/** What decides, and reads and writes files, under a policy. */
export interface PolicyEngine {
  readonly workspace: string;
  evaluate(path: string, intent: ActionIntent): Decision;
  updateGrants(grants: readonly Grant[]): void;
  readFile(path: string, maxBytes: number): Promise<Buffer>;
  readFileState(path: string, maxBytes: number): Promise<FileState>;
  writeFile(path: string, data: Buffer): Promise<void>;
  changeFiles(changes: readonly FileChange[]): Promise<ChangeOutcome>;
  delete(path: string): Promise<void>;
  list(path: string): Promise<DirEntry[]>;
}

/** Largest file that `readFile` gives, unless told otherwise. */
const MAX_FILE_BYTES = 256 << 20;

/** Files under a policy, free of races. */
export interface SandboxFiles {
  /** The workspace, free of symbolic links. */
  readonly workspace: string;
  /**
   * What the policy and the grants say about an action. Looks at the disk, changes nothing.
   *
   * @throws FishplateError `NAME_INVALID`, `INPUT_INVALID`.
   */
  evaluateFileAction(path: string, intent: ActionIntent): Decision;
  /** The bytes of a regular file. @throws FishplateError `ACCESS_DENIED`, `FILE_MISSING`, `NOT_A_FILE`, `TOO_LARGE`, ... */
  readFile(path: string, options?: { readonly maxBytes?: number }): Promise<Buffer>;
  /** As `readFile`, with what the file was when it was opened, and where. @throws as `readFile`. */
  readFileState(path: string, options?: { readonly maxBytes?: number }): Promise<FileState>;
  /** Replaces or makes a file at once: readers see the old content or the new one. @throws as `readFile`, `HARD_LINKED`. */
  writeFile(path: string, data: Uint8Array | string): Promise<void>;
  /**
   * Writes, makes and deletes files: all of them, or none. Makes the directories above them.
   *
   * @throws FishplateError as `writeFile`, `LINK_IN_PATH` for any link on the way; `ROLLBACK_FAILED`.
   */
  changeFiles(changes: readonly FileChange[]): Promise<ChangeOutcome>;
  /** Removes a file, a link (never what it leads to) or an empty directory. @throws as `readFile`, `NOT_EMPTY`. */
  delete(path: string): Promise<void>;
  /** The entries of a directory, sorted by name. @throws as `readFile`, `NOT_A_DIRECTORY`. */
  list(path: string): Promise<DirEntry[]>;
  /** Replaces all grants. @throws FishplateError `GRANT_INVALID`; those before stay. */
  updateGrants(grants: readonly Grant[]): void;
}

/**
 * Opens the files of a workspace under a policy, for a host that runs no commands, or elsewhere.
 *
 * @throws FishplateError `POLICY_INVALID`, `WORKSPACE_INVALID`, `GRANT_INVALID`, `OPTION_INVALID`.
 */
export function openFiles(options: FilesOptions): SandboxFiles {
  const taken = takeOptions(options);
  const checked = checkOptions(taken);
  const native = selectNative(taken.engine);
  const engine = native === null ? openScriptPolicy(checked) : openNativePolicy(native, checked).policyEngine;
  return new PolicyFiles(engine, new Audit(checked.actor, taken.audit));
}

/** File actions of an engine, told of to the listener. */
export class PolicyFiles implements SandboxFiles {
  private closed = false;

  constructor(
    private readonly engine: PolicyEngine,
    private readonly audit: Audit,
  ) {}

  get workspace(): string {
    return this.engine.workspace;
  }

  evaluateFileAction(path: string, intent: ActionIntent): Decision {
    this.checkOpen();
    const decision = this.engine.evaluate(checkPath(path), checkIntent(intent));
    const { resolvedPath, rule } = decision;
    this.audit.tell({
      action: intent,
      path: resolvedPath,
      decision: decision.decision,
      rule,
      status: 'asked',
    });
    return decision;
  }

  async readFile(path: string, options?: { readonly maxBytes?: number }): Promise<Buffer> {
    const maxBytes = checkMaxBytes(options, MAX_FILE_BYTES);
    return this.onFile(path, 'read', (engine) => engine.readFile(path, maxBytes));
  }

  async readFileState(path: string, options?: { readonly maxBytes?: number }): Promise<FileState> {
    const maxBytes = checkMaxBytes(options, MAX_FILE_BYTES);
    return this.onFile(path, 'read', (engine) => engine.readFileState(path, maxBytes));
  }

  async writeFile(path: string, data: Uint8Array | string): Promise<void> {
    const bytes = checkBytes(data, 'data');
    return this.onFile(path, 'write', (engine) => engine.writeFile(path, bytes));
  }

  async changeFiles(changes: readonly FileChange[]): Promise<ChangeOutcome> {
    this.checkOpen();
    const checked = checkChanges(changes);
    const actions = checked.map(({ path, before, after }): [string, ActionIntent] => [
      path,
      after === null ? 'delete' : before === null ? 'create' : 'write',
    ]);
    return this.told(actions, () => this.engine.changeFiles(checked));
  }

  async delete(path: string): Promise<void> {
    return this.onFile(path, 'delete', (engine) => engine.delete(path));
  }

  async list(path: string): Promise<DirEntry[]> {
    return this.onFile(path, 'list', (engine) => engine.list(path));
  }

  updateGrants(grants: readonly Grant[]): void {
    this.checkOpen();
    this.engine.updateGrants(checkGrants(grants));
    this.audit.tell({ action: 'grants', decision: 'allow', rule: 'host', status: 'done' });
  }

  /** Refuses further calls. */
  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  /** @throws FishplateError `SANDBOX_CLOSED`. */
  checkOpen(): void {
    if (this.closed) throw SANDBOX_CODES.error('SANDBOX_CLOSED', 'the sandbox has been closed');
  }

  private async onFile<Result>(
    path: string,
    intent: ActionIntent,
    act: (engine: PolicyEngine) => Promise<Result>,
  ): Promise<Result> {
    this.checkOpen();
    checkPath(path);
    return this.told([[path, intent]], () => act(this.engine));
  }

  /** Does something with files; the records say how it went. */
  private async told<Result>(
    actions: readonly (readonly [string, ActionIntent])[],
    act: () => Promise<Result>,
  ): Promise<Result> {
    // What is deleted leads nowhere afterwards.
    const decisions = this.audit.isHeard ? actions.map(([path, intent]) => this.asked(path, intent)) : [];
    const tell = (status: 'done' | 'failed', code?: string): void => {
      decisions.forEach((decision, index) => {
        const { resolvedPath, rule } = decision;
        const [, action] = actions[index]!;
        const how = code === undefined ? { status } : { status, code };
        this.audit.tell({ action, path: resolvedPath, decision: decision.decision, rule, ...how });
      });
    };
    try {
      const result = await act();
      if (isRefused(result)) tell('failed', 'CHANGED');
      else tell('done');
      return result;
    } catch (error) {
      if (isFishplateError(error)) {
        const decision = error.details?.['decision'] as Decision | undefined;
        if (decision === undefined) tell('failed', error.code);
        else this.tellRefused(actions, decisions, decision);
      }
      throw error;
    }
  }

  private tellRefused(
    actions: readonly (readonly [string, ActionIntent])[],
    decisions: readonly Decision[],
    { decision, resolvedPath, rule }: Decision,
  ): void {
    const index = decisions.findIndex((asked) => asked.resolvedPath === resolvedPath);
    const [, action] = actions[Math.max(0, index)]!;
    this.audit.tell({ action, path: resolvedPath, decision, rule, status: 'refused' });
  }

  /** The decision for a record; a path that is none is told of as it was given. */
  private asked(path: string, intent: ActionIntent): Decision {
    try {
      return this.engine.evaluate(path, intent);
    } catch (error) {
      if (!isFishplateError(error)) throw error;
      return { decision: 'deny', reason: error.message, rule: error.code, resolvedPath: path };
    }
  }
}

function isRefused(result: unknown): boolean {
  return typeof result === 'object' && result !== null && (result as { ok?: boolean }).ok === false;
}
