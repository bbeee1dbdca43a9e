'use strict';

// Prints by how many MiB one call raises the resident set of this process at its peak. Linux only: elsewhere the
// peak cannot be set back, and what the process needed to start would hide the call.

const { readFileSync, writeFileSync } = require('node:fs');

const { pairs } = require('./inputs');

const [old, new_] = pairs(10_000)['1% edits'];
const library = process.argv[2] === 'npm' ? require('diff') : require('@fishplate/diff');
// Loads the binding; the text is too small to count.
library.createTwoFilesPatch('a', 'b', 'x\n', 'y\n');
// The texts are flat strings from here on, as after any read of a file.
if (old.charCodeAt(old.length - 1) !== new_.charCodeAt(new_.length - 1))
  throw new Error('texts must end alike');

/** A field of /proc/self/status, in MiB. */
const status = (field) =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;

writeFileSync('/proc/self/clear_refs', '5');
const before = status('VmRSS');
const patch = library.createTwoFilesPatch('a', 'b', old, new_);
const peak = status('VmHWM');
if (patch.length === 0) throw new Error('no patch');
process.stdout.write(String(peak - before));
