'use strict';

const { spawnSync } = require('node:child_process');
const { join } = require('node:path');

/** The workspace that this file stands in, wherever the command was started. */
const ROOT = join(__dirname, '..', '..');

/** Nx without what has no place in a script: a server left behind, a screen of its own, a process for each plugin. */
const ENVIRONMENT = { NX_DAEMON: 'false', NX_TUI: 'false', NX_ISOLATE_PLUGINS: 'false', NX_NO_CLOUD: 'true' };

/** Nx asks its tasks for colours even where their output goes to a file. */
const COLOURS = process.stdout.isTTY || process.env['FORCE_COLOR'] !== undefined ? {} : { FORCE_COLOR: '0' };

/**
 * Runs a command on this terminal, and waits for it.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string>, shell?: boolean }} [options]
 * @returns {number} exit code; as a shell has it where a signal ended the command
 */
function run(command, args, { cwd = ROOT, env = {}, shell = false } = {}) {
  const { status, signal, error } = spawnSync(command, args, {
    cwd,
    shell,
    stdio: 'inherit',
    env: { ...process.env, ...ENVIRONMENT, ...COLOURS, ...env },
  });
  if (error) throw error;
  return status ?? (signal === 'SIGINT' ? 130 : 143);
}

/**
 * Runs an installed program of node_modules, which spares the second that npx takes to find it.
 *
 * @param {string} name for example `nx`
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string> }} [options]
 * @returns {number} exit code
 */
function runInstalled(name, args, options) {
  const program = join(ROOT, 'node_modules', '.bin', name);
  // On Windows it is a batch file, which Node starts through a shell only.
  if (process.platform === 'win32') {
    const quoted = [`${program}.cmd`, ...args].map((word) => `"${word}"`);
    return run(quoted.join(' '), [], { ...options, shell: true });
  }
  return run(program, args, options);
}

module.exports = { ROOT, run, runInstalled };
