'use strict';

/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {() => unknown} run one call; its result is kept alive, so that it cannot be optimised away
 *
 * @typedef {object} Timing
 * @property {string} name
 * @property {number} medianMs median time of a call, outliers left out
 * @property {[low: number, high: number]} spreadMs first and third quartile of all samples
 * @property {number} p99Ms 99th percentile of all samples
 * @property {number} samples samples that the median is of
 * @property {number} outliers samples left out: beyond 1.5 interquartile ranges from the quartiles
 */

/** Keeps the last result reachable, so that no call can be optimised away. */
const last = { result: undefined };

/** Milliseconds per call over `calls` calls. */
function sample(run, calls) {
  const start = process.hrtime.bigint();
  for (let call = 0; call < calls; call++) last.result = run();
  return Number(process.hrtime.bigint() - start) / 1e6 / calls;
}

/** Calls that together take about a millisecond, so that the clock's own cost vanishes. */
function batchSize(run) {
  const once = Math.min(sample(run, 1), sample(run, 1));
  return Math.max(1, Math.min(10_000, Math.round(1 / Math.max(once, 1e-4))));
}

/**
 * Times contenders in turn (A B C A B C ...), so that a drift of the machine's speed meets all of them.
 *
 * @param {Contender[]} contenders
 * @param {{ rounds?: number, warmup?: number, budgetMs?: number }} [options] `budgetMs` bounds a contender's whole time; a slow
 *   one gets fewer rounds, at least three
 * @returns {Timing[]}
 */
function compare(contenders, { rounds = 41, warmup = 5, budgetMs = 4_000 } = {}) {
  const entries = contenders.map(({ name, run }) => {
    const first = sample(run, 1);
    const turns = Math.max(3, Math.min(rounds, Math.floor(budgetMs / Math.max(first, 1e-3))));
    if (turns === rounds) for (let round = 0; round < warmup; round++) sample(run, batchSize(run));
    return { name, run, turns, calls: batchSizeFor(first, run), samples: [] };
  });
  for (let round = 0; round < rounds; round++) {
    for (const entry of entries) {
      if (round < entry.turns) entry.samples.push(sample(entry.run, entry.calls));
    }
  }
  return entries.map(({ name, samples }) => summarize(name, samples));
}

function batchSizeFor(first, run) {
  return first > 1 ? 1 : batchSize(run);
}

function summarize(name, samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  const [low, high] = [quantile(sorted, 0.25), quantile(sorted, 0.75)];
  const reach = 1.5 * (high - low);
  const kept = sorted.filter((value) => value >= low - reach && value <= high + reach);
  return {
    name,
    medianMs: quantile(kept, 0.5),
    spreadMs: [low, high],
    p99Ms: quantile(sorted, 0.99),
    samples: kept.length,
    outliers: sorted.length - kept.length,
  };
}

/**
 * {@link compare} for contenders that answer with a promise, one call a round.
 *
 * @param {{ name: string, run: () => Promise<unknown> }[]} contenders
 * @param {{ rounds?: number }} [options]
 * @returns {Promise<Timing[]>}
 */
async function compareAsync(contenders, { rounds = 15 } = {}) {
  const entries = contenders.map((contender) => ({ ...contender, samples: [] }));
  for (let round = -1; round < rounds; round++) {
    for (const { run, samples } of entries) {
      const start = process.hrtime.bigint();
      last.result = await run();
      // The first round warms up.
      if (round >= 0) samples.push(Number(process.hrtime.bigint() - start) / 1e6);
    }
  }
  return entries.map(({ name, samples }) => summarize(name, samples));
}

/** Linear interpolation between the closest ranks. */
function quantile(sorted, share) {
  const position = (sorted.length - 1) * share;
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - below);
}

module.exports = { compare, compareAsync, quantile };
