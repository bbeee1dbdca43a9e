'use strict';

const assert = require('node:assert/strict');
const { appendFileSync, existsSync, rmSync } = require('node:fs');
const { join } = require('node:path');
const { after, before, describe, test } = require('node:test');

const { WorkspaceCopy } = require('./workspace-copy');

/** A library alone: what holds for its targets holds for all, and this needs no native build. */
const PROJECT = '@fishplate/engine';
const RUN = ['run-many', '-t', 'build', 'test', '-p', PROJECT];
const OUTPUTS = ['libs/engine/ts/dist/index.js', 'libs/engine/ts/reports/test.json'];

describe('the cache', () => {
  /** @type {WorkspaceCopy} */
  let copy;

  before(() => {
    copy = new WorkspaceCopy('cache');
    succeed(copy);
  });

  after(() => copy.remove());

  test('a second run takes everything from the cache, outputs and reports included', () => {
    for (const output of OUTPUTS) rmSync(join(copy.root, output));
    assert.match(succeed(copy), /2 out of 2 tasks|Cache: +2\/2 hit/);
    assert.deepEqual(
      OUTPUTS.filter((output) => !existsSync(join(copy.root, output))),
      [],
    );
  });

  test('a test that changes runs again, and the build does not', () => {
    appendFileSync(join(copy.root, 'libs/engine/ts/src/choice.test.ts'), '\n');
    assert.match(succeed(copy), /1 out of 2 tasks|Cache: +1\/2 hit/);
  });

  test('another engine asked for is another run', () => {
    const inputs = hashInputs(copy, '@fishplate/diff', 'test');
    assert.ok(inputs.includes('FISHPLATE_DIFF_ENGINE'), inputs);
  });

  test('an executable is an output of its build, and the sources below it are inputs', () => {
    const { inputs, outputs, cache } = targetOf(copy, 'fishplate-sandboxd', 'build');
    assert.ok(outputs?.includes('{workspaceRoot}/libs/sandbox/napi/fishplate-sandboxd'), String(outputs));
    assert.ok(
      inputs?.includes('^crate') && inputs.includes('rust') && cache === true,
      JSON.stringify(inputs),
    );
  });

  test('the sources of a crate, the lock and the compiler are inputs of what loads its binding', () => {
    const inputs = hashInputs(copy, '@fishplate/diff', 'test');
    assert.ok(inputs.includes('^production') && inputs.includes('"rust"'), inputs);
  });
});

/**
 * @param {WorkspaceCopy} copy
 * @returns {string} what Nx printed
 */
function succeed(copy) {
  const { code, output } = copy.nx(RUN);
  assert.equal(code, 0, output);
  return output;
}

/**
 * @param {WorkspaceCopy} copy
 * @param {string} project
 * @param {string} target
 * @returns {string}
 */
function hashInputs(copy, project, target) {
  return JSON.stringify(targetOf(copy, project, target).inputs);
}

/**
 * @param {WorkspaceCopy} copy
 * @param {string} project
 * @param {string} target
 * @returns {import('@nx/devkit').TargetConfiguration}
 */
function targetOf(copy, project, target) {
  const { output } = copy.nx(['show', 'project', project, '--json']);
  return JSON.parse(output.slice(output.indexOf('{'))).targets[target];
}
