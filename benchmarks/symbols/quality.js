'use strict';

/** How often the intended symbol comes first: ours and the rivals' on the half of the set that no weight was tuned on. */

const { CLASSES } = require('./quality/queries');
const { DEPTH, score } = require('./quality/score');

/** fuse.js takes too long for all queries: it gets every tenth, and no bar is set by so few. */
const SLOW = new Set(['fuse.js']);

/** Answers that are asked for: some more than count, since symbols of one name are one place. */
const LIMIT = 10 * DEPTH;

/**
 * @param {{ query: (text: string, options: object) => object[] }} index
 * @param {{ names: import('./rivals').Rival[], paths: import('./rivals').Rival[] }} rivals
 * @param {object[]} queries
 * @returns {import('@fishplate/bench-harness').Row[]}
 */
function qualityRows(index, rivals, queries) {
  const ours = score(queries, ({ text }) => index.query(text, { limit: LIMIT }));
  const others = rivals.names.map(({ name, search }, place) => {
    const own = SLOW.has(name) ? queries.filter((_, at) => at % 10 === 0) : queries;
    const scores = score(own, ({ text, path }) =>
      (path === undefined ? search : rivals.paths[place].search)(text, LIMIT),
    );
    return { name, scores };
  });
  const rows = [];
  for (const [measure, what] of [
    ['mean reciprocal rank', 'mrr'],
    ['first place', 'first'],
  ]) {
    for (const kind of ['all', ...CLASSES]) {
      const values = others.map(({ name, scores }) => ({ name, value: scores[kind][what] }));
      const best = Math.max(...values.filter(({ name }) => !SLOW.has(name)).map(({ value }) => value));
      const own = ours[kind][what];
      const least = kind !== 'all' ? 0 : what === 'mrr' ? 0.85 : 0.8;
      rows.push({
        measure: `${measure}, ${kind === 'all' ? 'all classes' : kind}`,
        unit: '',
        ours: own,
        rivals: values,
        bar: {
          text: least === 0 ? 'no rival above' : `>= ${least} and no rival above`,
          met: own >= best && own >= least,
        },
      });
    }
  }
  return rows;
}

module.exports = { qualityRows };
