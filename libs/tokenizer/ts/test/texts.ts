/** Texts of one seed each, in the corners of what the patterns and the vocabularies tell apart. */

const PIECES = [
  ...[
    'a',
    'B',
    'z',
    'é',
    'É',
    'ſ',
    'ß',
    'İ',
    'ǅ',
    'ʰ',
    'ა',
    'Ა',
    'ꭰ',
    '中',
    '日本',
    'ひら',
    'カ',
    '한국',
    'ไทย',
  ],
  ...["'s", "'S", "'ll", "'RE", "'ve", "'d", "'ſ", '’s', "'", "''", "'re"],
  ...[' ', '  ', '   ', '\t', '\n', '\r\n', '\n\n', ' \n', '\u0085', '\u00a0', '\ufeff', '\u2028', '\u3000'],
  ...['1', '23', '4567', '٣', '½', '²', '〇', '0x1F', '3.14', '1,000,000'],
  ...['\u0301', '\u0300\u0301', 'a\u0300b', 'x\u0301X', '\u0301A', '\u20dd', 'ि', 'क्ष'],
  ...[
    '-',
    '/',
    '//',
    '/*',
    '*/',
    '(',
    ')',
    '{',
    '}',
    '"',
    ':',
    ';',
    '=>',
    '===',
    '_',
    '\\n',
    '...',
    '--',
    '#',
    '@',
  ],
  ...['😀', '👩‍👩‍👧', '🇩🇪', '𝒜', '𐐀', '\ud83d', '\ude00', '\udbff', '\u0000', '\u007f', '\ufffd', '\uffff'],
  ...['<|endoftext|>', '<|', '|>', '<|im_start|>', '<|fim_prefix|>', '<|start|>'],
  ...[
    'the',
    ' of',
    'HTTPServer',
    'camelCase',
    'snake_case',
    'SCREAMING',
    'don',
    'iPhone',
    'function',
    ' return',
  ],
  ...['.\n/', '!\r\n', ')/\n', '   x', '\t\tif', ' \t ', '\n  \n   '],
];

/** Whole numbers from 0 up to `below`, of a seed (mulberry32). */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** The text of a seed: corners, runs of one piece, random code units, random letters. */
export function textOf(seed: number): string {
  const random = seeded(seed);
  const pick = (): string => PIECES[random(PIECES.length)]!;
  const parts: string[] = [];
  for (let count = 1 + random(14); count > 0; count--) {
    switch (random(16)) {
      case 0:
        parts.push(pick().repeat(1 + random(40)));
        break;
      case 1:
        parts.push(...Array.from({ length: random(8) }, () => String.fromCharCode(random(0x10000))));
        break;
      case 2:
        parts.push(...Array.from({ length: random(30) }, () => String.fromCharCode(97 + random(26))));
        break;
      case 3:
        parts.push(...Array.from({ length: random(12) }, () => String.fromCharCode(0x4e00 + random(0x5000))));
        break;
      case 4:
        parts.push(String.fromCodePoint(random(0x110000)));
        break;
      default:
        parts.push(pick());
    }
  }
  return parts.join('');
}
