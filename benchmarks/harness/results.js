'use strict';

const { mkdirSync, writeFileSync } = require('node:fs');
const os = require('node:os');
const { join } = require('node:path');

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

/**
 * One measured bar.
 *
 * @typedef {object} Row
 * @property {string} measure what was measured, with its input
 * @property {string} unit
 * @property {number} ours
 * @property {{ name: string, value: number }[]} rivals
 * @property {{ text: string, met: boolean } | undefined} bar the target as written, and whether this run met it
 */

/**
 * Keeps the rows of a run in benchmarks/results/<track>.json, and writes docs/benchmarks.md anew.
 *
 * @param {string} track
 * @param {string} command what a reader runs to get these figures
 * @param {Row[]} rows
 */
function writeResults(track, command, rows) {
  mkdirSync(FOLDER, { recursive: true });
  const result = { track, command, date: new Date().toISOString().slice(0, 10), machine: machine(), rows };
  const file = join(FOLDER, `${track}.json`);
  writeFileSync(file, `${JSON.stringify(result, round, 2)}\n`);
  writePage();
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
