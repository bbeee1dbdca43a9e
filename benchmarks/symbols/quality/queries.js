'use strict';

/**
 * Queries for symbols of a corpus, as people type them, made by a seeded source. Each names what it is for: the name,
 * and for queries with a path the file and container as well.
 *
 * @typedef {{ class: string, text: string, name?: string, path?: string }} Query
 */

const CLASSES = ['exact', 'prefix', 'humps', 'abbreviation', 'substring', 'typo', 'path', 'none'];

/**
 * @param {{ path: string, symbols: { name: string, container?: string }[] }[]} files
 * @param {(below: number) => number} random
 * @param {number} each queries of each class
 * @returns {Query[]}
 */
function makeQueries(files, random, each) {
  const pick = (values) => values[random(values.length)];
  const targets = files.flatMap(({ path, symbols }) => symbols.map((symbol) => ({ path, ...symbol })));
  const names = new Set(targets.map(({ name }) => name.toLowerCase()));
  const makers = { exact, prefix, humps, abbreviation, substring, typo, path: qualified, none };
  const queries = [];
  for (const kind of CLASSES) {
    const seen = new Set();
    while (seen.size < each) {
      const target = pick(targets);
      const text = makers[kind](target, { random, pick, names });
      if (text === undefined || seen.has(text)) continue;
      seen.add(text);
      const own = kind === 'path' ? { name: target.name, path: target.path } : { name: target.name };
      queries.push({ class: kind, text, ...(kind === 'none' ? {} : own) });
    }
  }
  return queries;
}

/** The words of a name: `getHTTPServer_2` is get, HTTP, Server, 2. */
function wordsOf(name) {
  return name.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+/g) ?? [];
}

/** A name of at least so many letters, and words. */
function isLong(name, letters, words = 1) {
  return name.length >= letters && wordsOf(name).length >= words;
}

function exact({ name }, { random }) {
  if (!isLong(name, 4)) return undefined;
  return random(3) === 0 ? name.toLowerCase() : name;
}

/** Half of the name to nearly all of it. */
function prefix({ name }, { random }) {
  if (!isLong(name, 7)) return undefined;
  const half = Math.ceil(name.length / 2);
  const text = name.slice(0, Math.max(4, half + random(name.length - half)));
  return random(2) === 0 ? text.toLowerCase() : text;
}

/** The first letter of each word, or of the last one some more. */
function humps({ name }, { random }) {
  const words = wordsOf(name);
  if (words.length < 3 || !/^[A-Za-z]/.test(name)) return undefined;
  const initials = words.map((word) => word[0]);
  const last = words.at(-1).slice(0, 1 + random(3));
  const text = [...initials.slice(0, -1), last].join('');
  if (text.length < 3) return undefined;
  return random(3) === 0 ? text : text.toLowerCase();
}

/** Vowels left out, or each word cut short. */
function abbreviation({ name }, { random }) {
  if (!isLong(name, 8, 2)) return undefined;
  const words = wordsOf(name);
  if (random(2) === 0) {
    const text = words.map((word) => word[0] + word.slice(1).replace(/[aeiou]/gi, '')).join('');
    return text.length >= 4 && text.length < name.length - 1 ? text.toLowerCase() : undefined;
  }
  const text = words.map((word) => word.slice(0, 2 + random(3))).join('');
  return text.length >= 5 && text.length < name.length - 1 ? text.toLowerCase() : undefined;
}

/** A piece from behind the beginning: whole words, or any letters. */
function substring({ name }, { random }) {
  const words = wordsOf(name);
  if (!isLong(name, 9)) return undefined;
  if (random(2) === 0) {
    if (words.length < 3) return undefined;
    const start = 1 + random(words.length - 1);
    const text = name.slice(name.indexOf(words[start], words[0].length));
    return text.length >= 5 ? text : undefined;
  }
  const start = 1 + random(name.length - 7);
  const text = name.slice(start, start + 6 + random(name.length - start - 5));
  return random(2) === 0 ? text.toLowerCase() : text;
}

/** A letter added, left out, replaced or swapped; two of that in long names. */
function typo({ name }, { random, pick, names }) {
  if (!isLong(name, 6)) return undefined;
  let text = name;
  for (let left = name.length >= 12 && random(3) === 0 ? 2 : 1; left > 0; left--) {
    const at = 1 + random(text.length - 2);
    const letter = pick([...'etaoinshrdlu']);
    text = pick([
      () => text.slice(0, at) + letter + text.slice(at),
      () => text.slice(0, at) + text.slice(at + 1),
      () => text.slice(0, at) + letter + text.slice(at + 1),
      () => text.slice(0, at) + text[at + 1] + text[at] + text.slice(at + 2),
    ])();
  }
  return names.has(text.toLowerCase()) ? undefined : random(2) === 0 ? text.toLowerCase() : text;
}

/** Words of the path or the container before the name, or before the beginning of it. */
function qualified({ path, name, container }, { random }) {
  if (!isLong(name, 4)) return undefined;
  const parts = path.split('/');
  const file = parts.at(-1).replace(/(\.d)?\.\w+$/, '');
  const folder = parts.at(-2);
  const part = random(3) === 0 ? name.slice(0, Math.max(3, Math.ceil(name.length * 0.7))) : name;
  switch (random(4)) {
    case 0:
      return folder === undefined ? undefined : `${folder}/${file} ${part}`;
    case 1:
      return `${file} ${part}`;
    case 2:
      return container === undefined ? undefined : `${container}${/\.rs$/.test(path) ? '::' : '.'}${part}`;
    default:
      return `${parts.slice(-2).join('/')}:${part}`;
  }
}

/** Letters that no name has in this order, as far as chance goes. */
function none(_, { random, pick, names }) {
  const length = 6 + random(8);
  const text = Array.from({ length }, (_, at) =>
    pick([...(at % 3 === 1 ? 'aeiouy' : 'bcdfghjklmnpqrstvwxz')]),
  ).join('');
  return names.has(text) ? undefined : text;
}

module.exports = { CLASSES, makeQueries, wordsOf };
