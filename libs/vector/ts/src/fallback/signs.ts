/** The nearest rows by their signs. */

import { toBits } from '../codes-of-vectors';
import type { Rows } from './rows';

const BITS_OF_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => {
  let count = 0;
  for (let left = byte; left > 0; left >>= 1) count += left & 1;
  return count;
});

/** The rows whose signs differ least from those of the query, at most `most`; of equal ones the first ones. */
export function nearestSigns(
  rows: Rows,
  query: Float32Array,
  candidates: Iterable<number>,
  most: number,
): number[] {
  const signs = new Uint8Array(Math.ceil(query.length / 8));
  toBits(query, signs);
  const found: [row: number, distance: number][] = [];
  for (const row of candidates) {
    const codes = rows.codesOf(row);
    let distance = 0;
    for (let at = 0; at < signs.length; at++) distance += BITS_OF_BYTE[signs[at]! ^ codes[at]!]!;
    found.push([row, distance]);
  }
  found.sort((left, right) => left[1] - right[1] || left[0] - right[0]);
  return found.slice(0, most).map(([row]) => row);
}
