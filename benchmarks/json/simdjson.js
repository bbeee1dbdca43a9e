'use strict';

/**
 * npm simdjson, compiled on first use in a folder of its own: nobody should wait for that who does not run this benchmark.
 * Undefined where it cannot be compiled or does not load.
 */

const { execFileSync } = require('node:child_process');
const { existsSync } = require('node:fs');
const { createRequire } = require('node:module');
const { join } = require('node:path');

const FOLDER = join(__dirname, 'rivals');

function loadSimdjson() {
  try {
    if (!existsSync(join(FOLDER, 'node_modules', 'simdjson', 'build'))) {
      process.stdout.write('Installing simdjson for this benchmark ...\n');
      execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--workspaces=false'], {
        cwd: FOLDER,
        stdio: 'inherit',
        shell: process.platform === 'win32',
      });
    }
    return createRequire(join(FOLDER, 'package.json'))('simdjson');
  } catch (error) {
    process.stdout.write(`without simdjson: ${String(error.message).split('\n')[0]}\n`);
    return undefined;
  }
}

module.exports = { simdjson: loadSimdjson() };
