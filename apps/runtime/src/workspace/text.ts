/** Bytes as text and back, without loss: UTF-8 where the bytes are that, else one character a byte. */

import { isUtf8 } from 'node:buffer';

import { RUNTIME_CODES } from '../codes.js';

/** Encoding of a text file. `latin1` stands for any other: each byte is the character of its number. */
export type TextEncodingName = 'utf8' | 'latin1';

/** Line ends of a text. */
export type LineEnds = 'lf' | 'crlf' | 'mixed' | 'none';

/** A text file, decoded. */
export interface DecodedText {
  /** Without the byte order mark. */
  readonly text: string;
  readonly encoding: TextEncodingName;
  /** Whether the bytes start with a byte order mark. */
  readonly byteOrderMark: boolean;
  readonly lineEnds: LineEnds;
}

/** How far git looks for a null byte to tell binary from text. */
const BINARY_PROBE_BYTES = 8000;

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/** True where git would call the bytes binary: a null byte near the beginning. */
export function isBinary(bytes: Uint8Array): boolean {
  return bytes.subarray(0, BINARY_PROBE_BYTES).includes(0);
}

/** @throws FishplateError `FILE_BINARY`. */
export function decodeText(bytes: Buffer, path: string): DecodedText {
  if (isBinary(bytes)) {
    throw RUNTIME_CODES.error(
      'FILE_BINARY',
      `${JSON.stringify(path)} holds binary data (${bytes.length} bytes)`,
      {
        details: { path, bytes: bytes.length },
      },
    );
  }
  const byteOrderMark = bytes.subarray(0, 3).equals(BOM);
  const content = byteOrderMark ? bytes.subarray(3) : bytes;
  const encoding = isUtf8(content) ? 'utf8' : 'latin1';
  const text = content.toString(encoding);
  return { text, encoding, byteOrderMark, lineEnds: lineEndsOf(text) };
}

/** @throws FishplateError `TEXT_UNENCODABLE` where the encoding has no bytes for the text; `FILE_TOO_LARGE`. */
export function encodeText(
  text: string,
  like: Pick<DecodedText, 'encoding' | 'byteOrderMark'>,
  path: string,
  maxBytes: number,
): Buffer {
  const content = Buffer.from(text, like.encoding);
  // Half a surrogate pair becomes U+FFFD in UTF-8; latin1 keeps the low byte only.
  if (like.encoding === 'utf8' ? !isWellFormed(text) : content.toString('latin1') !== text) {
    throw RUNTIME_CODES.error(
      'TEXT_UNENCODABLE',
      `the new text of ${JSON.stringify(path)} does not fit ${like.encoding}`,
      {
        details: { path, encoding: like.encoding },
      },
    );
  }
  const bytes = like.byteOrderMark ? Buffer.concat([BOM, content]) : content;
  if (bytes.length > maxBytes) {
    throw RUNTIME_CODES.error(
      'FILE_TOO_LARGE',
      `${JSON.stringify(path)} would have ${bytes.length} bytes, the limit is ${maxBytes}`,
      { details: { path, bytes: bytes.length, limit: maxBytes } },
    );
  }
  return bytes;
}

/** True where every half of a surrogate pair has its other half. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** Gives `text` the line ends of a CRLF file; leaves it alone for any other. */
export function withLineEnds(text: string, lineEnds: LineEnds): string {
  return lineEnds === 'crlf' ? text.replace(/\r?\n/g, '\r\n') : text;
}

function lineEndsOf(text: string): LineEnds {
  let lf = 0;
  let crlf = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) {
    if (at > 0 && text.charCodeAt(at - 1) === 13) crlf += 1;
    else lf += 1;
  }
  if (lf === 0 && crlf === 0) return 'none';
  if (crlf === 0) return 'lf';
  return lf === 0 ? 'crlf' : 'mixed';
}
