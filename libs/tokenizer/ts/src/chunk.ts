/** Texts in pieces of so many tokens. */

import { TOKENIZER_CODES } from './codes';
import { countTokens, type EngineOptions } from './count';
import { type Encoding, encodingNumber, type Model } from './encodings';
import { engineFor } from './engine';
import { checkCount, checkOptions, checkString, checkWord } from './input';

/** Where chunks end, if they can. */
export type ChunkBoundary = 'line' | 'sentence' | 'paragraph' | 'none';

/** Options of {@link chunkByTokens}. */
export interface ChunkOptions extends EngineOptions {
  /** Tokens of a chunk, at most. */
  readonly maxTokens: number;
  /** Tokens, about, that a chunk repeats of the one before it; 0 unless given, and less than `maxTokens`. */
  readonly overlap?: number;
  readonly encoding?: Encoding | Model;
  /** Where chunks end where the text has such a place in the second half of the chunk; `none` unless given. */
  readonly boundary?: ChunkBoundary;
}

/** A piece of a text. */
export interface TokenChunk {
  readonly text: string;
  /** Where it starts in the text, in UTF-16 code units. */
  readonly start: number;
  /** Where it ends. */
  readonly end: number;
  /** Tokens of it, counted by itself. */
  readonly tokens: number;
}

/** What stands at the end of a chunk. */
const BOUNDARIES: Readonly<Record<Exclude<ChunkBoundary, 'none'>, RegExp>> = {
  line: /\r\n|\n|\r/g,
  // From the start of a run only: from each place in it would take the square of its length.
  sentence: /(?<![.!?])[.!?]+["')\]]*\s+|[。！？]+[”’」』）]*|\n+/g,
  paragraph: /\r?\n(?:[ \t]*\r?\n)+/g,
};

/**
 * Cuts a text into chunks of at most `maxTokens` tokens, each counted by itself. Without an overlap they are the text, one
 * behind the other. No character is cut.
 *
 * @throws FishplateError `INPUT_INVALID`, `OPTION_INVALID`, `ENCODING_UNKNOWN`, `LIMIT_TOO_SMALL`.
 */
export function chunkByTokens(text: string, wanted: ChunkOptions): TokenChunk[] {
  const options = checkOptions(wanted);
  const given = checkString(text);
  const most = checkCount(options.maxTokens, 'maxTokens', 1);
  const overlap = checkCount(options.overlap ?? 0, 'overlap', 0, most - 1);
  const boundary = checkWord(options.boundary, 'boundary', ['line', 'sentence', 'paragraph', 'none'], 'none');
  const encoding = encodingNumber(options.encoding);
  const ends = engineFor(options.engine).tokenEnds(given, encoding);
  const count = (start: number, end: number): number =>
    countTokens(given.slice(start, end), options.encoding, options);
  const chunks: TokenChunk[] = [];
  for (let start = 0; start < given.length; ) {
    const found = chunkAt(given, ends, start, most, boundary, count);
    chunks.push(found);
    if (found.end >= given.length) break;
    const back = overlap === 0 ? found.end : tokenEnd(ends, tokensBefore(ends, found.end) - overlap);
    // Each chunk starts behind the one before it, however long the overlap.
    start = back > start ? back : found.end;
  }
  return chunks;
}

function chunkAt(
  text: string,
  ends: Uint32Array,
  start: number,
  most: number,
  boundary: ChunkBoundary,
  count: (start: number, end: number) => number,
): TokenChunk {
  const first = tokensBefore(ends, start);
  for (let room = most; room > 0; ) {
    const last = first + room >= ends.length;
    const furthest = last ? text.length : tokenEnd(ends, first + room);
    const end = last ? furthest : atBoundary(text, start, furthest, boundary);
    if (end <= start) break;
    const tokens = count(start, end);
    if (tokens <= most) return { text: text.slice(start, end), start, end, tokens };
    // Tokens at the ends may be others than in the whole.
    room -= Math.max(1, Math.min(tokens - most, room >> 1));
  }
  const end = start + (text.codePointAt(start)! > 0xffff ? 2 : 1);
  const tokens = count(start, end);
  if (tokens <= most) return { text: text.slice(start, end), start, end, tokens };
  const message = `the character at ${start} has ${tokens} tokens, and maxTokens is ${most}`;
  throw TOKENIZER_CODES.error('LIMIT_TOO_SMALL', message, { details: { offset: start, tokens } });
}

/** The last boundary in the second half, else the end. */
function atBoundary(text: string, start: number, end: number, boundary: ChunkBoundary): number {
  if (boundary === 'none') return end;
  const half = start + ((end - start) >> 1);
  const window = text.slice(half, end);
  let found = 0;
  for (const match of window.matchAll(BOUNDARIES[boundary])) found = match.index + match[0].length;
  return found === 0 ? end : half + found;
}

function tokenEnd(ends: Uint32Array, index: number): number {
  return index <= 0 ? 0 : ends[Math.min(index, ends.length) - 1]!;
}

/** How many tokens end at or before `unit`. */
function tokensBefore(ends: Uint32Array, unit: number): number {
  let [low, high] = [0, ends.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ends[middle]! <= unit) low = middle + 1;
    else high = middle;
  }
  return low;
}
