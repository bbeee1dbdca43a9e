/** Seeded pairs of texts: short lines of a small alphabet, where many scripts tie and line ends go wrong. */

import { seeded } from '@fishplate/bench-harness';

export interface Pair {
  readonly old: Buffer;
  readonly new: Buffer;
}

/** `utf8` pairs can be strings too; `bytes` pairs hold bytes that are no UTF-8. */
export type Alphabet = 'utf8' | 'bytes';

const LINES: Record<Alphabet, readonly string[]> = {
  utf8: ['a', 'b', 'c', '', '}', '  x = 1;', '-', '+ y', ' ', '@@ -1 +1 @@', '\\', 'naïve', '日本語', '😀'],
  bytes: ['a', 'b', '', '}', '\xff\xfe', 'caf\xe9', '\x80', '\x00nul'],
};

/** `count` pairs; the same seed gives the same pairs. */
export function generatePairs(count: number, seed: number, alphabet: Alphabet): Pair[] {
  const random = seeded(seed);
  const encode = (text: string): Buffer => Buffer.from(text, alphabet === 'bytes' ? 'latin1' : 'utf8');
  return Array.from({ length: count }, () => {
    const lines = Array.from({ length: random(24) }, () => pick(LINES[alphabet], random));
    const changed = edit(lines, alphabet, random);
    return { old: encode(join(lines, random)), new: encode(join(changed, random)) };
  });
}

function edit(lines: readonly string[], alphabet: Alphabet, random: (below: number) => number): string[] {
  const result = [...lines];
  for (let left = random(6); left > 0; left--) {
    const at = random(result.length + 1);
    const removed = random(3);
    const added = Array.from({ length: random(3) }, () => pick(LINES[alphabet], random));
    result.splice(at, removed, ...added);
  }
  return result;
}

function join(lines: readonly string[], random: (below: number) => number): string {
  const newline = random(8) === 0 ? '\r\n' : '\n';
  const text = lines.join(newline);
  return lines.length > 0 && random(4) > 0 ? text + newline : text;
}

function pick<Item>(items: readonly Item[], random: (below: number) => number): Item {
  return items[random(items.length)]!;
}
