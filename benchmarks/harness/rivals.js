'use strict';

const { execFileSync } = require('node:child_process');
const { join } = require('node:path');

const ROOT = join(__dirname, '..', '..');

/**
 * Builds a bench addon, where Cargo finds it out of date, and loads it.
 *
 * @param {string} crate
 * @returns {any} what it exports
 */
function loadRivals(crate) {
  const output = execFileSync(
    'cargo',
    ['build', '--release', '--quiet', '--package', crate, '--message-format', 'json'],
    { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const artifact = output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    // A rival may be a library of that kind too.
    .find(
      ({ reason, target }) =>
        reason === 'compiler-artifact' &&
        target.kind.includes('cdylib') &&
        target.name === crate.replaceAll('-', '_'),
    );
  const addon = { exports: {} };
  process.dlopen(addon, artifact.filenames[0]);
  return addon.exports;
}

module.exports = { loadRivals };
