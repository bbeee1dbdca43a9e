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

/** A function that merges the texts by a new git process. */
function gitMergeFile(base, ours, theirs) {
  const folder = mkdtempSync(join(tmpdir(), 'fishplate-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const texts = { ours, base, theirs };
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text);
  const args = ['merge-file', '-p', ...Object.keys(texts)];
  return () => spawnSync('git', args, { cwd: folder, maxBuffer: 1 << 28 }).stdout.length;
}

module.exports = { gitDiff, gitMergeFile };
