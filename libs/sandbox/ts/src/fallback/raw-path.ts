/**
 * Paths as the disk has them: one character for each byte.
 *
 * Names on Linux are bytes, and a link may lead through some that are no UTF-8. As text they would lead elsewhere.
 */

import { Buffer } from 'node:buffer';

/** A path or a name, one character for each of its bytes. */
export type RawPath = string;

/** The bytes of UTF-8; a lone surrogate becomes the replacement character, as for every function of Node. */
export function toRaw(text: string): RawPath {
  return Buffer.from(text).toString('latin1');
}

/** As text; bytes that are no UTF-8 are replaced. */
export function toText(raw: RawPath): string {
  return onDisk(raw).toString();
}

/** For functions of Node that take a path. */
export function onDisk(raw: RawPath): Buffer {
  return Buffer.from(raw, 'latin1');
}

/** What Node answers as bytes. */
export function fromDisk(bytes: Buffer): RawPath {
  return bytes.toString('latin1');
}
