/** Texts of one seed each, in the corners of what tokenizers tell apart. */

import { seeded } from '@fishplate/bench-harness';

const PIECES = [
  ...[
    "'s",
    "'S",
    "'ll",
    "'RE",
    "'ſ",
    '’s',
    ' ',
    '  ',
    '\t',
    '\n',
    '\r\n',
    ' \n',
    '\u0085',
    '\ufeff',
    '\u3000',
  ],
  ...['a', 'B', 'é', 'ǅ', 'ʰ', 'ა', '中', '日本', 'ひら', '한국', '\u0301', 'क्ष', '1', '4567', '٣', '²'],
  ...['-', '//', '*/', '(', '{"', '":', '===', '_', '...', '😀', '👩‍👩‍👧', '𝒜', '\ud83d', '\ude00', '\u0000'],
  ...[
    '<|endoftext|>',
    '<|',
    'the',
    ' of',
    'HTTPServer',
    'camelCase',
    ' return',
    ')/\n',
    '\t\tif',
    '\n  \n   ',
  ],
];

/** The text of a seed. */
export function textOf(seed: number): string {
  const random = seeded(seed);
  const parts: string[] = [];
  for (let count = 1 + random(14); count > 0; count--) {
    const piece = PIECES[random(PIECES.length)]!;
    const kind = random(12);
    if (kind === 0) parts.push(piece.repeat(1 + random(40)));
    else if (kind === 1) parts.push(String.fromCodePoint(random(0x110000)));
    else if (kind === 2) parts.push(...Array.from({ length: 8 }, () => String.fromCharCode(random(0x10000))));
    else parts.push(piece);
  }
  return parts.join('');
}
