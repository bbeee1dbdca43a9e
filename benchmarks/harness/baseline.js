'use strict';

// npm run baseline: runs every benchmark, and writes what the JavaScript of before took beside what is in its place now.
// With --recorded it takes the results of the last runs as they are.

const { mkdirSync, readdirSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const { installIfNeeded } = require('../../tools/setup/install');
const { runInstalled } = require('../../tools/setup/workspace');

/** @typedef {import('./index').Row} Row */
/** @typedef {{ track: string, command: string, date: string, machine: Record<string, string | number>, rows: Row[] }} Result */

const ROOT = join(__dirname, '..', '..');
const RESULTS = join(ROOT, 'benchmarks', 'results');
const FOLDER = join(ROOT, 'docs', 'roadmap', 'phase-6-rust-native', 'progress');

/** What a program in TypeScript takes without us: by the names that the benchmarks give their rivals, the first that a row has. */
const BEFORE = [
  /^npm diff/,
  /^npm ignore/,
  /^globby/,
  /^JSON\.(?:parse|stringify)/,
  /^safe-stable-stringify$/,
  /^partial-json/,
  /^jsonrepair$/,
  /^spawn of Node$/,
  /^@msgpack\/msgpack/,
  /^msgpackr/,
  /^fs\.appendFileSync/,
  /^better-sqlite3/,
  /gpt-tokenizer$/,
  /^a scan of a Map/,
  /^minisearch/,
  /^JS loop/,
];

/** @param {Row} row */
function before(row) {
  for (const name of BEFORE) {
    const rival = row.rivals.find((candidate) => name.test(candidate.name));
    if (rival !== undefined) return rival;
  }
  return undefined;
}

/** @param {Result[]} results */
function pageOf(results) {
  const newest =
    results
      .map(({ date }) => date)
      .sort()
      .at(-1) ?? '';
  return {
    date: newest,
    text:
      `# Baseline, ${newest}\n\n` +
      'Written by `npm run baseline`; do not edit. Before: what a program in TypeScript takes for it (the npm package or the function of Node named). After: ours, ' +
      'from TypeScript, native engine, in turns with it in one run.\n' +
      results.map(section).join(''),
  };
}

/** @param {Result} result */
function section({ track, command, date, machine, rows }) {
  const { platform, cpu, cores, memoryGiB, node, load } = machine;
  const lines = rows.flatMap((row) => {
    const rival = before(row);
    if (rival === undefined) return [];
    const { measure, unit, ours, bar } = row;
    const verdict = bar === undefined ? '' : bar.met ? ', met' : ', **missed**';
    return [
      `| ${measure} | ${rival.name}: ${figure(rival.value)} ${unit} | ${bar === undefined ? '' : bar.text + verdict} | ${figure(ours)} ${unit} | ${figure(times(unit, ours, rival.value))}x |`,
    ];
  });
  if (lines.length === 0) return '';
  return (
    `\n## ${track}\n\n\`${command}\`, ${date}: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${platform}, Node ${node}, load ${load} at the end.\n\n` +
    `| metric | before | target | after | better by |\n| --- | --- | --- | --- | --- |\n${lines.join('\n')}\n`
  );
}

/**
 * @param {string} unit
 * @param {number} ours
 * @param {number} theirs
 */
function times(unit, ours, theirs) {
  return unit.endsWith('/s') ? ours / theirs : theirs / ours;
}

/** @param {number} value */
function figure(value) {
  return String(Number(value.toPrecision(3)));
}

function main() {
  if (!process.argv.includes('--recorded')) {
    // One after the other: they are timed.
    installIfNeeded();
    const status = runInstalled('nx', [
      'run-many',
      '-t',
      'bench',
      '--parallel',
      '1',
      '--output-style',
      'stream',
    ]);
    if (status !== 0) {
      process.exitCode = status;
      return;
    }
  }
  /** @type {Result[]} */
  const results = readdirSync(RESULTS)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(RESULTS, name), 'utf8')));
  const { date, text } = pageOf(results);
  mkdirSync(FOLDER, { recursive: true });
  const file = join(FOLDER, `baseline-${date}.md`);
  writeFileSync(file, text);
  process.stdout.write(`${file}\n`);
}

if (require.main === module) main();

module.exports = { pageOf };
