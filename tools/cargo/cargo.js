'use strict';

const { spawn, spawnSync } = require('node:child_process');

/** The release that lints are pinned to: another one's new lints must not break a build. */
const PINNED_RUST = '1.95';

/**
 * Runs cargo with its output on the terminal.
 *
 * @param {readonly string[]} args
 * @param {(line: string) => void} [onLine] sees each line of standard output
 * @returns {Promise<number>} exit code
 */
function cargo(args, onLine) {
  return new Promise((resolve, reject) => {
    const child = spawn('cargo', args, { stdio: ['ignore', onLine ? 'pipe' : 'inherit', 'inherit'] });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
    if (!child.stdout || !onLine) return;
    const isForPrograms = args.includes('--message-format');
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      if (!isForPrograms) process.stdout.write(text);
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(onLine);
    });
    child.stdout.on('end', () => rest && onLine(rest));
  });
}

/**
 * @param {string} component a cargo subcommand
 * @returns {boolean}
 */
function installed(component) {
  return spawnSync('cargo', [component, '--version'], { stdio: 'ignore' }).status === 0;
}

/** @returns {boolean} */
function isPinnedRust() {
  const { stdout } = spawnSync('rustc', ['--version'], { encoding: 'utf8' });
  return stdout?.startsWith(`rustc ${PINNED_RUST}.`) ?? false;
}

module.exports = { PINNED_RUST, cargo, installed, isPinnedRust };
