/** The order of texts as their bytes in UTF-8 have it, which is that of code points. */

const SURROGATE = 0xd800;
const BEHIND_SURROGATES = 0xe000;

export function compareTexts(one: string, other: string): number {
  if (one === other) return 0;
  const length = Math.min(one.length, other.length);
  for (let at = 0; at < length; at++) {
    const [a, b] = [one.charCodeAt(at), other.charCodeAt(at)];
    if (a === b) continue;
    if (a >= SURROGATE && b >= SURROGATE) return rank(a) - rank(b);
    return a - b;
  }
  return one.length - other.length;
}

/** Units of surrogates stand for code points above all others. */
function rank(unit: number): number {
  return unit < BEHIND_SURROGATES ? unit + 0x1_0000 : unit;
}
