'use strict';

const assert = require('node:assert/strict');
const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const { test } = require('node:test');

const { ROOT } = require('./workspace-copy');

test('the release builds the targets that the bindings name, and no other', () => {
  const workflow = readFileSync(join(ROOT, '.github/workflows/release.yml'), 'utf8');
  const built = [...workflow.matchAll(/\{ target: ([\w-]+),/g)].map(([, target]) => target).sort();
  for (const track of readdirSync(join(ROOT, 'libs'))) {
    const manifest = readManifest(join(ROOT, 'libs', track, 'napi', 'package.json'));
    if (manifest !== undefined) assert.deepEqual([...manifest.napi.targets].sort(), built, track);
  }
});

test('every track has an owner', () => {
  const owners = readFileSync(join(ROOT, '.github/CODEOWNERS'), 'utf8');
  for (const track of readdirSync(join(ROOT, 'libs'))) {
    assert.match(owners, new RegExp(`^/libs/${track}/ +@`, 'm'));
  }
});

/** @param {string} file */
function readManifest(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
