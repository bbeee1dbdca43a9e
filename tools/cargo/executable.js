'use strict';

// Builds the executable of one crate and copies it: node tools/cargo/executable.js <crate> <folder> [--static]

const { spawnSync } = require('node:child_process');
const { chmodSync, copyFileSync, existsSync, renameSync, rmSync } = require('node:fs');
const { basename, join } = require('node:path');

const { cargo } = require('./cargo');

/** Of an executable that runs on any C library, in a sandbox that shows it none; it may not unwind, which makes it smaller. */
const STATIC = ['-C', 'target-feature=+crt-static', '-C', 'relocation-model=static', '-C', 'panic=abort'];

/**
 * @param {string} crate
 * @param {string} folder
 * @param {boolean} isStatic
 * @returns {Promise<number>} exit code
 */
async function build(crate, folder, isStatic) {
  /** @type {string | undefined} */
  let built;
  const linked = isStatic && process.platform === 'linux' ? (muslTarget() ?? 'default') : null;
  const code = await cargo(command(crate, linked), (line) => {
    built = executableOf(line, crate) ?? built;
  });
  if (code !== 0) return code;
  if (built === undefined) throw new Error(`cargo named no executable of ${crate}`);
  const copy = join(folder, basename(built));
  // One that runs cannot be overwritten, but replaced.
  const temporary = `${copy}.${process.pid}`;
  try {
    copyFileSync(built, temporary);
    chmodSync(temporary, 0o755);
    renameSync(temporary, copy);
  } finally {
    rmSync(temporary, { force: true });
  }
  return 0;
}

/**
 * The target of this processor with the C library that starts fastest: the one of GNU asks the processor about its caches first, which
 * costs a third of a millisecond in a virtual machine.
 *
 * @returns {string | null} null where it is not installed (`rustup target add` does that)
 */
function muslTarget() {
  const target = `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-unknown-linux-musl`;
  const told = spawnSync('rustc', ['--print', 'target-libdir', '--target', target], { encoding: 'utf8' });
  return told.status === 0 && existsSync(told.stdout.trim()) ? target : null;
}

/**
 * @param {string} crate
 * @param {string | null} linked the target of a static executable, or `default`; null: not static
 * @returns {string[]}
 */
function command(crate, linked) {
  const args = ['rustc', '--package', crate, '--bin', crate, '--release'];
  args.push('--message-format', 'json-render-diagnostics');
  if (linked === null) return args;
  if (linked !== 'default') args.push('--target', linked);
  // Elsewhere than what is built without these flags, which cargo would build anew each time.
  return [
    ...args,
    '--target-dir',
    join(process.env['CARGO_TARGET_DIR'] ?? 'target', 'static'),
    '--',
    ...STATIC,
  ];
}

/**
 * @param {string} line a message of cargo
 * @param {string} crate
 * @returns {string | undefined} where the executable is
 */
function executableOf(line, crate) {
  if (!line.startsWith('{')) return undefined;
  const { reason, target, executable } = JSON.parse(line);
  return reason === 'compiler-artifact' && target.name === crate && executable ? executable : undefined;
}

if (require.main === module) {
  const [crate = '', folder = '', linking] = process.argv.slice(2);
  build(crate, folder, linking === '--static').then((code) => {
    process.exitCode = code;
  });
}

module.exports = { command, executableOf };
