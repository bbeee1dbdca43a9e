import * as fc from 'fast-check';

import { decodeText, encodeText, isWellFormed, withLineEnds } from '../src/workspace/text.js';
import { codeOf } from './workspace.js';

test('gives any text file back byte for byte', () => {
  fc.assert(
    fc.property(fc.uint8Array({ min: 1, maxLength: 200 }), (array) => {
      const bytes = Buffer.from(array);
      const decoded = decodeText(bytes, 'f');
      expect(encodeText(decoded.text, decoded, 'f', Infinity).equals(bytes)).toBe(true);
    }),
  );
});

test.each([
  ['plain', 'plain', 'utf8', false, 'none'],
  ['a\nb', 'a\nb', 'utf8', false, 'lf'],
  ['a\r\nb\r\n', 'a\r\nb\r\n', 'utf8', false, 'crlf'],
  ['a\r\nb\n', 'a\r\nb\n', 'utf8', false, 'mixed'],
  ['\ufeffé', 'é', 'utf8', true, 'none'],
])('decodes %j', (source, text, encoding, byteOrderMark, lineEnds) => {
  expect(decodeText(Buffer.from(source), 'f')).toEqual({ text, encoding, byteOrderMark, lineEnds });
});

test('shows other encodings as one character a byte, and writes only what fits them', async () => {
  const latin1 = decodeText(Buffer.from([0x63, 0x61, 0x66, 0xe9]), 'f');
  expect(latin1).toMatchObject({ text: 'café', encoding: 'latin1' });
  expect([...encodeText('thé', latin1, 'f', Infinity)]).toEqual([0x74, 0x68, 0xe9]);
  expect(await codeOf(() => encodeText('€', latin1, 'f', Infinity))).toBe('TEXT_UNENCODABLE');
});

test('refuses binary files and half characters', async () => {
  expect(await codeOf(() => decodeText(Buffer.from([1, 0, 2]), 'f'))).toBe('FILE_BINARY');
  const utf8 = decodeText(Buffer.from('x'), 'f');
  expect(await codeOf(() => encodeText('\ud83d', utf8, 'f', Infinity))).toBe('TEXT_UNENCODABLE');
  expect(isWellFormed('\ud83d\ude00')).toBe(true);
});

test('adjusts line ends for CRLF files only', () => {
  expect(withLineEnds('a\nb\r\n', 'crlf')).toBe('a\r\nb\r\n');
  expect(withLineEnds('a\nb\r\n', 'lf')).toBe('a\nb\r\n');
});
