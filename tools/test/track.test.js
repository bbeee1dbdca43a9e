'use strict';

const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { after, before, describe, test } = require('node:test');

const { addCrate } = require('../nx-plugin/track/generator');
const { WorkspaceCopy } = require('./workspace-copy');

const NAME = 'sample';
const PROJECTS = [
  `@fishplate/${NAME}`,
  `@fishplate/${NAME}-bench`,
  `@fishplate/${NAME}-validation`,
  `fishplate-${NAME}`,
  `fishplate-${NAME}-napi`,
];

describe('a generated track', () => {
  /** @type {WorkspaceCopy} */
  let copy;

  before(() => {
    copy = new WorkspaceCopy('track');
    succeed('g', './tools/nx-plugin:track', NAME, '--skipInstall');
    copy.linkPackages();
  });

  after(() => copy.remove());

  /** @param {string[]} args */
  function succeed(...args) {
    const { code, output } = copy.nx(args);
    assert.equal(code, 0, output);
    return output;
  }

  /** @param {string} file */
  const read = (file) => readFileSync(join(copy.root, file), 'utf8');

  test('has the projects of a track, joined to each other and to nothing else', () => {
    assert.deepEqual(copy.affected('--files', `libs/${NAME}/core/src/lib.rs`), PROJECTS);
  });

  test('is owned, and a crate that others may depend on', () => {
    const { engines } = JSON.parse(read('package.json'));
    assert.deepEqual(JSON.parse(read(`libs/${NAME}/ts/package.json`)).engines, engines);
    assert.match(read('.github/CODEOWNERS'), new RegExp(`^/libs/${NAME}/ +@fishplate/${NAME}$`, 'm'));
    assert.match(read('Cargo.toml'), new RegExp(`^fishplate-${NAME} = .*libs/${NAME}/core`, 'm'));
  });

  test('is formatted', () => {
    const paths = [`libs/${NAME}`, `apps/${NAME}-validation`, `benchmarks/${NAME}`];
    const { code, output } = copy.installed('biome', ['ci', '--colors=off', ...paths]);
    assert.equal(code, 0, output);
  });

  test('lints, type-checks, tests and validates green', () => {
    const committed = read(`libs/${NAME}/napi/index.d.ts`);
    succeed('run-many', '-t', 'lint', 'typecheck', 'test', 'validate', '-p', ...PROJECTS);
    for (const [report, least] of REPORTS) {
      const { passed, failed } = JSON.parse(read(report));
      assert.ok(passed >= least && failed === 0, `${report}: ${passed} passed, ${failed} failed`);
    }
    assert.equal(
      read(`libs/${NAME}/napi/index.d.ts`),
      committed,
      'the committed types are those of the sources',
    );
  });

  test('benches', () => {
    succeed('run', `@fishplate/${NAME}-bench:bench`);
    assert.equal(JSON.parse(read(`benchmarks/results/${NAME}.json`)).track, NAME);
  });
});

/** @type {readonly [file: string, leastPassed: number][]} */
const REPORTS = [
  [`libs/${NAME}/core/reports/test.json`, 2],
  [`libs/${NAME}/ts/reports/test.json`, 10],
  [`apps/${NAME}-validation/reports/validate.json`, 6],
];

test('a crate is entered in order', () => {
  const text = '[workspace.dependencies]\nfishplate-diff = {}\nnapi = "1"\n\n[profile.release]\n';
  const [, , added] = addCrate(text, 'storage', '1.0.0').split('\n');
  assert.equal(added, 'fishplate-storage = { path = "libs/storage/core", version = "1.0.0" }');
});
