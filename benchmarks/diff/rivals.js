'use strict';

const { execFileSync } = require('node:child_process');
const { join } = require('node:path');

const ROOT = join(__dirname, '..', '..');

/** Builds the bench addon, where Cargo finds it out of date, and loads it. */
function loadRivals() {
  const output = execFileSync(
    'cargo',
    ['build', '--release', '--quiet', '--package', 'fishplate-diff-rivals', '--message-format', 'json'],
    { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const artifact = output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .find(({ reason, target }) => reason === 'compiler-artifact' && target.kind.includes('cdylib'));
  const addon = { exports: {} };
  process.dlopen(addon, artifact.filenames[0]);
  return addon.exports;
}

module.exports = { loadRivals };
