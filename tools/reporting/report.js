'use strict';

const { mkdirSync, readFileSync, writeFileSync } = require('node:fs');
const { dirname } = require('node:path');

/**
 * What a run of tests came to. Each test target leaves one in reports/<target>.json; `npm test` sums them, and so counts
 * rightly where Nx took a result from its cache.
 *
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 */

/**
 * @param {string} file
 * @param {Counts} counts
 */
function writeReport(file, { passed, failed, skipped }) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ passed, failed, skipped })}\n`);
}

/**
 * @param {string} file
 * @returns {Counts | undefined} undefined where the file is missing or is no report
 */
function readReport(file) {
  try {
    const { passed, failed, skipped } = JSON.parse(readFileSync(file, 'utf8'));
    return [passed, failed, skipped].every(Number.isSafeInteger) ? { passed, failed, skipped } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @param {readonly Counts[]} counts
 * @returns {Counts}
 */
function sum(counts) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const { passed, failed, skipped } of counts) {
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
  }
  return total;
}

module.exports = { readReport, sum, writeReport };
