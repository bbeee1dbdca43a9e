/** Texts made short enough. */

import { countTokens, type EngineOptions } from './count';
import { lastCut } from './cut';
import { type Encoding, encodingNumber, type Model } from './encodings';
import { engineFor, type TokenEngine } from './engine';
import { checkCount, checkOptions, checkString, checkWord } from './input';

/** Which part of a text is taken away. */
export type TruncationSide = 'end' | 'start' | 'middle';

/** Options of {@link truncateTokens}. */
export interface TruncateOptions extends EngineOptions {
  /** What is taken away; the end unless given. */
  readonly side?: TruncationSide;
  readonly encoding?: Encoding | Model;
  /** Stands where something was taken away; its tokens count. None unless given. */
  readonly marker?: string;
}

/**
 * The text itself where it has at most `limit` tokens, else as much of it as fits, with the marker. The result, counted by
 * itself, never has more than `limit` tokens, and no character is cut. Where the marker alone has more, it is left out.
 *
 * @throws FishplateError `INPUT_INVALID`, `OPTION_INVALID`, `ENCODING_UNKNOWN`.
 */
export function truncateTokens(text: string, limit: number, wanted?: TruncateOptions): string {
  const options = checkOptions(wanted);
  const given = checkString(text);
  const most = checkCount(limit, 'limit');
  const side = checkWord(options.side, 'side', ['end', 'start', 'middle'], 'end');
  const encoding = encodingNumber(options.encoding);
  const engine = engineFor(options.engine);
  // No need to look at all of a text that is far too long.
  if (engine.countWithin(given, encoding, most) >= 0) return given;
  const count = (part: string): number => countTokens(part, options.encoding, options);
  let marker = checkString(options.marker ?? '', 'marker');
  let room = most - count(marker);
  if (room < 0) [marker, room] = ['', most];
  const [headTokens, tailTokens] = shares(room, side);
  const head = headEnds(engine, given, encoding, headTokens);
  const tail = tailEnds(engine, given, encoding, tailTokens);
  for (;;) {
    const kept = keep(given, head, tail, shares(room, side));
    const result = kept[0] + marker + kept[1];
    const over = count(result) - most;
    if (over <= 0) return result;
    if (room === 0) return '';
    // Tokens at the cut may be others now: some fewer, and again.
    room = Math.max(0, room - over);
  }
}

/** Tokens that stay before the cut, and behind it. */
function shares(room: number, side: TruncationSide): [number, number] {
  const head = side === 'start' ? 0 : side === 'end' ? room : Math.ceil(room / 2);
  return [head, room - head];
}

/** Units that are looked at first for each token that is wanted, and at least. */
const UNITS_A_TOKEN = 8;
const LEAST_UNITS = 1 << 10;

/** Where tokens end from the start on, of at least `tokens` of them: a long text is not encoded for the sake of its ends. */
function headEnds(engine: TokenEngine, text: string, encoding: number, tokens: number): Uint32Array {
  for (let size = LEAST_UNITS + UNITS_A_TOKEN * tokens; size < text.length; size *= 4) {
    const cut = lastCut(text.slice(0, size), 0, encoding);
    const ends = engine.tokenEnds(text.slice(0, cut), encoding);
    if (ends.length >= tokens) return ends;
  }
  return engine.tokenEnds(text, encoding);
}

/** The last tokens of a text, and where the first of them starts. */
interface TailEnds {
  readonly start: number;
  /** From `start` on. */
  readonly ends: Uint32Array;
}

/** The same for more than `tokens` tokens at the end. */
function tailEnds(engine: TokenEngine, text: string, encoding: number, tokens: number): TailEnds {
  for (let size = LEAST_UNITS + UNITS_A_TOKEN * tokens; size < text.length; size *= 4) {
    const from = Math.max(0, text.length - size - LEAST_UNITS);
    const cut = lastCut(text.slice(from, text.length - size + 1), 0, encoding);
    if (cut === 0) continue;
    const ends = engine.tokenEnds(text.slice(from + cut), encoding);
    if (ends.length > tokens) return { start: from + cut, ends };
  }
  return { start: 0, ends: engine.tokenEnds(text, encoding) };
}

/** What stays before the cut and behind it. */
function keep(
  text: string,
  head: Uint32Array,
  { start, ends }: TailEnds,
  [headTokens, tailTokens]: [number, number],
): [string, string] {
  const headEnd = headTokens === 0 ? 0 : head[headTokens - 1]!;
  if (tailTokens === 0) return [text.slice(0, headEnd), ''];
  const tail = text.slice(start);
  return [text.slice(0, headEnd), tail.slice(tailStart(tail, ends, ends.length - tailTokens))];
}

/** Where token `index` starts: behind the character that the token before it cuts. */
function tailStart(text: string, ends: Uint32Array, index: number): number {
  const end = ends[index - 1]!;
  // A token that ends inside a character has the end of the one before it, and the next ones may too.
  let next = index;
  while (next < ends.length && ends[next] === end) next++;
  if (next === index && !isInside(ends, index)) return end;
  return next < ends.length ? ends[next]! : text.length;
}

/** Whether token `index - 1` ends inside a character: then it adds nothing to the end before it. */
function isInside(ends: Uint32Array, index: number): boolean {
  return index >= 2 ? ends[index - 1] === ends[index - 2] : ends[index - 1] === 0;
}
