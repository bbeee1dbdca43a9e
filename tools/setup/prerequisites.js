'use strict';

const { spawnSync } = require('node:child_process');
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const MINIMAL_NODE = [20, 19];

/**
 * Something that must be there before anything is installed.
 *
 * @typedef {object} Missing
 * @property {string} what
 * @property {string} why
 * @property {string} how
 *
 * @typedef {object} Prerequisites
 * @property {Missing[]} required nothing works without these
 * @property {Missing[]} native the bindings can't be built without these; the fallbacks can do without
 */

/**
 * @param {{ node?: string, has?: (command: string) => boolean, linker?: () => boolean }} [machine] the one at hand unless given
 * @returns {Prerequisites} what is missing
 */
function missingPrerequisites({ node = process.versions.node, has = onPath, linker = hasLinker } = {}) {
  const required = [];
  const native = [];
  if (!isRecent(node)) {
    required.push({
      what: `Node >= ${MINIMAL_NODE.join('.')} (this is ${node})`,
      why: 'runs everything',
      how: 'https://nodejs.org, or your version manager',
    });
  }
  if (!has('git')) {
    required.push({
      what: 'git',
      why: 'lists files, and judges patches in tests',
      how: 'https://git-scm.com/downloads',
    });
  }
  if (!has('cargo')) {
    native.push({ what: 'Rust >= 1.90 (cargo)', why: 'builds the native engines', how: 'https://rustup.rs' });
  }
  if (!linker()) {
    native.push({
      what: 'a C compiler',
      why: 'links the native engines',
      how: LINKER_HINTS[process.platform] ?? LINKER_HINT,
    });
  }
  return { required, native };
}

const LINKER_HINT = 'install gcc or clang with your package manager';
/** @type {Partial<Record<NodeJS.Platform, string>>} */
const LINKER_HINTS = {
  darwin: 'xcode-select --install',
  linux: 'Debian, Ubuntu: apt install build-essential; Fedora: dnf install gcc; Alpine: apk add build-base',
  win32: 'Visual Studio Build Tools with "Desktop development with C++"',
};

/** @param {string} version */
function isRecent(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [minimalMajor, minimalMinor] = /** @type {[number, number]} */ (MINIMAL_NODE);
  return major > minimalMajor || (major === minimalMajor && minor >= minimalMinor);
}

/** @param {string} command */
function onPath(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
}

function hasLinker() {
  if (process.platform === 'win32') {
    // The linker is not on the path; rustc finds it through the installer's own register.
    const programs = process.env['ProgramFiles(x86)'] ?? 'C:\\Program Files (x86)';
    return existsSync(join(programs, 'Microsoft Visual Studio', 'Installer', 'vswhere.exe')) || onPath('gcc');
  }
  // On macOS `cc` is always there, as a stub that fails until the command line tools are installed.
  return ['cc', 'gcc', 'clang'].some(onPath);
}

/**
 * @param {readonly Missing[]} missing
 * @returns {string} one line each
 */
function explain(missing) {
  return missing.map(({ what, why, how }) => `  missing: ${what}; it ${why}. Get it: ${how}`).join('\n');
}

module.exports = { explain, missingPrerequisites };
