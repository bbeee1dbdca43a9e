/** Changes without line numbers onto a text: the chunks of a `*** Begin Patch` envelope. */

import type { Chunk } from '../files/envelope';
import type { ChangeOutcome, MatchStrategy } from '../results';
import { type Bounds, LadderText, linesOf, type Place, type Refusal, withoutNewline } from './ladder';
import { MAX_NEAREST, nearestPlace } from './nearest';

/** Applies the chunks in order, each behind the one before, all or none; none goes farther than `reach`. */
export function applyChunks(
  source: string,
  chunks: readonly Chunk[],
  reach: MatchStrategy,
): { readonly text: string | null; readonly hunks: ChangeOutcome[] } {
  const lines = linesOf(source);
  const text = new LadderText(lines);
  const result: string[] = [];
  let done = 0;
  let searches = MAX_NEAREST;
  const hunks = chunks.map((chunk): ChangeOutcome => {
    const place = locate(text, chunk, done, reach);
    if (!('code' in place)) {
      for (const line of lines.slice(done, place.start).concat(place.lines)) result.push(line);
      done = place.end;
      const { strategy, similarity } = place;
      return { status: 'applied', strategy, line: place.start + 1, similarity };
    }
    const wanted = chunk.steps.flatMap(({ kind, line }) => (kind === 'added' ? [] : [withoutNewline(line)]));
    const nearest =
      place.code === 'NO_MATCH' && searches-- > 0
        ? nearestPlace(lines.map(withoutNewline), wanted)
        : undefined;
    return { status: 'rejected', ...place, ...(nearest === undefined ? {} : { nearest }) };
  });
  const complete = hunks.every(({ status }) => status === 'applied');
  return { text: complete ? result.concat(lines.slice(done)).join('') : null, hunks };
}

function locate(text: LadderText, chunk: Chunk, done: number, reach: MatchStrategy): Place | Refusal {
  const { lines } = text;
  const anchored = behindAnchors(text, chunk.anchors, done);
  if (anchored === null) return { code: 'NO_MATCH' };
  const covered = chunk.steps.filter(({ kind }) => kind !== 'added').length;
  if (covered === 0) return insertion(lines, chunk, chunk.anchors.length > 0 ? anchored.line : lines.length);
  if (chunk.isAtEnd) {
    const expected = lines.length - covered;
    const atEnd = text.placeContent(chunk.steps, { expected, from: Math.max(done, expected) }, reach);
    if (atEnd !== null) return atEnd;
  }
  const bounds: Bounds = { from: anchored.line, takesFirst: anchored.isUnique };
  return text.placeContent(chunk.steps, bounds, reach) ?? { code: 'NO_MATCH' };
}

/** The line behind the anchors, each looked for behind the one before; null where one is missing. */
function behindAnchors(
  text: LadderText,
  anchors: readonly string[],
  from: number,
): { line: number; isUnique: boolean } | null {
  let line = from;
  let isUnique = anchors.length > 0;
  for (const anchor of anchors) {
    const at = text.indexOf(anchor, line);
    if (at < 0) return null;
    isUnique &&= text.indexOf(anchor, at + 1) < 0;
    line = at + 1;
  }
  return { line, isUnique };
}

/** Lines that stand behind their anchor, or without one at the end of the text. */
function insertion(lines: readonly string[], { steps }: Chunk, at: number): Place {
  const before = lines[at - 1];
  const isOpen = before !== undefined && !before.endsWith('\n');
  const ended = lines.filter((line) => line.endsWith('\n'));
  const newline = ended.length > 0 && ended.every((line) => line.endsWith('\r\n')) ? '\r\n' : '\n';
  const added = steps.map(({ line }) => line.replace(/\n$/, newline));
  // The end of the text stays without a newline where it had none.
  const last = added[added.length - 1]!;
  const own = isOpen
    ? [before + newline, ...added.slice(0, -1), last.slice(0, last.length - newline.length)]
    : added;
  return { start: isOpen ? at - 1 : at, end: at, lines: own, strategy: 'exact', similarity: 1 };
}
