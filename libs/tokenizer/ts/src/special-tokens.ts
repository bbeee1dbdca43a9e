/** What a call says of special tokens. */

import type { EngineChoice } from '@fishplate/engine';

import { TOKENIZER_CODES } from './codes';
import type { SpecialRequest, TokenEngine } from './engine';
import { kind } from './input';

/** Options of the functions that count and encode. */
export interface SpecialTokenOptions {
  /**
   * Special tokens that are seen as such, where the text has them; `'all'` of the encoding, or those of these names. None
   * unless given: what looks like a special token is ordinary text, and never throws.
   */
  readonly allowedSpecial?: 'all' | readonly string[];
  /** Special tokens that the text must not have, unless they are allowed: it throws where one is found. */
  readonly disallowedSpecial?: 'all' | readonly string[];
  /** Which engine to use; `auto` unless given. */
  readonly engine?: EngineChoice;
}

/**
 * The special tokens that a call wants to see; undefined where it wants none.
 *
 * @throws FishplateError `OPTION_INVALID`, `SPECIAL_TOKEN_FOUND`.
 */
export function wantedSpecial(
  engine: TokenEngine,
  text: string | Uint8Array,
  encoding: number,
  { allowedSpecial, disallowedSpecial }: SpecialTokenOptions,
): SpecialRequest | undefined {
  const allowed = checked(allowedSpecial, 'allowedSpecial');
  const forbidden = checked(disallowedSpecial, 'disallowedSpecial');
  if (forbidden !== undefined && allowed?.all !== true) {
    refuse(engine, text, encoding, forbidden, allowed?.names ?? []);
  }
  return allowed;
}

function refuse(
  engine: TokenEngine,
  text: string | Uint8Array,
  encoding: number,
  forbidden: SpecialRequest,
  allowed: readonly string[],
): void {
  const string = typeof text === 'string' ? text : new TextDecoder().decode(text);
  // Of a text that has one, which is seldom, all are looked at: an allowed one may stand before it.
  for (let rest = string; ; ) {
    const found = engine.findSpecial(rest, encoding, forbidden);
    if (found === null) return;
    if (!allowed.includes(found)) {
      const message = `the text holds ${found}, which disallowedSpecial forbids`;
      throw TOKENIZER_CODES.error('SPECIAL_TOKEN_FOUND', message, { details: { token: found } });
    }
    // A blank in its place, so that no other one comes of what stands around it.
    rest = rest.replaceAll(found, ' ');
  }
}

function checked(given: unknown, name: string): SpecialRequest | undefined {
  if (given === undefined) return undefined;
  if (given === 'all') return { all: true, names: [] };
  if (Array.isArray(given) && given.every((item) => typeof item === 'string')) {
    return given.length === 0 ? undefined : { all: false, names: [...given] };
  }
  throw TOKENIZER_CODES.error(
    'OPTION_INVALID',
    `${name} must be 'all' or an array of strings, and is ${kind(given)}`,
  );
}
