'use strict';

// Runs the node:test files of a folder and leaves their counts: node tools/reporting/node-tests.js <report> <folder>

const { readdirSync } = require('node:fs');
const { join } = require('node:path');
const { run } = require('node:test');
const { spec: Spec } = require('node:test/reporters');

const { writeReport } = require('./report');

const [report = '', folder = ''] = process.argv.slice(2);
const files = readdirSync(folder).filter((name) => name.endsWith('.test.js'));

// A file that is started by a test runner reports to it in a binary form.
delete process.env['NODE_TEST_CONTEXT'];

/** @type {Map<string, number>} */
const totals = new Map();
run({ files: files.map((name) => join(folder, name)), concurrency: 1 })
  .on('test:diagnostic', ({ message }) => {
    const [, name, count] = /^(pass|fail|cancelled|skipped|todo) (\d+)$/.exec(message) ?? [];
    if (name !== undefined) totals.set(name, Number(count));
  })
  .on('end', () => {
    const total = (/** @type {string} */ name) => totals.get(name) ?? 0;
    const failed = total('fail') + total('cancelled');
    writeReport(report, { passed: total('pass'), failed, skipped: total('skipped') + total('todo') });
    process.exitCode = failed > 0 ? 1 : 0;
  })
  .compose(new Spec())
  .pipe(process.stdout);
