/** What counts: the interface of both engines, and the choice between them. */

import type { EngineChoice } from '@fishplate/engine';

/** Special tokens that a call wants to see. */
export interface SpecialRequest {
  readonly all: boolean;
  readonly names: string[];
}

/** One of the two engines. Encodings go by their number. */
export interface TokenEngine {
  count(text: string | Uint8Array, encoding: number): number;
  /** The number of tokens, or -1 where there are more than `limit`. */
  countWithin(text: string | Uint8Array, encoding: number, limit: number): number;
  countBatch(texts: string[], start: number, end: number, encoding: number): Uint32Array;
  countSpecial(text: string | Uint8Array, encoding: number, special: SpecialRequest): number;
  encode(text: string | Uint8Array, encoding: number): Uint32Array;
  encodeSpecial(text: string | Uint8Array, encoding: number, special: SpecialRequest): Uint32Array;
  /** The first special token in the text. */
  findSpecial(text: string | Uint8Array, encoding: number, special: SpecialRequest): string | null;
  /** Where each token ends, in UTF-16 code units. */
  tokenEnds(text: string, encoding: number): Uint32Array;
  decodeBytes(tokens: Uint32Array, encoding: number): Uint8Array;
  decodeText(tokens: Uint32Array, encoding: number): string;
  /** Units of text that are counted in some milliseconds. */
  readonly slice: number;
}

type Select = (choice: EngineChoice | undefined) => TokenEngine | null;

let selectNative: Select = () => null;
let script: TokenEngine | undefined;
let usual: TokenEngine | undefined;

/** Gives the engines a native one; the entry for browsers does not. */
export function offerNative(select: Select): void {
  selectNative = select;
  usual = undefined;
}

/**
 * The engine of a call. That of calls without a choice is looked up once: reading the environment takes longer than counting
 * a short text.
 */
export function engineFor(choice: EngineChoice | undefined): TokenEngine {
  if (choice === undefined && usual !== undefined) return usual;
  const engine = selectNative(choice) ?? (script ??= loadScript());
  if (choice === undefined) usual = engine;
  return engine;
}

/** Loaded where it is needed: reading the engine in TypeScript takes longer than all of a first count by the native one. */
function loadScript(): TokenEngine {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { ScriptEngine } = require('./fallback/engine') as typeof import('./fallback/engine');
  return new ScriptEngine();
}
