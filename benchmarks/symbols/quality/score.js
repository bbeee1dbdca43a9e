'use strict';

/** How good the answers of a search are: mean reciprocal rank and share of first places, for each class. */

const { CLASSES } = require('./queries');

/** Places that count; what is behind them is as good as not found. */
const DEPTH = 10;

/**
 * @typedef {{ name: string, path: string }} Answer
 *
 * @param {import('./queries').Query[]} queries
 * @param {(query: import('./queries').Query) => Answer[]} search the best answers first
 * @returns {Record<string, { mrr: number, first: number, queries: number }>} for each class, and for `all`
 */
function score(queries, search) {
  const sums = Object.fromEntries(
    [...CLASSES, 'all'].map((name) => [name, { mrr: 0, first: 0, queries: 0 }]),
  );
  for (const query of queries) {
    const rank = rankOf(query, search(query));
    for (const sum of [sums[query.class], sums.all]) {
      sum.queries++;
      sum.mrr += rank === 0 ? 0 : 1 / rank;
      sum.first += rank === 1 ? 1 : 0;
    }
  }
  return Object.fromEntries(
    Object.entries(sums).map(([name, { mrr, first, queries: count }]) => [
      name,
      { mrr: mrr / Math.max(count, 1), first: first / Math.max(count, 1), queries: count },
    ]),
  );
}

/**
 * The place of the first answer that has the name (and the path, where the query tells it), from 1; 0 where none has.
 * Symbols whose names differ in case alone, or not at all, count as one place: which of them was meant, the query does not
 * tell. Where nothing is to be found, no answer is the first place.
 */
function rankOf(query, answers) {
  if (query.name === undefined) return answers.length === 0 ? 1 : 0;
  const key = ({ name, path }) => `${name.toLowerCase()}\n${query.path === undefined ? '' : path}`;
  const places = new Set();
  for (const answer of answers) {
    places.add(key(answer));
    if (places.size > DEPTH) return 0;
    if (key(answer) === key(query)) return places.size;
  }
  return 0;
}

module.exports = { DEPTH, score };
