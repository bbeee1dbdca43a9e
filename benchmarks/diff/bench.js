'use strict';

/**
 * The bars of the diff track, against npm diff, fast-myers-diff, imara-diff and git, in one run.
 *
 *     npx nx bench @fishplate/diff-bench
 */

const { execFileSync } = require('node:child_process');
const { join } = require('node:path');

const { compare, table, writeResults } = require('@fishplate/bench-harness');
const { applyUnifiedDiff, createTwoFilesPatch, unifiedDiff } = require('@fishplate/diff');
const fastMyers = require('fast-myers-diff');
const npm = require('diff');

const { gitDiff } = require('./git');
const { largePair, pairs, smallPair } = require('./inputs');
const { loadRivals } = require('./rivals');

const ENGINE = { engine: 'native' };
const { Pair } = loadRivals();

/** Milliseconds that the design allows `unifiedDiff` on 10,000 lines. */
const BARS_MS = {
  '1% edits': 0.9,
  '10% edits': 3,
  '50% edits': 6,
  'block move': 3,
  unrelated: 3,
  'CRLF against LF': 3,
};

/** npm diff takes seconds to minutes on these. */
const BEYOND_NPM = new Set(['unrelated', 'CRLF against LF']);

function verify(name, old, new_) {
  const diff = unifiedDiff(old, new_, ENGINE);
  if (applyUnifiedDiff(old, diff.patch, ENGINE).text !== new_)
    throw new Error(`${name}: the patch gives another text`);
  return diff;
}

function bar(text, met) {
  return { text, met };
}

function tenThousandLines() {
  const rows = [];
  for (const [name, [old, new_]] of Object.entries(pairs(10_000))) {
    const { algorithm } = verify(name, old, new_);
    const contenders = [{ name: 'unifiedDiff', run: () => unifiedDiff(old, new_, ENGINE) }];
    if (!BEYOND_NPM.has(name))
      contenders.push({
        name: 'npm diff',
        run: () => npm.createTwoFilesPatch('a', 'b', old, new_, '', '', { context: 3 }),
      });
    const split = [old.split('\n'), new_.split('\n')];
    contenders.push({ name: 'fast-myers-diff', run: () => [...fastMyers.diff(...split)].length });
    contenders.push({ name: 'git diff (spawned)', run: gitDiff(old, new_) });
    const [ours, ...rivals] = compare(contenders);
    rows.push(
      row(
        `10,000 lines, ${name} (${algorithm})`,
        'ms',
        ours,
        rivals,
        bar(`<= ${BARS_MS[name]} ms`, ours.medianMs <= BARS_MS[name]),
      ),
    );
  }
  return rows;
}

function dropIn() {
  const inputs = pairs(10_000);
  return ['1% edits', '10% edits'].map((name) => {
    const [old, new_] = inputs[name];
    if (
      createTwoFilesPatch('a', 'b', old, new_, '', '', ENGINE) !==
      npm.createTwoFilesPatch('a', 'b', old, new_, '', '')
    ) {
      throw new Error(`${name}: the drop-in differs from npm diff`);
    }
    const [ours, rival] = compare([
      { name: 'createTwoFilesPatch', run: () => createTwoFilesPatch('a', 'b', old, new_, '', '', ENGINE) },
      { name: 'npm diff', run: () => npm.createTwoFilesPatch('a', 'b', old, new_, '', '') },
    ]);
    return row(
      `drop-in, 10,000 lines, ${name}`,
      'ms',
      ours,
      [rival],
      bar('>= 8x npm diff', rival.medianMs / ours.medianMs >= 8),
    );
  });
}

function againstImara() {
  return Object.entries(pairs(10_000)).map(([name, [old, new_]]) => {
    const pair = new Pair(old, new_);
    const { changed, algorithm } = pair.fishplate('auto');
    const other = pair.imara('histogram').changed;
    const [ours, histogram, myers] = compare([
      { name: 'fishplate-diff', run: () => pair.fishplate('auto') },
      { name: `imara-diff histogram (${other} lines)`, run: () => pair.imara('histogram') },
      { name: `imara-diff myers (${pair.imara('myers').changed} lines)`, run: () => pair.imara('myers') },
    ]);
    const ratio = ours.medianMs / Math.min(histogram.medianMs, myers.medianMs);
    return row(
      `in Rust, 10,000 lines, ${name} (${algorithm}, ${changed} lines)`,
      'ms',
      ours,
      [histogram, myers],
      bar('<= 1.2x imara-diff', ratio <= 1.2),
    );
  });
}

function small() {
  const [old, new_] = smallPair();
  verify('200 lines', old, new_);
  const [ours, own, rival] = compare([
    { name: 'createTwoFilesPatch', run: () => createTwoFilesPatch('a', 'b', old, new_, '', '', ENGINE) },
    { name: 'our unifiedDiff', run: () => unifiedDiff(old, new_, ENGINE) },
    { name: 'npm diff', run: () => npm.createTwoFilesPatch('a', 'b', old, new_, '', '') },
  ]);
  return [
    row(
      'drop-in, 200 lines, 5 edits',
      'ms',
      ours,
      [own, rival],
      bar('>= 15x npm diff', rival.medianMs / ours.medianMs >= 15),
    ),
  ];
}

function large() {
  const limits = [
    [100_000, 15],
    [1_000_000, 200],
  ];
  return limits.map(([lines, limit]) => {
    const [old, new_] = largePair(lines);
    const { algorithm } = verify(`${lines} lines`, old, new_);
    const [ours, git] = compare(
      [
        { name: 'unifiedDiff', run: () => unifiedDiff(old, new_, ENGINE) },
        { name: 'git diff (spawned)', run: gitDiff(old, new_) },
      ],
      { rounds: 15 },
    );
    return row(
      `${lines.toLocaleString('en')} lines, 1% edits (${algorithm})`,
      'ms',
      ours,
      [git],
      bar(`<= ${limit} ms`, ours.medianMs <= limit),
    );
  });
}

/** Growth of the peak resident set by one call, each in a process of its own. */
function memory() {
  if (process.platform !== 'linux') return [];
  const peak = (library) =>
    Number(
      execFileSync(process.execPath, [join(__dirname, 'peak.js'), library], {
        encoding: 'utf8',
      }),
    );
  const ours = median([1, 2, 3, 4, 5].map(() => peak('fishplate')));
  const theirs = median([1, 2, 3, 4, 5].map(() => peak('npm')));
  return [
    {
      measure: 'peak memory of one drop-in call, 10,000 lines, 1% edits',
      unit: 'MiB',
      ours,
      rivals: [{ name: 'npm diff', value: theirs }],
      bar: bar('<= 50% of npm diff', ours <= theirs / 2),
    },
  ];
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function row(measure, unit, ours, rivals, verdict) {
  return {
    measure,
    unit,
    ours: ours.medianMs,
    rivals: rivals.map(({ name, medianMs }) => ({ name, value: medianMs })),
    bar: verdict,
  };
}

const rows = [...tenThousandLines(), ...dropIn(), ...againstImara(), ...small(), ...large(), ...memory()];
process.stdout.write(`${table(rows)}\n`);
writeResults('diff', 'npx nx bench @fishplate/diff-bench', rows);
