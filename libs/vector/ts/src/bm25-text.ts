/** Words of texts and of code, as terms: the same ones as the native engine finds. */

/** Characters of a term, at most; of a longer word these count. */
const LONGEST_TERM = 64;

/** Characters of a word whose parts are terms too; a longer one is data rather than a name. */
const LONGEST_NAME = 256;

/** Scripts that put no spaces between words: Thai, Lao, Myanmar, Khmer, kana, ideographs. */
const UNSPACED =
  '\\u0e00-\\u0eff\\u1000-\\u109f\\u1780-\\u17ff\\u3005-\\u3007\\u3040-\\u30ff\\u31f0-\\u31ff' +
  '\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{323af}';
const LETTER = `(?![${UNSPACED}])\\p{Alphabetic}`;
const WORD = [
  `(?![${UNSPACED}])[\\p{Alphabetic}\\p{N}\\p{M}_]`,
  `(?<=${LETTER})['\\u2019](?=${LETTER})`,
  '(?<=[0-9])\\.(?=[0-9])',
].join('|');
const RUN = new RegExp(`([${UNSPACED}]+)|(?:${WORD})+`, 'gu');

const NOT_ASCII = /[^\0-\x7f]/;
const ACCENTS = /[\u0300-\u036f]/g;
const APOSTROPHES = /['\u2019]/g;
const HAS_PARTS = /[\p{Uppercase}_]/u;
const UPPERCASE = /\p{Uppercase}/u;
const LOWERCASE = /\p{Lowercase}/u;
const CAPITAL_OR_DIGIT = /[\p{Uppercase}0-9]/u;

/**
 * The terms of a text, in order. Compatibility forms become what they stand for, accents are dropped, letters become small. A name
 * with parts gives the whole without its underscores, then the parts; scripts without spaces give every two characters.
 */
export function terms(text: string): string[] {
  const found: string[] = [];
  for (const [run, unspaced] of folded(text).matchAll(RUN)) {
    if (unspaced !== undefined) pairs(Array.from(unspaced), found);
    else word(run.replace(APOSTROPHES, ''), found);
  }
  return found;
}

function folded(text: string): string {
  if (!NOT_ASCII.test(text)) return text;
  return text.normalize('NFKD').replace(ACCENTS, '').normalize('NFC');
}

function pairs(characters: readonly string[], found: string[]): void {
  if (characters.length === 1) give(characters, found);
  for (let at = 1; at < characters.length; at++) give(characters.slice(at - 1, at + 1), found);
}

function word(run: string, found: string[]): void {
  if (run.length <= LONGEST_TERM && !HAS_PARTS.test(run)) {
    found.push(run.toLowerCase());
    return;
  }
  const characters = Array.from(run);
  if (characters.length > LONGEST_NAME) {
    give(
      characters.filter((character) => character !== '_'),
      found,
    );
    return;
  }
  const parts = partsOf(characters);
  if (parts.length > 1) give(parts.flat(), found);
  for (const part of parts) give(part, found);
}

/** The parts of a name, by underscores and by capitals. */
function partsOf(characters: readonly string[]): string[][] {
  const parts: string[][] = [];
  let part: string[] = [];
  characters.forEach((character, at) => {
    const before = at === 0 ? '_' : characters[at - 1]!;
    const after = characters[at + 1] ?? '_';
    const begins =
      character === '_' ||
      (UPPERCASE.test(character) &&
        (LOWERCASE.test(before) || (LOWERCASE.test(after) && CAPITAL_OR_DIGIT.test(before))));
    if (begins && part.length > 0) {
      parts.push(part);
      part = [];
    }
    if (character !== '_') part.push(character);
  });
  if (part.length > 0) parts.push(part);
  return parts;
}

function give(characters: readonly string[], found: string[]): void {
  const term = characters.slice(0, LONGEST_TERM).join('');
  if (term !== '') found.push(term.toLowerCase());
}
