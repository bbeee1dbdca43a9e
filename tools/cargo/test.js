'use strict';

// Tests of one crate, doc tests included: node tools/cargo/test.js <crate> <report>

const { writeReport } = require('../reporting/report');
const { cargo } = require('./cargo');
const { addResults, NO_RESULTS } = require('./test-results');

/**
 * @param {string} crate
 * @param {string} report
 * @returns {Promise<number>} exit code
 */
async function test(crate, report) {
  let counts = NO_RESULTS;
  // Without --no-fail-fast a failing unit test would hide the outcome of the doc tests.
  const code = await cargo(['test', '--package', crate, '--no-fail-fast'], (line) => {
    counts = addResults(counts, line);
  });
  // A crate that does not compile has no result lines, and must not look like one without failures.
  if (code !== 0 && counts.failed === 0) counts = { ...counts, failed: 1 };
  writeReport(report, counts);
  return code;
}

const [crate = '', report = ''] = process.argv.slice(2);
test(crate, report).then((code) => {
  process.exitCode = code;
});
