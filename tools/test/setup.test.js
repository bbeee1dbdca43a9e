'use strict';

const assert = require('node:assert/strict');
const { join } = require('node:path');
const { describe, test } = require('node:test');

const { addResults, NO_RESULTS } = require('../cargo/test-results');
const { matches, missingOptionals, readLock } = require('../setup/install');
const { explain, missingPrerequisites } = require('../setup/prerequisites');
const { summary } = require('../setup/totals');
const { ROOT } = require('./workspace-copy');

describe('the lock', () => {
  test('holds every optional dependency that it names', () => {
    assert.deepEqual(missingOptionals(readLock(join(ROOT, 'package-lock.json')) ?? {}), []);
  });

  test('that lacks one is found out, as Node would look it up', () => {
    const lock = {
      'node_modules/a': { optionalDependencies: { 'a-linux': '1', 'a-mac': '1' } },
      'node_modules/a/node_modules/a-mac': { version: '1' },
    };
    assert.deepEqual(missingOptionals(lock), ['node_modules/a names a-linux, which the lock does not hold']);
  });
});

describe('installed packages', () => {
  const lock = {
    '': {},
    'libs/x': { version: '1' },
    'node_modules/a': { version: '1' },
    'node_modules/b': { version: '1', optional: true },
  };

  test('match a lock but for what is made for other platforms', () => {
    assert.equal(matches(lock, { 'node_modules/a': { version: '1' } }), true);
  });

  test('of another version, or missing, do not', () => {
    assert.equal(matches(lock, { 'node_modules/a': { version: '2' } }), false);
    assert.equal(matches(lock, {}), false);
  });
});

describe('prerequisites', () => {
  const all = { node: '20.19.0', has: () => true, linker: () => true };

  test('that are all there ask for nothing', () => {
    assert.deepEqual(missingPrerequisites(all), { required: [], native: [] });
  });

  test('an older Node can do nothing', () => {
    const { required } = missingPrerequisites({ ...all, node: '20.18.3' });
    assert.match(explain(required), /Node >= 20\.19 \(this is 20\.18\.3\).*nodejs\.org/);
  });

  test('without Rust or a C compiler the fallbacks still run', () => {
    const machine = {
      ...all,
      has: (/** @type {string} */ command) => command !== 'cargo',
      linker: () => false,
    };
    const { required, native } = missingPrerequisites(machine);
    assert.deepEqual([required.length, native.length], [0, 2]);
    assert.match(explain(native), /rustup\.rs/);
  });
});

describe('counts of cargo test', () => {
  test('are those of unit, integration and doc tests together', () => {
    const lines = [
      'running 3 tests',
      'test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s',
      'test result: FAILED. 4 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s',
    ];
    assert.deepEqual(lines.reduce(addResults, NO_RESULTS), { passed: 6, failed: 1, skipped: 1 });
  });
});

describe('the last line of npm test', () => {
  const task = (/** @type {string} */ target, status = 'success') => ({
    project: 'p',
    target,
    folder: 'p',
    status,
  });
  const last = (/** @type {string} */ text) => text.trimEnd().split('\n').pop();

  test('sums the reports', () => {
    const outcomes = [
      { task: task('test'), counts: { passed: 3, failed: 0, skipped: 1 } },
      { task: task('validate', 'local-cache'), counts: { passed: 4, failed: 0, skipped: 0 } },
      { task: task('lint'), counts: undefined },
    ];
    const { text, failed } = summary(outcomes, []);
    assert.deepEqual([last(text), failed], ['7 passed, 0 failed', 0]);
  });

  test('counts a failing test once, and a failing check without tests as one', () => {
    const outcomes = [
      { task: task('test', 'failure'), counts: { passed: 3, failed: 2, skipped: 0 } },
      { task: task('lint', 'failure'), counts: undefined },
    ];
    assert.equal(last(summary(outcomes, ['formatting']).text), '3 passed, 4 failed');
  });

  test('counts a report that is not there as a failure', () => {
    const { text, failed } = summary([{ task: task('test'), counts: undefined }], []);
    assert.equal(failed, 1);
    assert.match(text, /p:test left no report/);
  });
});
