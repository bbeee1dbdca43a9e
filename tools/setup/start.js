'use strict';

// npm start: sets up what is missing, builds what `fishplate` needs, and runs it (the demo unless told otherwise).

const { existsSync } = require('node:fs');
const { join } = require('node:path');

const { explain, missingPrerequisites } = require('./prerequisites');
const { installIfNeeded } = require('./install');
const { isBuilt, markBuilt } = require('./freshness');
const { ROOT, run, runInstalled } = require('./workspace');

const COMMAND = join(ROOT, 'apps', 'runtime', 'dist', 'cli', 'main.js');

/**
 * @param {readonly string[]} args of `fishplate`
 * @returns {number} exit code
 */
function start(args) {
  const { required, native } = missingPrerequisites();
  if (required.length > 0) {
    process.stderr.write(`Fishplate can't start.\n${explain(required)}\n`);
    return 1;
  }
  const withNative = native.length === 0;
  if (!withNative) {
    const names = native.map(({ what }) => what).join(' and ');
    process.stderr.write(`Running on the JavaScript fallbacks: ${names} missing.\n${explain(native)}\n`);
  }
  installIfNeeded();
  if (!existsSync(COMMAND) || !isBuilt(withNative)) {
    const code = build(withNative);
    if (code !== 0) return code;
    markBuilt(withNative);
  }
  // Where the person stands, so that `--workspace .` means what it says.
  return run(process.execPath, [COMMAND, ...args], { cwd: process.env['INIT_CWD'] ?? process.cwd() });
}

/**
 * @param {boolean} withNative
 * @returns {number} exit code
 */
function build(withNative) {
  process.stderr.write('Building (the first time takes a minute or two) ...\n');
  const projects = withNative ? 'fishplate,tag:kind:napi' : 'fishplate';
  return runInstalled('nx', [
    'run-many',
    '-t',
    'build',
    '-p',
    projects,
    '--parallel',
    '2',
    '--output-style',
    'stream',
  ]);
}

const args = process.argv.slice(2);
process.exitCode = start(args.length === 0 ? ['demo'] : args);
