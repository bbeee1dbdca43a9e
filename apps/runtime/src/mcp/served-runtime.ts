/** The runtime behind a server: opened when its workspace is known, which may be only after the client has told its roots. */

import { fileURLToPath } from 'node:url';

import { RUNTIME_CODES } from '../codes.js';
import { type RuntimeLogger, SILENT_LOGGER } from '../logger.js';
import type { Runtime, SessionHandle } from '../runtime.js';

/** What a client works on: an address, of a directory where its scheme is `file:`. */
export interface Root {
  readonly uri: string;
}

/** Asks the client for its roots. */
export type AskRoots = () => Promise<readonly Root[]>;

/** How it is opened. */
export interface ServedOptions {
  /** Directory to work on; the client is not asked for roots then. */
  readonly workspace: string | undefined;
  /** Session to go on in. */
  readonly session: string | undefined;
  readonly logger?: RuntimeLogger | undefined;
}

/** A runtime that is opened once, by whoever needs it first. */
export class ServedRuntime {
  private opening: Promise<Runtime> | null = null;
  private askRoots: AskRoots | null = null;
  private closed = false;
  private readonly logger: RuntimeLogger;

  constructor(private readonly options: ServedOptions) {
    this.logger = options.logger ?? SILENT_LOGGER;
  }

  /**
   * The session in which the calls of the client are made.
   *
   * @throws FishplateError those of `createRuntime`, and `WORKSPACE_INVALID` where no root of the client is a directory here. Who
   * asks again has it tried again.
   */
  async session(): Promise<SessionHandle> {
    return (await this.open()).main;
  }

  /** From now on the workspace is the first root of the client that is a directory, unless one was given. */
  useRoots(ask: AskRoots): void {
    if (this.options.workspace === undefined) this.askRoots = ask;
  }

  /** Begins to open it, and to index what is in it; what goes wrong is told to who asks for the session. */
  warm(): void {
    this.open()
      .then((runtime) => runtime.prepare())
      .catch((error: unknown) => {
        if (!this.closed) this.logger.warn({ reason: (error as Error).message }, 'not ready yet');
      });
  }

  /** The workspace of a server stays what it is: its session, and what can be undone, belong to it. */
  async rootsChanged(): Promise<void> {
    if (this.askRoots === null) return;
    const runtime = await this.opening?.catch(() => null);
    // What could not be opened may be now.
    if (runtime === null || runtime === undefined) return this.warm();
    const { workspaceRoot } = await import('../workspace/root.js');
    const isStill = directoriesOf(await this.askRoots()).some((directory) => {
      try {
        return workspaceRoot(directory).root === runtime.workspace;
      } catch {
        return false;
      }
    });
    if (isStill) return;
    const { workspace } = runtime;
    this.logger.warn(
      { workspace },
      'no root of the client any more; start the server again for another workspace',
    );
  }

  async close(): Promise<void> {
    this.closed = true;
    const runtime = await this.opening?.catch(() => null);
    await runtime?.close();
  }

  private open(): Promise<Runtime> {
    this.opening ??= this.openNow().catch((error: unknown) => {
      this.opening = null;
      throw error;
    });
    return this.opening;
  }

  private async openNow(): Promise<Runtime> {
    const { session, logger } = this.options;
    // While the client is being asked, and not before it has its first answer.
    const loading = import('../runtime.js');
    const workspace = this.options.workspace ?? (await this.firstRoot());
    const { createRuntime } = await loading;
    return createRuntime({
      ...(workspace === undefined ? {} : { workspace }),
      ...(session === undefined ? {} : { session }),
      ...(logger === undefined ? {} : { logger }),
    });
  }

  /** Undefined where the client has none: the directory that the server was started in. */
  private async firstRoot(): Promise<string | undefined> {
    if (this.askRoots === null) return undefined;
    const roots = await this.askRoots().catch((cause: unknown) => {
      throw RUNTIME_CODES.error(
        'WORKSPACE_INVALID',
        `the client was asked for its roots: ${(cause as Error).message}`,
        { hint: 'Start the server with --workspace.', cause },
      );
    });
    if (roots.length === 0) return undefined;
    const [first, ...others] = directoriesOf(roots);
    if (first === undefined) {
      const uris = roots.map(({ uri }) => JSON.stringify(uri.slice(0, 200))).slice(0, 8);
      throw RUNTIME_CODES.error(
        'WORKSPACE_INVALID',
        `none of the roots of the client is a directory of this machine: ${uris.join(', ')}`,
        { hint: 'Start the server with --workspace.' },
      );
    }
    if (others.length > 0) {
      const message =
        'the first of several roots is the workspace; start a server with --workspace for each of the others';
      this.logger.warn({ workspace: first, others }, message);
    }
    return first;
  }
}

/** Of the roots that are addresses of files, in their order. */
function directoriesOf(roots: readonly Root[]): string[] {
  return roots.flatMap(({ uri }) => {
    try {
      return [fileURLToPath(uri)];
    } catch {
      return [];
    }
  });
}
