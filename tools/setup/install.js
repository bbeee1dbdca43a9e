'use strict';

const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const { ROOT, run } = require('./workspace');

/**
 * @typedef {object} LockEntry
 * @property {string} [version]
 * @property {string} [resolved]
 * @property {boolean} [link]
 * @property {boolean} [optional]
 * @property {boolean} [devOptional]
 * @property {Record<string, string>} [optionalDependencies]
 *
 * @typedef {Record<string, LockEntry>} Lock entries by path, as package-lock.json has them under `packages`
 */

/** Installs the packages of package-lock.json, where node_modules does not hold just these. */
function installIfNeeded() {
  const lock = readLock(join(ROOT, 'package-lock.json'));
  const installed = readLock(join(ROOT, 'node_modules', '.package-lock.json'));
  if (lock !== undefined && installed !== undefined && matches(lock, installed)) return;
  process.stdout.write('Installing the packages of package-lock.json ...\n');
  // On Windows npm is a batch file.
  const code = run('npm', ['ci', '--no-audit', '--no-fund'], { shell: process.platform === 'win32' });
  if (code !== 0) {
    process.stderr.write('npm ci failed: see above. It needs a package registry, or a filled npm cache.\n');
    process.exit(code);
  }
}

/**
 * npm writes down what it installed: so a person's own `npm ci` counts, and no stamp of ours can be stale.
 *
 * @param {Lock} lock
 * @param {Lock} installed
 * @returns {boolean}
 */
function matches(lock, installed) {
  return Object.entries(lock).every(([path, wanted]) => {
    if (!path.includes('node_modules/')) return true;
    const found = installed[path];
    // npm leaves out what is made for other platforms.
    if (found === undefined) return wanted.optional === true || wanted.devOptional === true;
    return found.version === wanted.version && found.link === wanted.link;
  });
}

/**
 * Optional dependencies that the lock names and does not hold: npm drops those it can't get, without a word, and
 * `npm ci` then refuses the lock.
 *
 * @param {Lock} lock
 * @returns {string[]} one sentence each
 */
function missingOptionals(lock) {
  return Object.entries(lock).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !lookup(lock, path, name))
      .map((name) => `${path} names ${name}, which the lock does not hold`),
  );
}

/**
 * As Node looks a package up: in the node_modules of the one that asks, then in those above it.
 *
 * @param {Lock} lock
 * @param {string} from
 * @param {string} name
 * @returns {boolean}
 */
function lookup(lock, from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    if (lock[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`]) return true;
    if (folder === '') return false;
  }
}

/**
 * @param {string} file
 * @returns {Lock | undefined} undefined where there is none
 */
function readLock(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

module.exports = { installIfNeeded, matches, missingOptionals, readLock };
