/** The place that comes closest to lines that were looked for in vain: a good guess at bounded cost, for messages. */

import type { NearestMatch } from '../results';
import { trim } from './whitespace';

/** Changes of one call for which the nearest place is looked for. */
export const MAX_NEAREST = 16;

/** A line that stands more often says too little about a place. */
const MAX_OCCURRENCES = 64;
/** Places that are compared in full. */
const MAX_PLACES = 8;
/** Wanted lines, and characters of a line, that are compared. */
const MAX_WANTED = 400;
const MAX_LINE = 512;
/** Lines that are compared one by one where no wanted line stands in the text. */
const MAX_SCANNED = 20_000;

/** The most similar place, or undefined where nothing is alike. Equal lines vote for a place; ties go to the first. */
export function nearestPlace(lines: readonly string[], wanted: readonly string[]): NearestMatch | undefined {
  const compared = wanted.slice(0, MAX_WANTED);
  let places = placesByVotes(lines, compared);
  if (places.length === 0) places = placesByLikeness(lines, compared);
  let best: NearestMatch | undefined;
  for (const place of places) {
    const similarity = Math.min(0.99, similarityAt(lines, place, compared));
    const isBetter =
      best === undefined ||
      similarity > best.similarity ||
      (similarity === best.similarity && place + 1 < best.line);
    if (similarity > 0 && isBetter) best = { line: place + 1, similarity };
  }
  return best;
}

function placesByVotes(lines: readonly string[], wanted: readonly string[]): number[] {
  const found = new Map<string, number[]>(wanted.map((line) => [trim(line), []]));
  lines.forEach((line, at) => {
    const places = found.get(trim(line));
    if (places !== undefined && places.length <= MAX_OCCURRENCES) places.push(at);
  });
  const votes = new Map<number, number>();
  wanted.forEach((line, index) => {
    const key = trim(line);
    const places = found.get(key)!;
    if (key === '' || places.length > MAX_OCCURRENCES) return;
    for (const at of places) {
      const place = Math.max(0, at - index);
      votes.set(place, (votes.get(place) ?? 0) + 1);
    }
  });
  return [...votes]
    .sort((a, b) => b[1] - a[1] || a[0] - b[0])
    .slice(0, MAX_PLACES)
    .map(([place]) => place);
}

/** The lines most like the first wanted line that has text. */
function placesByLikeness(lines: readonly string[], wanted: readonly string[]): number[] {
  const index = wanted.findIndex((line) => trim(line) !== '');
  if (index < 0) return [];
  return lines
    .slice(0, MAX_SCANNED)
    .map((line, at) => ({ likeness: likeness(wanted[index]!, line), place: Math.max(0, at - index) }))
    .filter((candidate) => candidate.likeness > 0.3)
    .sort((a, b) => b.likeness - a.likeness || a.place - b.place)
    .slice(0, MAX_PLACES)
    .map(({ place }) => place);
}

/** Mean likeness of lines side by side, by their length. */
export function similarityAt(lines: readonly string[], place: number, wanted: readonly string[]): number {
  let total = 0;
  let alike = 0;
  wanted.forEach((line, index) => {
    const weight = 1 + Math.min(line.length, MAX_LINE);
    const other = lines[place + index];
    total += weight;
    if (other !== undefined) alike += weight * (line === other ? 1 : likeness(line, other));
  });
  return alike / total;
}

/** Shared pairs of neighbouring characters over all of them (Dice); lines that differ in outer white space are 0.95. */
function likeness(one: string, other: string): number {
  const [a, b] = [trim(one), trim(other)];
  if (a === b) return 0.95;
  const [left, right] = [pairsOf(a), pairsOf(b)];
  if (left.size === 0 || right.size === 0) return 0;
  let shared = 0;
  let total = 0;
  for (const [pair, count] of left) {
    shared += Math.min(count, right.get(pair) ?? 0);
    total += count;
  }
  for (const count of right.values()) total += count;
  return (0.95 * 2 * shared) / total;
}

function pairsOf(line: string): Map<string, number> {
  const pairs = new Map<string, number>();
  const end = Math.min(line.length, MAX_LINE) - 1;
  for (let at = 0; at < end; at++) {
    const pair = line.slice(at, at + 2);
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
  }
  return pairs;
}
