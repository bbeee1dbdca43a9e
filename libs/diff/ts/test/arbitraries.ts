/** Generated texts: few distinct short lines, so that many edit scripts tie and line ends go wrong. */

import fc from 'fast-check';

const line = fc.constantFrom(
  'a',
  'b',
  'c',
  '',
  '}',
  '  x',
  '-',
  '+',
  ' ',
  '\\',
  '@@ -1 +1 @@',
  'é',
  '日本',
  '\ud800',
  'a ',
);

/** Lines joined by LF, CRLF or a mixture, with or without a newline at the end. */
export const text = fc
  .tuple(fc.array(fc.tuple(line, fc.constantFrom('\n', '\n', '\n', '\r\n')), { maxLength: 16 }), fc.boolean())
  .map(([lines, ended]) => {
    const joined = lines.map(([content, newline]) => content + newline).join('');
    return ended ? joined : joined.replace(/\r?\n$/, '');
  });

/** A text, and the same text with a few lines replaced, removed or inserted. */
export const pair = fc
  .tuple(
    text,
    fc.array(fc.tuple(fc.nat(16), fc.nat(2), fc.array(line, { maxLength: 2 })), { maxLength: 4 }),
    text,
  )
  .chain(([old, edits, other]) =>
    fc.constantFrom(
      [old, edited(old, edits)] as const,
      [old, edited(old, edits)] as const,
      [old, other] as const,
    ),
  );

function edited(old: string, edits: readonly (readonly [number, number, readonly string[]])[]): string {
  const lines = old.split('\n');
  for (const [at, removed, added] of edits) lines.splice(at, removed, ...added);
  return lines.join('\n');
}

/** Any bytes, with newlines often enough. */
export const bytes = fc
  .array(fc.oneof(fc.constant(10), fc.constantFrom(0, 13, 0x61, 0x62, 0xff, 0xc3, 0xa9), fc.nat(255)), {
    maxLength: 60,
  })
  .map((values) => Buffer.from(values));
