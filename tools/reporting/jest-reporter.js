'use strict';

const { join } = require('node:path');

const { writeReport } = require('./report');

/** Leaves the counts of a jest run in reports/test.json of its project. */
class CountsReporter {
  /** @param {{ rootDir: string }} config */
  constructor({ rootDir }) {
    this.file = join(rootDir, 'reports', 'test.json');
  }

  /**
   * @param {Set<unknown>} _contexts
   * @param {import('@jest/reporters').AggregatedResult} results
   */
  onRunComplete(_contexts, results) {
    writeReport(this.file, {
      passed: results.numPassedTests,
      // A test file that does not load has no tests that could fail.
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
      skipped: results.numPendingTests + results.numTodoTests,
    });
  }
}

module.exports = CountsReporter;
