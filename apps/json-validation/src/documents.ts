/** Documents of the checks: the same for the same seed, half of them damaged. */

type Random = (below: number) => number;

const ATOMS = [
  'null',
  'true',
  '-0',
  '0',
  '1.50',
  '1E+2',
  '1e21',
  '1e-7',
  '9007199254740993',
  '4.9e-324',
  '""',
  '"é😀"',
  '"\\u0041\\n\\/"',
  '"\\ud83d\\ude00"',
  '"\\ud83d"',
  '"{[,:]}"',
  '"a string of more than sixteen bytes with \\"quotes\\" in it"',
]; // prettier-ignore
const KEYS = ['a', 'b', 'aa', '', '1', '10', '2', '__proto__', '\\u0061', '€', '😀', '\ufb33', '\\r'];
const SPACES = ['', '', ' ', '\n', '\t\r\n'];
const NOISE = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '\n',
  '\u0001',
  '0',
  '-',
  '.',
  'e',
  'u',
  '\ufeff',
  "'",
  '/',
];

/** The document of a seed. */
export function documentOf(seed: number): string {
  const random = seeded(seed);
  const text = valueText(random, 4);
  if (seed % 2 === 0) return text;
  const at = random(text.length + 1);
  return text.slice(0, at) + NOISE[random(NOISE.length)]! + text.slice(at + random(2));
}

/** Whether V8 accepts a text. */
export function isAccepted(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function valueText(random: Random, depth: number): string {
  const space = (): string => SPACES[random(SPACES.length)]!;
  const kind = depth === 0 ? 9 : random(10);
  if (kind > 5) return space() + ATOMS[random(ATOMS.length)]! + space();
  const parts = Array.from({ length: random(4) }, () => {
    const value = valueText(random, depth - 1);
    return kind > 2 ? value : `${space()}"${KEYS[random(KEYS.length)]!}"${space()}:${value}`;
  });
  const body = parts.length === 0 ? space() : parts.join(',');
  return space() + (kind > 2 ? `[${body}]` : `{${body}}`) + space();
}

/** Whole numbers below a limit (mulberry32). */
function seeded(seed: number): Random {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}
