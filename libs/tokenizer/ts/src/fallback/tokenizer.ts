/** An encoding in TypeScript, with its cache of pieces. */

import { TOKENIZER_CODES } from '../codes';
import { ENCODINGS } from '../encodings';
import { Bpe } from './bpe';
import { classTable } from './classes';
import { specialName } from './special';
import { type Splitter, splitCl100k, splitO200k, splitR50k } from './split';
import { vocabularyOf } from './tables';
import { NONE, type Vocabulary } from './vocabulary';

const SPLITTERS: readonly Splitter[] = [splitO200k, splitO200k, splitCl100k, splitR50k, splitR50k, splitR50k];
/** r50k_base is without the last tokens of its table. */
const R50K = 5;
const R50K_TOKENS = 50256;

/** Units of the longest piece that is kept, and how many are. */
const KEPT_UNITS = 40;
const KEPT_PIECES = 1 << 15;

/** Unlike the core's cache this one is emptied when it is full: a Map tells nothing of its order for free. */
export class ScriptTokenizer {
  private readonly classes = classTable();
  private readonly vocabulary: Vocabulary;
  private readonly bpe: Bpe;
  private readonly end: Splitter;
  private readonly limit: number;
  private counts = new Map<string, number>();
  private encoded = new Map<string, Int32Array>();

  constructor(private readonly encoding: number) {
    this.vocabulary = vocabularyOf(encoding);
    this.limit = encoding === R50K ? R50K_TOKENS : 2 ** 31 - 1;
    this.bpe = new Bpe(this.vocabulary, this.limit);
    this.end = SPLITTERS[encoding]!;
  }

  /** The number of tokens, or -1 where there are more than `limit`. */
  count(text: string, limit = Infinity): number {
    let total = 0;
    for (let start = 0; start < text.length; ) {
      const end = this.end(this.classes, text, start);
      total += this.countPiece(text, start, end);
      if (total > limit) return -1;
      start = end;
    }
    return total;
  }

  encode(text: string): number[] {
    const tokens: number[] = [];
    for (let start = 0; start < text.length; ) {
      const end = this.end(this.classes, text, start);
      for (const token of this.encodePiece(text, start, end)) tokens.push(token);
      start = end;
    }
    return tokens;
  }

  /** Bytes of a token of text; undefined where it is none. */
  bytesOf(token: number): Uint8Array | undefined {
    const { ends, bytes, left } = this.vocabulary;
    const isToken = token < 256 || (token < this.limit && (left[token] ?? NONE) !== NONE);
    return isToken ? bytes.subarray(ends[token], ends[token + 1]) : undefined;
  }

  decode(tokens: Uint32Array): Uint8Array {
    const parts: Uint8Array[] = [];
    let length = 0;
    for (let index = 0; index < tokens.length; index++) {
      const token = tokens[index]!;
      const name = this.bytesOf(token) === undefined ? specialName(this.encoding, token) : undefined;
      const part = this.bytesOf(token) ?? (name === undefined ? undefined : new TextEncoder().encode(name));
      if (part === undefined) {
        const message = `${token} at index ${index} is no token of ${ENCODINGS[this.encoding]}`;
        throw TOKENIZER_CODES.error('TOKEN_UNKNOWN', message);
      }
      parts.push(part);
      length += part.length;
    }
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  private countPiece(text: string, start: number, end: number): number {
    if (end - start > KEPT_UNITS) return this.bpe.encode(this.bpe.write(text, start, end));
    const piece = text.slice(start, end);
    const known = this.counts.get(piece);
    if (known !== undefined) return known;
    const count = this.bpe.encode(this.bpe.write(text, start, end));
    if (this.counts.size >= KEPT_PIECES) this.counts = new Map();
    this.counts.set(piece, count);
    return count;
  }

  private encodePiece(text: string, start: number, end: number): Int32Array {
    const piece = end - start > KEPT_UNITS ? undefined : text.slice(start, end);
    const known = piece === undefined ? undefined : this.encoded.get(piece);
    if (known !== undefined) return known;
    const count = this.bpe.encode(this.bpe.write(text, start, end));
    const tokens = this.bpe.tokens.slice(0, count);
    if (piece !== undefined) {
      if (this.encoded.size >= KEPT_PIECES) this.encoded = new Map();
      this.encoded.set(piece, tokens);
    }
    return tokens;
  }
}
