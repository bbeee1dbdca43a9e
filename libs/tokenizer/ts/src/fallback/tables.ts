/** The tables of the encodings, each parsed when it is first used. */

import { parseVocabulary, type Vocabulary } from './vocabulary';

/** Where bundlers find them: each is a module that holds a string. */
const TABLES: Readonly<Record<string, () => string>> = {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  o200k_base: () => require('@fishplate/tokenizer-tables/o200k_base') as string,
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  cl100k_base: () => require('@fishplate/tokenizer-tables/cl100k_base') as string,
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  p50k_base: () => require('@fishplate/tokenizer-tables/p50k_base') as string,
};
const NAMES = ['o200k_base', 'o200k_base', 'cl100k_base', 'p50k_base', 'p50k_base', 'p50k_base'];
const parsed = new Map<string, Vocabulary>();

/** The vocabulary of an encoding, by its number. */
export function vocabularyOf(encoding: number): Vocabulary {
  const name = NAMES[encoding]!;
  let vocabulary = parsed.get(name);
  if (vocabulary === undefined) parsed.set(name, (vocabulary = parseVocabulary(TABLES[name]!())));
  return vocabulary;
}
