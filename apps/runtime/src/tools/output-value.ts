/** A value in what a command printed as JSON. */

import { type EngineChoice, isFishplateError } from '@fishplate/engine';
import { type JsonDocument, openJson } from '@fishplate/json';

import type { OutputRange, SpooledOutput, StreamName } from '../commands/spool.js';
import { refuse, refuseWith } from './refusal.js';
import type { EnginesUsed, ToolRefusal } from './tool.js';

/** Keys of an object that are shown. */
const SHOWN_KEYS = 100;

/** What is read by ranges: an output, or the text of a value in it. */
export interface Readable {
  kept(stream: StreamName): number;
  size(stream: StreamName): number;
  read(stream: StreamName, offset: number, maxBytes: number): OutputRange;
}

/** A value that was found. */
export interface FoundValue {
  readonly of: Readable;
  readonly engines: EnginesUsed;
  readonly value: {
    /** Members or elements; undefined where it can have none. */
    readonly count: number | undefined;
    /** The first keys of an object. */
    readonly keys: string[] | undefined;
  };
}

/** The value at a JSON pointer, of which nothing else is built; a refusal where there is none. */
export function valueIn(
  output: SpooledOutput,
  stream: StreamName,
  pointer: string,
  engine: EngineChoice,
  engines: EnginesUsed,
): FoundValue | ToolRefusal {
  const kept = output.kept(stream);
  if (kept < output.size(stream)) {
    const message = `only ${kept} of ${output.size(stream)} bytes are kept`;
    return refuse('OUTPUT_NOT_JSON', message, { engines });
  }
  let document: JsonDocument | undefined;
  try {
    document = openJson(output.read(stream, 0, kept).bytes, { engine });
    const text = document.slice(pointer);
    if (text === undefined) return refuse('VALUE_UNKNOWN', missing(document, pointer), { engines });
    const bytes = Buffer.from(text);
    const keys = document.keys(pointer)?.slice(0, SHOWN_KEYS);
    return { of: readable(bytes), engines, value: { count: document.count(pointer), keys } };
  } catch (error) {
    if (!isFishplateError(error) || error.track !== 'json') throw error;
    const { code, hint, message } = error;
    // A pointer that is none is the caller's; all else says that this is no document.
    if (code === 'POINTER_INVALID' || code === 'TOO_DEEP')
      return refuseWith(code, hint, message, { engines });
    const still = output.isOpen ? 'the command still runs; ' : '';
    return refuse('OUTPUT_NOT_JSON', `${still}${message}`, { engines });
  } finally {
    document?.close();
  }
}

/** Says how far the pointer leads, and what is there. */
function missing(document: JsonDocument, pointer: string): string {
  let known = pointer;
  do known = known.slice(0, known.lastIndexOf('/'));
  while (known !== '' && document.slice(known) === undefined);
  const keys = document.keys(known);
  const count = document.count(known);
  const shown = keys?.slice(0, SHOWN_KEYS).map((key) => JSON.stringify(key));
  const there =
    shown !== undefined
      ? `has the keys ${shown.join(', ')}${shown.length < keys!.length ? ', ...' : ''}`
      : count === undefined
        ? 'is no object and no array'
        : `is an array of ${count}`;
  return `no value at ${JSON.stringify(pointer)}; ${JSON.stringify(known)} ${there}`;
}

function readable(bytes: Buffer): Readable {
  return {
    kept: () => bytes.length,
    size: () => bytes.length,
    read(_, offset, maxBytes) {
      const start = Math.min(offset, bytes.length);
      return { bytes: bytes.subarray(start, start + maxBytes), offset: start };
    },
  };
}
