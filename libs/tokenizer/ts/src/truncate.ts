/** Texts made short enough. */

import { countTokens, type EngineOptions } from './count';
import { type Encoding, encodingNumber, type Model } from './encodings';
import { engineFor } from './engine';
import { checkCount, checkString, checkWord } from './input';

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
export function truncateTokens(text: string, limit: number, options: TruncateOptions = {}): string {
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
  const ends = engine.tokenEnds(given, encoding);
  for (;;) {
    const kept = keep(given, ends, room, side);
    const result = kept[0] + marker + kept[1];
    const over = count(result) - most;
    if (over <= 0) return result;
    if (room === 0) return '';
    // Tokens at the cut may be others now: some fewer, and again.
    room = Math.max(0, room - over);
  }
}

/** What stays before the cut and behind it, of `room` tokens together. */
function keep(text: string, ends: Uint32Array, room: number, side: TruncationSide): [string, string] {
  const head = side === 'start' ? 0 : side === 'end' ? room : Math.ceil(room / 2);
  const tail = room - head;
  const headEnd = head === 0 ? 0 : ends[head - 1]!;
  return [text.slice(0, headEnd), tail === 0 ? '' : text.slice(tailStart(text, ends, ends.length - tail))];
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
