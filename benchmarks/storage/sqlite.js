'use strict';

/**
 * better-sqlite3, installed on first use: where no binary can be had it is compiled, for a minute or two, which nobody should
 * wait for who does not run this benchmark.
 */

const { execFileSync } = require('node:child_process');
const { existsSync } = require('node:fs');
const { createRequire } = require('node:module');
const { join } = require('node:path');

const FOLDER = join(__dirname, 'rivals');

if (!existsSync(join(FOLDER, 'node_modules', 'better-sqlite3', 'build'))) {
  process.stdout.write('Installing better-sqlite3 for this benchmark ...\n');
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--workspaces=false'], {
    cwd: FOLDER,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
}

module.exports = createRequire(join(FOLDER, 'package.json'))('better-sqlite3');
