'use strict';

const assert = require('node:assert/strict');
const { cpSync, mkdtempSync, readFileSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { after, before, describe, test } = require('node:test');

const { setVersion } = require('../version');
const { ROOT } = require('./workspace-copy');

const FILES = [
  'package.json',
  'Cargo.toml',
  ...[
    'libs/diff/ts',
    'libs/diff/napi',
    'libs/engine/ts',
    'apps/runtime',
    'benchmarks/diff',
    'tools/nx-plugin',
  ].map((folder) => `${folder}/package.json`),
];

describe('a new version', () => {
  /** @type {string} */
  let root;
  /** @type {string[]} */
  let changed;
  const text = (/** @type {string} */ file) => readFileSync(join(root, file), 'utf8');
  const json = (/** @type {string} */ file) => JSON.parse(text(file));

  before(() => {
    root = mkdtempSync(join(tmpdir(), 'fishplate-version-'));
    for (const file of FILES) cpSync(join(ROOT, file), join(root, file));
    changed = setVersion(root, '7.8.9-rc.1');
  });

  after(() => rmSync(root, { recursive: true, force: true }));

  test("is every manifest's", () => {
    assert.deepEqual(changed.sort(), [...FILES].sort());
    assert.equal(json('libs/diff/napi/package.json').version, '7.8.9-rc.1');
  });

  test('is what packages ask of each other, exactly', () => {
    assert.equal(json('libs/diff/ts/package.json').dependencies['@fishplate/diff-native'], '7.8.9-rc.1');
    assert.equal(json('benchmarks/diff/package.json').devDependencies['@fishplate/diff'], '7.8.9-rc.1');
  });

  test('leaves the packages of others alone', () => {
    assert.equal(json('libs/diff/ts/package.json').dependencies.diff, '9.0.0');
  });

  test("is the crates', and what crates ask of each other", () => {
    assert.match(text('Cargo.toml'), /\[workspace\.package\]\nversion = "7\.8\.9-rc\.1"/);
    assert.match(
      text('Cargo.toml'),
      /^fishplate-diff = \{ path = "libs\/diff\/core", version = "7\.8\.9-rc\.1" \}$/m,
    );
    assert.match(text('Cargo.toml'), /^thiserror = "=2\./m);
  });

  test('a second time changes nothing', () => {
    assert.deepEqual(setVersion(root, '7.8.9-rc.1'), []);
  });

  test('that is none is refused', () => {
    assert.throws(() => setVersion(root, 'v1'), /is no version/);
  });
});
