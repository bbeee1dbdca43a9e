'use strict';

/** The same symbols in the rivals' hands; each answers with places in the list of symbols. */

const { loadRivals } = require('@fishplate/bench-harness');
const Fuse = require('fuse.js');
const fuzzysort = require('fuzzysort');
const MiniSearch = require('minisearch');

const { wordsOf } = require('./quality/queries');

/**
 * @typedef {{ name: string, path: string, container?: string }} Listed
 * @typedef {{ name: string, search: (text: string, limit: number) => Listed[] }} Rival
 */

/** What is searched where a query tells a path: path, container and name; spaces and signs of queries fit none of these. */
const placed = ({ path, container, name }) =>
  `${path} ${container === undefined ? '' : `${container} `}${name}`;

/** A query with a path as words, which all rivals take better than its signs. */
const words = (text) => text.replace(/::|[.:#/]/g, ' ');

/**
 * Rivals over the names, or over paths with names.
 *
 * @param {Listed[]} symbols
 * @param {boolean} withPaths
 * @returns {Rival[]}
 */
function rivalsOf(symbols, withPaths) {
  const textOf = withPaths ? placed : ({ name }) => name;
  const read = withPaths ? words : (text) => text;
  const listed = withPaths ? symbols : uniqueNames(symbols);
  const texts = listed.map(textOf);
  const { Nucleo } = loadRivals('fishplate-symbols-rivals');
  const nucleo = new Nucleo(texts, withPaths);
  const snapshot = fuzzysort.snapshot(
    texts.map((text, place) => ({ text, place })),
    { key: 'text' },
  );
  const fuse = new Fuse(texts, { threshold: 0.4, ignoreLocation: withPaths, includeScore: true });
  const mini = miniOf(texts);
  const at = (place) => listed[place];
  return [
    { name: 'nucleo-matcher', search: (text, limit) => nucleo.query(read(text), limit).map(at) },
    {
      name: 'fuzzysort',
      search: (text, limit) => fuzzysort.go(read(text), snapshot, { limit }).map(({ obj }) => at(obj.place)),
    },
    {
      name: 'fuse.js',
      search: (text, limit) => fuse.search(read(text), { limit }).map(({ refIndex }) => at(refIndex)),
    },
    {
      name: 'minisearch',
      search: (text, limit) =>
        mini
          .search(read(text))
          .slice(0, limit)
          .map(({ id }) => at(id)),
    },
    { name: 'Map scan', search: scanOf(listed, textOf, read) },
  ];
}

/** A name is searched once however many symbols have it. */
function uniqueNames(symbols) {
  return [...new Map(symbols.map((symbol) => [symbol.name, symbol])).values()];
}

/** Names cut into words, found by prefix and with typos: how minisearch is meant to be used for that. */
function miniOf(texts) {
  const tokenize = (text) => [
    text,
    ...text.split(/[^\p{L}\p{N}$_]+/u).flatMap((part) => [part, ...wordsOf(part)]),
  ];
  const mini = new MiniSearch({
    fields: ['text'],
    tokenize,
    searchOptions: { prefix: true, fuzzy: 0.2, combineWith: 'OR' },
  });
  mini.addAll(texts.map((text, id) => ({ id, text })));
  return mini;
}

/** What the runtime did before: every name in a Map, the ones that have the text in them, shorter first. */
function scanOf(listed, textOf, read) {
  const map = new Map(listed.map((symbol, place) => [place, { symbol, text: textOf(symbol).toLowerCase() }]));
  return (text, limit) => {
    const parts = read(text).toLowerCase().split(' ');
    const found = [];
    for (const { symbol, text: own } of map.values()) {
      if (parts.every((part) => own.includes(part))) found.push({ symbol, length: own.length });
    }
    return found
      .sort((a, b) => a.length - b.length)
      .slice(0, limit)
      .map(({ symbol }) => symbol);
  };
}

module.exports = { rivalsOf };
