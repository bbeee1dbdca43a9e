'use strict';

/** @typedef {import('../reporting/report').Counts} Counts */

/** @type {Counts} */
const NO_RESULTS = { passed: 0, failed: 0, skipped: 0 };

const RESULT = /^test result: \S+ (\d+) passed; (\d+) failed; (\d+) ignored;/;

/**
 * Adds what a line of `cargo test` says: one `test result:` for the unit tests, each test file, and the doc tests.
 *
 * @param {Counts} counts
 * @param {string} line
 * @returns {Counts}
 */
function addResults(counts, line) {
  const match = RESULT.exec(line);
  if (!match) return counts;
  const [passed, failed, skipped] = match.slice(1).map(Number);
  return {
    passed: counts.passed + (passed ?? 0),
    failed: counts.failed + (failed ?? 0),
    skipped: counts.skipped + (skipped ?? 0),
  };
}

module.exports = { addResults, NO_RESULTS };
