/** Notices a model that makes the same call again and again, with the same answer. */

import { hashJson } from '@fishplate/json';

/** Calls that are looked back on: circles of a few calls show, too. */
const WINDOW = 24;

/** So often, and the model is told; so often, and the run is stopped. */
const TELL_AT = 3;
const STOP_AT = 6;

/** What is to be done. */
export type RepetitionVerdict = 'none' | 'tell' | 'stop';

/** The latest calls of a run. */
export class Repetition {
  private readonly latest: string[] = [];

  /** Takes in a call and its answer. Waiting for a job is no circle; the bound on steps ends it. */
  add(tool: string, input: unknown, text: string): RepetitionVerdict {
    if (tool === 'poll_job') return 'none';
    const print = hashJson([tool, input ?? null, text]);
    this.latest.push(print);
    if (this.latest.length > WINDOW) this.latest.shift();
    const times = this.latest.filter((other) => other === print).length;
    return times >= STOP_AT ? 'stop' : times >= TELL_AT ? 'tell' : 'none';
  }
}
