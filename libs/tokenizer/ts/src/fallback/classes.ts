/** What the patterns ask of a character: Unicode 16.0, since JavaScript's own classes follow the version of its engine. */

export const OTHER = 0;
export const SPACE = 1;
export const NEWLINE = 2;
export const NUMBER = 3;
export const UPPER = 4;
export const LOWER = 5;
export const CASELESS = 6;
export const MARK = 7;
export const END = 8;

/** Added to the class of a character of two code units. */
export const PAIR = 16;

let classes: Uint8Array | undefined;

/** Classes by code point. */
export function classTable(): Uint8Array {
  if (classes !== undefined) return classes;
  // Read where it is needed: a first count by the native engine has no use for it.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const table = require('@fishplate/tokenizer-tables/classes') as string;
  const filled = new Uint8Array(0x110000);
  let at = 0;
  for (const run of table.split(' ')) {
    const end = at + parseInt(run.slice(1), 36);
    filled.fill(Number(run[0]), at, end);
    at = end;
  }
  return (classes = filled);
}

/** The class of the character at `at`, with {@link PAIR} where it has two units. A lone surrogate is {@link OTHER}. */
export function classAt(table: Uint8Array, text: string, at: number): number {
  if (at >= text.length) return END;
  const unit = text.charCodeAt(at);
  if (unit < 0xd800 || unit > 0xdbff) return table[unit]!;
  const next = text.charCodeAt(at + 1);
  if (next < 0xdc00 || next > 0xdfff || Number.isNaN(next)) return OTHER;
  return table[0x10000 + ((unit & 0x3ff) << 10) + (next & 0x3ff)]! + PAIR;
}
