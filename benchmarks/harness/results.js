'use strict';

const { execFileSync } = require('node:child_process');
const { mkdirSync, writeFileSync } = require('node:fs');
const os = require('node:os');
const { join } = require('node:path');

const { movedSince } = require('./moved');
const { writePage } = require('./page');

const FOLDER = join(__dirname, '..', 'results');

/** The machine that a figure was taken on; names no host. */
function machine() {
  const [cpu] = os.cpus();
  return {
    platform: `${process.platform}-${process.arch}`,
    cpu: cpu?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    node: process.version,
    load: os.loadavg()[0],
  };
}

/** @typedef {import('./index').Row} Row */

/**
 * Keeps the rows of a run in benchmarks/results/<track>.json, tells what moved since the last one, and writes docs/benchmarks.md and .html anew.
 *
 * @param {string} track
 * @param {string} command what a reader runs to get these figures
 * @param {Row[]} rows
 */
function writeResults(track, command, rows) {
  mkdirSync(FOLDER, { recursive: true });
  const result = { track, command, date: new Date().toISOString().slice(0, 10), machine: machine(), rows };
  const file = join(FOLDER, `${track}.json`);
  for (const line of movedSince(file, rows)) process.stdout.write(`${line}\n`);
  writeFileSync(file, `${JSON.stringify(result, round, 2)}\n`);
  writePage();
  execFileSync(process.execPath, [join(__dirname, 'report.mjs')]);
  return file;
}

/** Three significant digits: more would claim a precision that a shared machine has not. */
function round(_key, value) {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(3)) : value;
}

/** The rows as a table for a terminal. */
function table(rows) {
  const lines = [['measure', 'ours', 'rivals', 'bar', '']];
  for (const { measure, unit, ours, rivals, bar } of rows) {
    const others = rivals
      .map(({ name, value }) => `${name} ${figure(value)} (${figure(value / ours)}x)`)
      .join(', ');
    const verdict = bar === undefined ? '' : bar.met ? 'met' : 'MISSED';
    lines.push([measure, `${figure(ours)} ${unit}`, others, bar?.text ?? '', verdict]);
  }
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function figure(value) {
  return String(Number(value.toPrecision(3)));
}

module.exports = { machine, table, writeResults };
