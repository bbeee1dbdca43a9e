/** The engine in TypeScript: the answers of the core, in Node and in browsers. */

import { TOKENIZER_CODES } from '../codes';
import type { SpecialRequest, TokenEngine } from '../engine';
import { MOST_TEXT_BYTES } from '../input';
import { specialsIn } from './special';
import { ScriptTokenizer } from './tokenizer';

export class ScriptEngine implements TokenEngine {
  readonly slice = 1 << 15;
  private readonly tokenizers: ScriptTokenizer[] = [];

  count(text: string | Uint8Array, encoding: number): number {
    return this.of(encoding).count(asString(text));
  }

  countWithin(text: string | Uint8Array, encoding: number, limit: number): number {
    return this.of(encoding).count(asString(text), limit);
  }

  countBatch(texts: string[], start: number, end: number, encoding: number): Uint32Array {
    const tokenizer = this.of(encoding);
    return Uint32Array.from({ length: end - start }, (_, index) => tokenizer.count(texts[start + index]!));
  }

  countSpecial(text: string | Uint8Array, encoding: number, special: SpecialRequest): number {
    let total = 0;
    this.parts(asString(text), encoding, special, (part, token) => {
      total += this.of(encoding).count(part) + (token === undefined ? 0 : 1);
    });
    return total;
  }

  encode(text: string | Uint8Array, encoding: number): Uint32Array {
    return Uint32Array.from(this.of(encoding).encode(asString(text)));
  }

  encodeSpecial(text: string | Uint8Array, encoding: number, special: SpecialRequest): Uint32Array {
    const tokens: number[] = [];
    this.parts(asString(text), encoding, special, (part, token) => {
      for (const ordinary of this.of(encoding).encode(part)) tokens.push(ordinary);
      if (token !== undefined) tokens.push(token);
    });
    return Uint32Array.from(tokens);
  }

  findSpecial(text: string | Uint8Array, encoding: number, special: SpecialRequest): string | null {
    const string = asString(text);
    for (const { start, end } of specialsIn(string, encoding, allowance(special)))
      return string.slice(start, end);
    return null;
  }

  tokenEnds(text: string, encoding: number): Uint32Array {
    const tokenizer = this.of(encoding);
    const tokens = tokenizer.encode(text);
    const ends = new Uint32Array(tokens.length);
    let [unit, written, byte] = [0, 0, 0];
    tokens.forEach((token, index) => {
      byte += tokenizer.bytesOf(token)!.length;
      while (unit < text.length) {
        const point = text.codePointAt(unit)!;
        // A lone surrogate is written as U+FFFD, of three bytes too.
        const bytes = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
        if (written + bytes > byte) break;
        written += bytes;
        unit += point < 0x10000 ? 1 : 2;
      }
      ends[index] = unit;
    });
    return ends;
  }

  decodeBytes(tokens: Uint32Array, encoding: number): Uint8Array {
    return this.of(encoding).decode(tokens);
  }

  decodeText(tokens: Uint32Array, encoding: number): string {
    const bytes = this.decodeBytes(tokens, encoding);
    if (bytes.length > MOST_TEXT_BYTES) {
      const message = `the tokens have ${bytes.length} bytes, and a string may have ${MOST_TEXT_BYTES}`;
      throw TOKENIZER_CODES.error('INPUT_INVALID', message);
    }
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  }

  private of(encoding: number): ScriptTokenizer {
    return (this.tokenizers[encoding] ??= new ScriptTokenizer(encoding));
  }

  private parts(
    text: string,
    encoding: number,
    special: SpecialRequest,
    visit: (part: string, token?: number) => void,
  ): void {
    let at = 0;
    for (const { start, end, token } of specialsIn(text, encoding, allowance(special))) {
      visit(text.slice(at, start), token);
      at = end;
    }
    visit(text.slice(at));
  }
}

function allowance({ all, names }: SpecialRequest): (name: string) => boolean {
  return all ? () => true : (name) => names.includes(name);
}

function asString(text: string | Uint8Array): string {
  return typeof text === 'string' ? text : new TextDecoder('utf-8', { ignoreBOM: true }).decode(text);
}
