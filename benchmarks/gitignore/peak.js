'use strict';

// Prints by how much a listing raises the peak of the process's memory, in bytes for each byte of its paths:
// node peak.js <root>

const { readFileSync } = require('node:fs');

const { listFileNames, listFiles } = require('@fishplate/gitignore');

async function main() {
  // The engine, its threads and their stacks are there before.
  await listFiles(__dirname);
  // Not resourceUsage().maxRSS: that of a parent counts in it, for it lives through exec. Linux only.
  const peak = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
  const before = peak();
  const names = await listFileNames(process.argv[2]);
  process.stdout.write(String((peak() - before) / names.length));
}

void main();
