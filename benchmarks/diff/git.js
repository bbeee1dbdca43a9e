'use strict';

const { spawnSync } = require('node:child_process');
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

/** A function that compares the two texts by a new git process, as a Node program without a library would. */
function gitDiff(old, new_) {
  const folder = mkdtempSync(join(tmpdir(), 'fishplate-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'old'), old);
  writeFileSync(join(folder, 'new'), new_);
  const args = ['diff', '--no-index', '--no-color', 'old', 'new'];
  return () => spawnSync('git', args, { cwd: folder, maxBuffer: 1 << 28 }).stdout.length;
}

module.exports = { gitDiff };
