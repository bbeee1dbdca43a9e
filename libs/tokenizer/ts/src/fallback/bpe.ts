/** Byte-pair encoding by backtracking: the core's `bpe.rs`, which says why it is right. */

import { edgeSlot, NONE, pairSlot, type Vocabulary } from './vocabulary';

const ANSWERS = 1 << 12;
/** Bytes of the shortest run that is looked for, and how many of one stay: two of the longest tokens. */
const RUN_BYTES = 384;
const KEPT_RUN_BYTES = 256;

/** Encodes pieces, which {@link Bpe.bytes} holds. */
export class Bpe {
  /** The piece. */
  bytes = new Uint8Array(1 << 10);
  /** Tokens of the last piece. */
  tokens = new Int32Array(1 << 8);

  private dead = new Uint8Array(1 << 10);
  private readonly askedLeft = new Int32Array(ANSWERS).fill(NONE);
  private readonly askedRight = new Int32Array(ANSWERS);
  private readonly answers = new Uint8Array(ANSWERS);

  /** Tokens from `limit` on do not exist. */
  constructor(
    private readonly vocabulary: Vocabulary,
    private readonly limit: number,
  ) {}

  /** Writes UTF-16 as UTF-8 into {@link bytes}, a lone surrogate as U+FFFD; answers with the number of bytes. */
  write(text: string, start: number, end: number): number {
    const most = 3 * (end - start);
    if (this.bytes.length < most) this.bytes = new Uint8Array(2 * most);
    const bytes = this.bytes;
    let length = 0;
    for (let at = start; at < end; at++) {
      let point = text.charCodeAt(at);
      if (point < 0x80) {
        bytes[length++] = point;
        continue;
      }
      if (point < 0x800) {
        bytes[length++] = 0xc0 | (point >> 6);
        bytes[length++] = 0x80 | (point & 0x3f);
        continue;
      }
      if (point >= 0xd800 && point < 0xe000) {
        const next = at + 1 < end ? text.charCodeAt(at + 1) : 0;
        if (point < 0xdc00 && next >= 0xdc00 && next < 0xe000) {
          point = 0x10000 + ((point & 0x3ff) << 10) + (next & 0x3ff);
          at++;
          bytes[length++] = 0xf0 | (point >> 18);
          bytes[length++] = 0x80 | ((point >> 12) & 0x3f);
          bytes[length++] = 0x80 | ((point >> 6) & 0x3f);
          bytes[length++] = 0x80 | (point & 0x3f);
          continue;
        }
        point = 0xfffd;
      }
      bytes[length++] = 0xe0 | (point >> 12);
      bytes[length++] = 0x80 | ((point >> 6) & 0x3f);
      bytes[length++] = 0x80 | (point & 0x3f);
    }
    return length;
  }

  /** Encodes the first `length` bytes into {@link tokens}; answers with the number of tokens. */
  encode(length: number): number {
    if (length === 0) return 0;
    if (this.tokens.length < length) this.tokens = new Int32Array(2 * length);
    if (this.dead.length <= length) this.dead = new Uint8Array(2 * length);
    const run = length >= RUN_BYTES ? this.leadingRun(length) : undefined;
    if (run !== undefined) {
      const { token, leftOut } = run;
      const count = this.search(leftOut * this.lengthOf(token), length, leftOut);
      // The rest begins with the token too, so that all neighbours stay apart.
      if (this.tokens[leftOut] === token) {
        this.tokens.fill(token, 0, leftOut);
        return count;
      }
    }
    return this.search(0, length, 0);
  }

  /** The token that a long piece begins with again and again, and how often it may be left out. */
  private leadingRun(length: number): { token: number; leftOut: number } | undefined {
    for (let period = 1; period <= 4; period++) {
      let run = period;
      while (run < length && this.bytes[run] === this.bytes[run - period]) run++;
      if (run < RUN_BYTES) continue;
      this.search(0, RUN_BYTES, 0);
      const token = this.tokens[0]!;
      const size = this.lengthOf(token);
      if (size % period !== 0 || !this.stayApart(token, token)) return undefined;
      return { token, leftOut: Math.floor((run - KEPT_RUN_BYTES) / size) };
    }
    return undefined;
  }

  /** Encodes the bytes from `start` up to `length`, with the first of their tokens at `floor`; answers with where they end. */
  private search(start: number, length: number, floor: number): number {
    const { tokens, dead } = this;
    let candidate = this.longest(start, length);
    if (this.lengthOf(candidate) === length - start) {
      tokens[floor] = candidate;
      return floor + 1;
    }
    dead.fill(0, start, length + 1);
    let count = floor;
    let at = start;
    for (;;) {
      const end = at + this.lengthOf(candidate);
      if (dead[end] === 0 && (count === floor || this.stayApart(tokens[count - 1]!, candidate))) {
        tokens[count++] = candidate;
        at = end;
        if (at === length) return count;
        candidate = this.longest(at, length);
        continue;
      }
      const shorter = this.shorter(candidate);
      if (shorter !== NONE) {
        candidate = shorter;
        continue;
      }
      dead[at] = 1;
      candidate = tokens[--count]!;
      at -= this.lengthOf(candidate);
    }
  }

  private longest(start: number, end: number): number {
    const { edgeKeys, edgeNodes, nodeTokens } = this.vocabulary;
    const mask = edgeKeys.length - 1;
    let node = 0;
    let found = NONE;
    for (let at = start; at < end; at++) {
      const key = (node << 8) | this.bytes[at]!;
      let slot = edgeSlot(key, mask);
      while (edgeKeys[slot] !== key) {
        if (edgeKeys[slot] === NONE) return found;
        slot = (slot + 1) & mask;
      }
      node = edgeNodes[slot]!;
      const token = nodeTokens[node]!;
      if (token !== NONE && token < this.limit) found = token;
    }
    return found;
  }

  private shorter(token: number): number {
    let next = this.vocabulary.prefixes[token]!;
    while (next >= this.limit) next = this.vocabulary.prefixes[next]!;
    return next;
  }

  private lengthOf(token: number): number {
    const { ends } = this.vocabulary;
    return ends[token + 1]! - ends[token]!;
  }

  private stayApart(left: number, right: number): boolean {
    const place = pairSlot(left, right, ANSWERS - 1);
    if (this.askedLeft[place] === left && this.askedRight[place] === right) return this.answers[place] === 1;
    const answer = this.neverMerge(left, right);
    this.askedLeft[place] = left;
    this.askedRight[place] = right;
    this.answers[place] = answer ? 1 : 0;
    return answer;
  }

  private neverMerge(givenLeft: number, givenRight: number): boolean {
    const { left: lefts, right: rights } = this.vocabulary;
    let [left, right, before] = [givenLeft, givenRight, Infinity];
    for (;;) {
      const merged = this.merged(left, right);
      if (merged !== NONE && merged < before) return false;
      const one = rights[left]!;
      const other = lefts[right]!;
      if (one === NONE && other === NONE) return true;
      if (other === NONE || (one !== NONE && left > right)) {
        before = left;
        left = one;
      } else {
        before = right + 1;
        right = other;
      }
    }
  }

  private merged(left: number, right: number): number {
    const { pairs, left: lefts, right: rights } = this.vocabulary;
    const mask = pairs.length - 1;
    for (let slot = pairSlot(left, right, mask); ; slot = (slot + 1) & mask) {
      const token = pairs[slot]!;
      if (token === NONE) return NONE;
      if (lefts[token] === left && rights[token] === right) return token < this.limit ? token : NONE;
    }
  }
}
