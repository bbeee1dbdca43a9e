/** Reads the sessions of a workspace without writing anything, also while other processes work in them. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { EngineChoice } from '@fishplate/engine';
import type { Store } from '@fishplate/storage';

import { Contents } from './contents.js';
import { indexOf, openReader, readState } from './journal.js';
import type { SessionState } from './session-state.js';
import { journalNumbers, journalPath } from './state-folder.js';
import type { TimelineEntry } from './timeline.js';

/** One session in a list. */
export interface SessionSummary {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** Beginning of the latest call; that of the session where there is none. */
  readonly lastCallAt: string;
  readonly calls: number;
  /** Steps that are not undone. */
  readonly steps: number;
  readonly checkpoints: number;
  readonly messages: number;
  /** Process that has it open; null where none has. */
  readonly openIn: number | null;
  /** Calls that their process did not end. */
  readonly interrupted: number;
}

/** What was read. */
export interface SessionsRead {
  /** Latest first. */
  readonly sessions: readonly SessionSummary[];
  /** Journals that could not be read, each with the reason. */
  readonly problems: readonly string[];
}

/** A session as its log has it. */
export interface SessionRead {
  readonly summary: SessionSummary;
  readonly timeline: readonly TimelineEntry[];
  readonly state: SessionState;
}

/** Lists the sessions in a state folder. */
export async function readSessions(state: string, engine: EngineChoice): Promise<SessionsRead> {
  const problems: string[] = [];
  const sessions: SessionSummary[] = [];
  await eachJournal(state, engine, problems, (read, ids) => {
    for (const id of ids) sessions.push(read(id).summary);
    return false;
  });
  return {
    sessions: sessions.sort((left, right) => (left.lastCallAt > right.lastCallAt ? -1 : 1)),
    problems,
  };
}

/** Reads one session; null where there is none of that id. */
export async function readSession(
  state: string,
  engine: EngineChoice,
  id: string,
): Promise<SessionRead | null> {
  let found: SessionRead | null = null;
  await eachJournal(state, engine, [], (read, ids) => {
    if (ids.has(id)) found = read(id);
    return found !== null;
  });
  return found;
}

/** A session's journal, open for reading. */
export interface OpenJournal {
  readonly store: Store;
  readonly contents: Contents;
}

/** Reads one session, and hands it over with its journal; null where there is none of that id. */
export async function withSession<Result>(
  state: string,
  engine: EngineChoice,
  id: string,
  use: (read: SessionRead, journal: OpenJournal) => Promise<Result>,
): Promise<Result | null> {
  let result: Result | null = null;
  await eachJournal(state, engine, [], async (read, ids, journal) => {
    if (!ids.has(id)) return false;
    result = await use(read(id), journal);
    return true;
  });
  return result;
}

async function eachJournal(
  state: string,
  engine: EngineChoice,
  problems: string[],
  visit: (
    read: (id: string) => SessionRead,
    ids: ReadonlySet<string>,
    journal: OpenJournal,
  ) => boolean | Promise<boolean>,
): Promise<void> {
  const objects = (): string[] =>
    journalNumbers(state).map((number) => join(journalPath(state, number), 'objects'));
  for (const number of journalNumbers(state)) {
    const directory = journalPath(state, number);
    const store = await openReader(directory, engine).catch((error: unknown) => {
      problems.push(`${directory}: ${(error as Error).message}`);
      return null;
    });
    if (store === null) continue;
    try {
      const openIn = writerOf(directory);
      const read = (id: string): SessionRead => shown(id, readState(store, id), openIn);
      // Nothing is kept in it, so that it needs no room.
      const contents = new Contents(join(directory, 'objects'), 0, objects);
      if (await visit(read, indexOf(store), { store, contents })) return;
    } finally {
      await store.close();
    }
  }
}

function shown(id: string, state: SessionState, openIn: number | null): SessionRead {
  // Nobody is left to end what a process began that is gone.
  const timeline = state.timeline.entries().map((entry): TimelineEntry => {
    return entry.status === 'running' && openIn === null ? { ...entry, status: 'interrupted' } : entry;
  });
  const summary = {
    id,
    createdAt: state.createdAt,
    lastCallAt: timeline.at(-1)?.startedAt ?? state.createdAt,
    calls: state.timeline.last,
    steps: state.active.length,
    checkpoints: state.checkpoints.size,
    messages: state.messages.length,
    openIn,
    interrupted: timeline.filter(({ status }) => status === 'interrupted').length,
  };
  return { summary, timeline, state };
}

/** The living process that a claim in the store's lock directory names. */
function writerOf(directory: string): number | null {
  const lock = join(directory, 'store', 'lock');
  let names: string[];
  try {
    names = readdirSync(lock);
  } catch {
    return null;
  }
  for (const name of names.filter((file) => file.endsWith('.json'))) {
    try {
      const { pid } = JSON.parse(readFileSync(join(lock, name), 'utf8')) as { pid: number };
      if (isAlive(pid)) return pid;
    } catch {
      // Given up meanwhile.
    }
  }
  return null;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
