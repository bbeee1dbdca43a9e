/** What of a name is compared: letters without case, accents and separators, and where its words begin. */

/** Units of a name that are searched; what is behind them is found by the exact name alone. */
export const WINDOW = 255;

/** The unit begins a word. */
export const HUMP = 1;
/** The unit was written in upper case. */
export const UPPER = 2;
/** The unit is a Latin vowel. */
export const VOWEL = 4;

/** A name as it is compared: UTF-16 units, their flags, and where the character of each was, with its length. */
export interface Folded {
  readonly units: number[];
  readonly flags: number[];
  readonly origins: (readonly [start: number, length: number])[];
}

const enum Class {
  Start,
  Separator,
  Sign,
  Digit,
  Upper,
  Lower,
}

const VOWELS = new Set(['a', 'e', 'i', 'o', 'u']);
const SEPARATORS = new Set(['_', '-', '$', ' ']);

/** Accents of Latin, Greek and Cyrillic letters. */
const ACCENT = /^[\u0300-\u036f]$/;

/** A name, folded; one of separators alone is itself. */
export function fold(name: string): Folded {
  const folded = fill(name, true);
  return folded.units.length === 0 ? fill(name, false) : folded;
}

function fill(name: string, squeeze: boolean): Folded {
  const folded: Folded = { units: [], flags: [], origins: [] };
  const letters = [...name];
  let before = Class.Start;
  let at = 0;
  for (let index = 0; index < letters.length && folded.units.length < WINDOW; index++) {
    const letter = letters[index]!;
    const start = at;
    at += letter.length;
    if (ACCENT.test(letter)) continue;
    const own = classOf(letter, squeeze);
    if (own !== Class.Separator) {
      let next = index + 1;
      while (next < letters.length && ACCENT.test(letters[next]!)) next++;
      const nextIsLower = next < letters.length && classOf(letters[next]!, squeeze) === Class.Lower;
      const flags = (begins(before, own, nextIsLower) ? HUMP : 0) | (own === Class.Upper ? UPPER : 0);
      push(folded, letter, flags, [start, letter.length]);
    }
    before = own;
  }
  folded.units.length = Math.min(folded.units.length, WINDOW);
  folded.flags.length = folded.units.length;
  folded.origins.length = folded.units.length;
  return folded;
}

function push(folded: Folded, letter: string, flags: number, origin: readonly [number, number]): void {
  let own = flags;
  for (const part of letter.toLowerCase().normalize('NFD')) {
    if (ACCENT.test(part)) continue;
    // The last sigma of a word is written in another way.
    const written = part === 'ς' ? 'σ' : part;
    for (let index = 0; index < written.length; index++) {
      folded.units.push(written.charCodeAt(index));
      folded.flags.push(own | (VOWELS.has(written) ? VOWEL : 0));
      folded.origins.push(origin);
      own &= ~HUMP;
    }
  }
}

function classOf(letter: string, squeeze: boolean): Class {
  if (letter >= '\u0080') return letter.toLowerCase() === letter ? Class.Lower : Class.Upper;
  if (letter >= 'a' && letter <= 'z') return Class.Lower;
  if (letter >= 'A' && letter <= 'Z') return Class.Upper;
  if (letter >= '0' && letter <= '9') return Class.Digit;
  return squeeze && SEPARATORS.has(letter) ? Class.Separator : Class.Sign;
}

function begins(before: Class, own: Class, nextIsLower: boolean): boolean {
  if (before === Class.Start || before === Class.Separator) return true;
  if (before === Class.Sign || own === Class.Sign) return before !== own;
  if (before === Class.Upper && own === Class.Upper) return nextIsLower;
  if (own === Class.Digit) return before !== Class.Digit;
  if (before === Class.Digit) return true;
  return before === Class.Lower && own === Class.Upper;
}

/** Which units occur, as 64 bits in two halves: what has all units of a query has all its bits. */
export interface Mask {
  readonly low: number;
  readonly high: number;
}

export function maskOf(units: readonly number[]): Mask {
  let low = 0;
  let high = 0;
  for (const unit of units) {
    const place = placeOf(unit);
    const isThere = place < 32 ? (low >>> place) & 1 : (high >>> (place - 32)) & 1;
    if (isThere) {
      const letter = unit - 0x61;
      // Letters that occur twice, but for the two rarest.
      if (letter >= 0 && letter <= 15) high |= 1 << (letter + 8);
      else if (letter >= 17 && letter <= 24) high |= 1 << (letter + 7);
    } else if (place < 32) {
      low |= 1 << place;
    } else {
      high |= 1 << (place - 32);
    }
  }
  return { low, high };
}

/** The letters and digits of a mask, without those that occur twice. */
export const ONCE_HIGH = 0xff;

/** The units that begin words. */
export function initialsOf({ units, flags }: Folded): Mask {
  const { low, high } = maskOf(units.filter((_, at) => flags[at]! & HUMP));
  return { low, high: high & ONCE_HIGH };
}

function placeOf(unit: number): number {
  if (unit >= 0x61 && unit <= 0x7a) return unit - 0x61;
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30 + 26;
  return 36 + (unit & 3);
}

/** How many units of one mask another lacks at least. */
export function missing(mask: Mask, other: Mask): number {
  return ones(mask.low & ~other.low) + ones(mask.high & ~other.high);
}

function ones(bits: number): number {
  let count = bits - ((bits >>> 1) & 0x5555_5555);
  count = (count & 0x3333_3333) + ((count >>> 2) & 0x3333_3333);
  return Math.imul((count + (count >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}
