'use strict';

/** simsimd, usearch, hnswlib-node and sqlite-vec, installed on first use: one of them is compiled, which takes a minute or two. */

const { execFileSync } = require('node:child_process');
const { existsSync } = require('node:fs');
const { createRequire } = require('node:module');
const { join } = require('node:path');

const FOLDER = join(__dirname, 'rivals');

if (!existsSync(join(FOLDER, 'node_modules', 'hnswlib-node'))) {
  process.stdout.write('Installing the rivals of this benchmark ...\n');
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--workspaces=false'], {
    cwd: FOLDER,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
}

const load = createRequire(join(FOLDER, 'package.json'));

/** A rival, or null where it does not load here; that is told. */
function rival(name) {
  try {
    return load(name);
  } catch (error) {
    process.stdout.write(`skipped ${name}: ${String(error.message).split('\n')[0]}\n`);
    return null;
  }
}

module.exports = { rival };
