'use strict';

const { mkdirSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const { seeded } = require('@fishplate/bench-harness');

const ENDINGS = ['ts', 'js', 'md', 'log', 'o', 'json', 'txt', 'tmp'];
const FOLDERS = ['src', 'lib', 'build', 'cache', 'test', 'pkg', 'mod', 'util'];

/**
 * Makes a tree as of a large repository: nested directories, an ignore file in every sixth.
 *
 * @param {string} root
 * @param {number} wanted files, at least
 */
function makeTree(root, wanted) {
  const random = seeded(7);
  let files = 0;
  const fill = (/** @type {string} */ folder, /** @type {number} */ depth) => {
    mkdirSync(folder, { recursive: true });
    const count = 10 + random(16);
    for (let index = 0; index < count; index++) {
      writeFileSync(join(folder, `file${random(1000)}_${index}.${ENDINGS[random(ENDINGS.length)]}`), '');
    }
    files += count;
    if (random(6) === 0) {
      const ending = ['o', 'tmp', 'bak'][random(3)];
      writeFileSync(
        join(folder, '.gitignore'),
        `*.log\n!keep.log\n/build/\n*.${ending}\n**/cache/\nfile1*.txt\n`,
      );
    }
    if (depth === 7) return;
    const folders = depth < 2 ? 8 : 2 + random(3);
    for (let index = 0; index < folders && files < wanted; index++) {
      fill(join(folder, `${FOLDERS[random(FOLDERS.length)]}${index}`), depth + 1);
    }
  };
  fill(root, 0);
  writeFileSync(join(root, '.gitignore'), 'node_modules/\n*.log\ndist\n.env\n');
  fill(join(root, 'node_modules'), 3);
}

module.exports = { makeTree };
