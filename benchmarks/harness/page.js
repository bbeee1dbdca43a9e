'use strict';

const { readdirSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const RESULTS = join(__dirname, '..', 'results');
const PAGE = join(__dirname, '..', '..', 'docs', 'benchmarks.md');

const INTRODUCTION = `# Benchmarks

Written by the benchmarks themselves, from \`benchmarks/results/\`; do not edit. Each row is one run, in which ours and its
rivals took turns on the same input: trust the ratios more than the times. Times are medians without outliers.
`;

/** Writes docs/benchmarks.md anew from the last results of every track. */
function writePage() {
  const tracks = readdirSync(RESULTS)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(RESULTS, name), 'utf8')));
  writeFileSync(PAGE, INTRODUCTION + tracks.map(section).join(''));
}

function section({ track, command, date, machine, rows }) {
  const { platform, cpu, cores, memoryGiB, node, load } = machine;
  const taken = `\`${command}\`, ${date}: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${platform}, Node ${node}, load ${load} at the end.`;
  const lines = rows.map(({ measure, unit, ours, rivals, bar }) => {
    const others = rivals.map(({ name, value }) => `${name} ${value} (${ratio(value, ours)}x)`).join('<br>');
    const verdict = bar === undefined ? '' : bar.met ? 'met' : '**missed**';
    return `| ${measure} | ${ours} ${unit} | ${others} | ${bar?.text ?? ''} | ${verdict} |`;
  });
  return `\n## ${track}\n\n${taken}\n\n| measure | ours | rivals | bar | |\n| --- | --- | --- | --- | --- |\n${lines.join('\n')}\n`;
}

function ratio(value, ours) {
  return ours === 0 ? 'over 100' : String(Number((value / ours).toPrecision(3)));
}

module.exports = { writePage };
