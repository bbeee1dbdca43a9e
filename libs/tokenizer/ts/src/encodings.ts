/** Names of encodings and models. */

import { TOKENIZER_CODES } from './codes';
import { MODELS, PREFIXES } from './models';

/** In the order that the binding counts them in. */
export const ENCODINGS = [
  'o200k_base',
  'o200k_harmony',
  'cl100k_base',
  'p50k_base',
  'p50k_edit',
  'r50k_base',
] as const;

/** An encoding, by the name that tiktoken gives it. */
export type Encoding = (typeof ENCODINGS)[number];

/** A model's name, for example `gpt-4o` or `ft:gpt-4o:acme`; see {@link encodingForModel}. */
export type Model = string & {};

const NUMBERS = new Map<string, number>(ENCODINGS.map((name, number) => [name, number]));

/** Models that were looked up, up to {@link KEPT}. */
const found = new Map<string, number>();
const KEPT = 256;

/** The number of an encoding, or of that of a model; `o200k_base` unless given. @throws FishplateError `ENCODING_UNKNOWN`. */
export function encodingNumber(name: Encoding | Model | undefined): number {
  if (name === undefined) return 0;
  const known = NUMBERS.get(name) ?? found.get(name);
  if (known !== undefined) return known;
  const number = NUMBERS.get(encodingForModel(name))!;
  if (found.size < KEPT) found.set(name, number);
  return number;
}

/**
 * The encoding of a model: of a name that is listed, or of the longest prefix that is; of what is behind the last slash, if the
 * whole is not known.
 *
 * @throws FishplateError `ENCODING_UNKNOWN`, whose message lists near names.
 */
export function encodingForModel(model: string): Encoding {
  if (typeof model !== 'string') {
    throw TOKENIZER_CODES.error('INPUT_INVALID', `model must be a string, and is of type ${typeof model}`);
  }
  const exact = Object.hasOwn(MODELS, model) ? MODELS[model] : undefined;
  if (exact !== undefined) return exact;
  // Longest first.
  const prefix = PREFIXES.find(([start]) => model.startsWith(start));
  if (prefix !== undefined) return prefix[1];
  // Gateways put the provider before the name: openai/gpt-4o.
  const slash = model.lastIndexOf('/');
  if (slash > 0 && slash < model.length - 1) return encodingForModel(model.slice(slash + 1));
  const near = nearNames(model.slice(0, 100));
  throw TOKENIZER_CODES.error(
    'ENCODING_UNKNOWN',
    `${JSON.stringify(model.slice(0, 100))} is no encoding and no model known; near names: ${near.join(', ')}`,
    { details: { near } },
  );
}

function nearNames(name: string): string[] {
  const names = [...new Set([...Object.keys(MODELS), ...PREFIXES.map(([start]) => start), ...ENCODINGS])];
  return names
    .map((other) => ({ other, far: editDistance(name.toLowerCase(), other) }))
    .sort((one, two) => one.far - two.far)
    .slice(0, 3)
    .map(({ other }) => other);
}

/** Levenshtein's distance. */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let at = 1; at <= one.length; at++) {
    const next = [at];
    for (let column = 1; column <= other.length; column++) {
      const changed = row[column - 1]! + (one[at - 1] === other[column - 1] ? 0 : 1);
      next.push(Math.min(changed, row[column]! + 1, next[column - 1]! + 1));
    }
    row = next;
  }
  return row[other.length]!;
}
