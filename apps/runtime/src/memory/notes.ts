/** Notes of a workspace, as the stores of its sessions keep them: one stream a journal, apart from the sessions, which notes outlive. */

import type { EngineChoice } from '@fishplate/engine';
import type { Store } from '@fishplate/storage';
import { z } from 'zod';

import type { RuntimeLogger } from '../logger.js';
import { type Journal, openReader } from '../session/journal.js';
import { journalNumbers, journalPath, signatureOf } from '../session/state-folder.js';

/** Stream of the notes in a journal's store. */
export const NOTES = 'notes';

/** A note, and where it came from. */
export interface Note {
  readonly id: string;
  readonly text: string;
  readonly tags: readonly string[];
  /** Session and call that remembered it. */
  readonly session: string;
  readonly callId: string;
  /** When: ISO 8601, UTC. */
  readonly at: string;
}

/** What happened to a note. */
export type NoteEvent =
  | ({ readonly type: 'remembered' } & Note)
  | {
      readonly type: 'forgotten';
      readonly id: string;
      readonly session: string;
      readonly callId: string;
      readonly at: string;
    };

const provenance = { id: z.string(), session: z.string(), callId: z.string(), at: z.string() };
const noteEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('remembered'), text: z.string(), tags: z.array(z.string()), ...provenance }),
  z.object({ type: z.literal('forgotten'), ...provenance }),
]);

/** Told what is new. */
export type NoteListener = (event: NoteEvent) => void;

/** How far a journal has been read. */
interface Progress {
  readonly seq: number;
  /** What its files looked like then. */
  readonly signature: string;
}

/** Reads the notes of all journals of a state folder, and then what has been added since. */
export class NoteReader {
  private readonly progress = new Map<number, Progress>();

  constructor(
    private readonly state: string,
    private readonly engine: () => EngineChoice,
    private readonly logger: RuntimeLogger,
  ) {}

  /** Tells every event that was not told before. `open`: journals that this process writes. */
  async catchUp(open: ReadonlyMap<number, Journal>, listener: NoteListener): Promise<void> {
    for (const number of journalNumbers(this.state)) {
      const journal = open.get(number);
      if (journal !== undefined) {
        const { seq = 0 } = this.progress.get(number) ?? {};
        this.progress.set(number, {
          seq: journal.eachNote(seq + 1, (data) => tell(data, listener)) ?? seq,
          signature: '',
        });
      } else {
        await this.readOther(number, listener);
      }
    }
  }

  private async readOther(number: number, listener: NoteListener): Promise<void> {
    const directory = journalPath(this.state, number);
    const { seq = 0, signature: known } = this.progress.get(number) ?? {};
    const signature = signatureOf(directory);
    if (signature === known) return;
    const store = await openReader(directory, this.engine()).catch((error: unknown) => {
      // Its sessions are told of where they are listed; the notes of the others are still good.
      this.logger.warn({ journal: number, reason: (error as Error).message }, 'a journal cannot be read');
      return null;
    });
    if (store === null) return;
    try {
      const last = replayNotes(store, seq + 1, (data) => tell(data, listener)) ?? seq;
      this.progress.set(number, { seq: last, signature });
    } finally {
      await store.close();
    }
  }
}

/** Calls back with each record of the stream from a number on; answers the number of the last one. */
export function replayNotes(store: Store, from: number, each: (data: Buffer) => void): number | undefined {
  let last: number | undefined;
  for (const { seq, data } of store.replay({ stream: NOTES, from })) {
    each(data);
    last = seq;
  }
  return last;
}

/** Records from before a number that what is known of notes still needs: what is left of them when all before it is pruned. */
export function notesToKeep(store: Store, before: number): string[] {
  const kept = new Map<string, string>();
  for (const { seq, data } of store.replay({ stream: NOTES })) {
    if (seq >= before) break;
    tell(data, (event) => {
      // One that was remembered here and forgotten leaves nothing; of another journal's, it has to stay forgotten.
      if (event.type === 'forgotten' && kept.delete(event.id)) return;
      kept.set(event.id, JSON.stringify(event));
    });
  }
  return [...kept.values()];
}

function tell(data: Buffer, listener: NoteListener): void {
  try {
    const { success, data: event } = noteEvent.safeParse(JSON.parse(data.toString('utf8')));
    if (success) listener(event);
  } catch {
    // A record that is no JSON is no note.
  }
}
