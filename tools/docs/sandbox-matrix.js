'use strict';

/**
 * Writes docs/readiness/sandbox-matrix.md from the policy matrix of the built library.
 *
 *     node tools/docs/sandbox-matrix.js
 */

const { mkdirSync, writeFileSync } = require('node:fs');
const { dirname, join } = require('node:path');

const ROOT = join(__dirname, '..', '..');
const FILE = join(ROOT, 'docs', 'readiness', 'sandbox-matrix.md');

const { renderMatrix } = require(join(ROOT, 'libs/sandbox/ts'));

mkdirSync(dirname(FILE), { recursive: true });
writeFileSync(FILE, renderMatrix());
