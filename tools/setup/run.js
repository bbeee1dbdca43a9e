'use strict';

// Runs an installed program as npm scripts do, on any shell: node tools/setup/run.js nx run-many -t bench

const { installIfNeeded } = require('./install');
const { runInstalled } = require('./workspace');

const [name = 'nx', ...args] = process.argv.slice(2);
installIfNeeded();
process.exitCode = runInstalled(name, args);
