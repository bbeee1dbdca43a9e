/** Opens the sessions of a runtime: in journals that this process writes, new ones and those of earlier processes. */

import { randomInt } from 'node:crypto';

import { type EngineChoice, isFishplateError } from '@fishplate/engine';

import { RUNTIME_CODES } from '../codes.js';
import type { ResolvedConfig } from '../config/schema.js';
import type { RuntimeLogger } from '../logger.js';
import { packageVersion } from '../version.js';
import type { FileAccess } from '../workspace/file-access.js';
import { indexOf, Journal, openReader } from './journal.js';
import type { Mask } from './masking.js';
import { recover } from './recovery.js';
import { Session } from './session.js';
import { checkSessionId } from './session-id.js';
import {
  closeStateFolder,
  journalNumbers,
  journalPath,
  openStateFolder,
  signatureOf,
  statePath,
  type StateFolder,
} from './state-folder.js';
import { Tracker } from './tracker.js';
import type { WriteLock } from './write-lock.js';

/** What a host works with. */
export interface HostOptions {
  readonly files: FileAccess;
  readonly config: ResolvedConfig;
  readonly logger: RuntimeLogger;
  readonly mask: Mask;
  readonly lock: WriteLock;
  /** Engines asked for, decided at each use. */
  readonly asked: () => { readonly storage: EngineChoice; readonly gitignore: EngineChoice };
}

/** Times that a session is tried to be begun while others begin it too, and the longest pause between. */
const BEGIN_ATTEMPTS = 8;
const LONGEST_PAUSE_MS = 50;

/** Most processes that have sessions of one workspace open at once. */
const MAX_JOURNALS = 256;

/** The sessions of one runtime. */
export class SessionHost {
  private readonly sessions = new Map<string, Promise<Session>>();
  private readonly journals = new Map<number, Journal>();
  private readonly tidied = new Set<Journal>();
  private folder: StateFolder | null = null;
  private own: Journal | null = null;
  private tracker: Tracker | null = null;
  /** Journals are opened one after the other. */
  private queue: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: HostOptions) {}

  /** The folder of the sessions; that of the configuration before the first is opened. */
  get statePath(): string {
    const { config, files } = this.options;
    return this.folder?.path ?? statePath(files.root, config.sessions.directory);
  }

  /** The journals that this process writes, by their numbers. */
  get written(): ReadonlyMap<number, Journal> {
    return this.journals;
  }

  /** Engine of the store; null before the first session is opened. */
  get engine(): string | null {
    return this.own?.engine ?? null;
  }

  /**
   * The session of an id, made where there is none.
   *
   * @throws FishplateError `SESSION_BUSY` where another process has it, naming that; `STATE_UNUSABLE`, `STATE_WRITE_FAILED`.
   */
  open(id: string): Promise<Session> {
    let opening = this.sessions.get(id);
    if (opening === undefined) {
      opening = this.queue.then(() => this.openNow(checkSessionId(id)));
      this.queue = opening.catch(() => undefined);
      this.sessions.set(id, opening);
      opening.catch(() => this.sessions.delete(id));
    }
    return opening;
  }

  async close(): Promise<void> {
    await this.queue;
    for (const journal of this.journals.values()) await journal.close();
    this.journals.clear();
    this.sessions.clear();
    if (this.folder !== null) closeStateFolder(this.folder);
  }

  private async openNow(id: string, attempt = 1): Promise<Session> {
    const { config, files, lock, logger } = this.options;
    this.folder ??= openStateFolder(files.root, config.sessions.directory);
    if (this.folder.temporary)
      logger.warn(
        { path: this.folder.path },
        'the workspace cannot be written: its sessions end with this process',
      );
    const seen = this.signatures();
    const journal = (await this.journalOf(id)) ?? this.own ?? (await this.openOwn());
    this.own ??= journal;
    const own = this.own;
    const { asked } = this.options;
    this.tracker ??= new Tracker(files.root, own, {
      undo: config.undo,
      readDeny: config.sandbox.policy.readDeny ?? [],
      engine: () => asked().gitignore,
    });
    const isNew = !journal.sessions.has(id);
    if (isNew) {
      await journal.begin(id);
      if (await this.isElsewhere(id, seen)) {
        await journal.withdraw(id);
        if (attempt === BEGIN_ATTEMPTS) {
          throw RUNTIME_CODES.error(
            'SESSION_BUSY',
            `another process begins the session ${JSON.stringify(id)} at the same moment`,
            { details: { session: id } },
          );
        }
        await new Promise((settle) => setTimeout(settle, randomInt(LONGEST_PAUSE_MS)));
        return this.openNow(id, attempt + 1);
      }
    }
    const session = new Session(id, journal.load(id), journal, this.tracker, own);
    await this.forget(journal);
    if (isNew) {
      await session.expect({ type: 'session', id, at: new Date().toISOString(), version: packageVersion() });
      return session;
    }
    const tracker = this.tracker;
    await lock.run(() => recover(session, files, tracker, journal));
    if (session.state.unreadable > 0) {
      logger.warn(
        { session: id, records: session.state.unreadable },
        'records of the session could not be read',
      );
    }
    return session;
  }

  /** Once a journal, when the first of its sessions is open. What cannot be forgotten now is kept until the next time. */
  private async forget(journal: Journal): Promise<void> {
    if (this.tidied.has(journal)) return;
    this.tidied.add(journal);
    const { config, logger } = this.options;
    try {
      const sessions = await journal.forget(config.sessions);
      if (sessions.length > 0) {
        logger.warn({ sessions }, 'old sessions were forgotten, and their steps cannot be undone any more');
      }
    } catch (error) {
      logger.warn({ reason: (error as Error).message }, 'old sessions could not be forgotten');
    }
  }

  /** The journal that a session is in; undefined where there is none. */
  private async journalOf(id: string): Promise<Journal | undefined> {
    for (const journal of this.journals.values()) if (journal.sessions.has(id)) return journal;
    const state = this.folder!.path;
    for (const number of journalNumbers(state)) {
      const isIn = this.journals.has(number) ? false : await this.isIn(number, id);
      if (isIn === false) continue;
      try {
        const journal = await this.openJournal(number);
        if (journal.sessions.has(id)) return journal;
      } catch (cause) {
        // One that cannot even be salvaged is told, and hinders no other session.
        if (isIn === null) continue;
        if (!isFishplateError(cause) || cause.code !== 'STORAGE_LOCKED') throw cause;
        const { pid, host } = cause.details as { pid?: unknown; host?: unknown };
        throw RUNTIME_CODES.error(
          'SESSION_BUSY',
          `the session ${JSON.stringify(id)} is open in process ${String(pid)} on ${String(host)}`,
          { cause, details: { session: id, pid, host } },
        );
      }
    }
    return undefined;
  }

  /** What the journals of others look like; one that looks the same later has nothing new. */
  private signatures(): ReadonlyMap<number, string> {
    const state = this.folder!.path;
    const others = journalNumbers(state).filter((number) => !this.journals.has(number));
    return new Map(others.map((number) => [number, signatureOf(journalPath(state, number))]));
  }

  /**
   * Whether another process began the session after it was looked for. Each writes that it begins before it looks, so that of two that
   * do so at once one sees the other at least, and makes way.
   */
  private async isElsewhere(id: string, seen: ReadonlyMap<number, string>): Promise<boolean> {
    for (const [number, signature] of this.signatures()) {
      if (seen.get(number) !== signature && (await this.isIn(number, id)) === true) return true;
    }
    return false;
  }

  /** Null of a damaged journal: who writes it, salvages it, and knows then. */
  private async isIn(number: number, id: string): Promise<boolean | null> {
    let isDamaged = false;
    const store = await openReader(
      journalPath(this.folder!.path, number),
      this.options.asked().storage,
    ).catch((error: unknown) => {
      // The sessions of a newer release are not ours.
      isDamaged = isFishplateError(error) && error.code === 'STORAGE_CORRUPT';
      this.options.logger.warn(
        { journal: number, reason: (error as Error).message },
        'a journal cannot be read',
      );
      return null;
    });
    if (store === null) return isDamaged ? null : false;
    try {
      return indexOf(store).has(id);
    } finally {
      await store.close();
    }
  }

  /** The first journal that nobody else writes. */
  private async openOwn(): Promise<Journal> {
    for (let number = 1; number <= MAX_JOURNALS; number += 1) {
      const open = this.journals.get(number);
      if (open !== undefined) return open;
      try {
        return await this.openJournal(number);
      } catch (cause) {
        const code = isFishplateError(cause) ? cause.code : '';
        if (code === 'STORAGE_LOCKED' || code === 'STORAGE_FORMAT_NEWER') continue;
        throw RUNTIME_CODES.error(
          'STATE_UNUSABLE',
          `${journalPath(this.folder!.path, number)} cannot be opened: ${(cause as Error).message}`,
          { cause },
        );
      }
    }
    throw RUNTIME_CODES.error(
      'STATE_UNUSABLE',
      `${MAX_JOURNALS} processes have sessions of this workspace open`,
    );
  }

  private async openJournal(number: number): Promise<Journal> {
    const { config, mask, asked, logger } = this.options;
    const journal = await Journal.open(this.folder!.path, number, {
      engine: asked().storage,
      budgetBytes: config.undo.budgetBytes,
      mask,
    });
    this.journals.set(number, journal);
    if (journal.repaired !== null)
      logger.warn({ journal: number, reason: journal.repaired }, 'a journal was repaired');
    return journal;
  }
}
