/** What a query may mean: a name, or a name with words before it that say where it is. */

import { type Needle, needleOf } from './matcher';
import { Qualifier } from './qualifier';

/** Most words that say where a name is; those nearest to it count. */
const MAX_QUALIFIERS = 8;

/** One meaning of a query. */
export interface Reading {
  readonly needle: Needle;
  readonly qualifier: Qualifier | null;
}

/** The meanings of a query: all of it as a name, and its last part as a name in what is before. */
export function readingsOf(text: string): Reading[] {
  const trimmed = text.replace(/^[ \t\n\r]+|[ \t\n\r]+$/g, '');
  const readings: Reading[] = [];
  const add = (name: string, qualifier: Qualifier | null): void => {
    const needle = needleOf(name);
    if (needle.units.length > 0) readings.push({ needle, qualifier });
  };
  add(trimmed, null);
  const split = splitQuery(trimmed);
  if (split !== null) add(split.name, new Qualifier(split.parts.slice(-MAX_QUALIFIERS)));
  return readings;
}

/** Words that say where, and the name behind them. */
function splitQuery(text: string): { parts: string[]; name: string } | null {
  const words = text.split(/[ \t\n\r]+/).filter((word) => word !== '');
  if (words.length === 0) return null;
  // A word with a slash in it is a path, wherever it stands.
  const named = words.findLastIndex((word) => !/[/\\]/.test(word));
  const at = named === -1 ? words.length - 1 : named;
  const parts = words.flatMap((word, other) => (other === at ? [] : word.split(/[/\\]/)));
  const steps = words[at]!.split(/[/\\]/);
  // `file.ts:name`, `module::name`, `Class#method`.
  const scopes = steps.pop()!.split(/[:#]/);
  const owners = scopes.pop()!.split('.');
  const name = owners.pop()!;
  parts.push(...steps, ...scopes, ...owners);
  const kept = parts.filter((part) => part !== '' && part !== '.');
  return kept.length === 0 || name === '' ? null : { parts: kept, name };
}
