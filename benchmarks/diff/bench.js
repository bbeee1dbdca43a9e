'use strict';

/**
 * The bars of the diff track, against npm diff, fast-myers-diff, diff-match-patch, imara-diff, similar and git, in one run.
 *
 *     npx nx bench @fishplate/diff-bench
 */

const { execFileSync } = require('node:child_process');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const { compare, compareAsync, loadRivals, table, writeResults } = require('@fishplate/bench-harness');
const ours = require('@fishplate/diff');
const { applyEdits, applyPatch, applyUnifiedDiff, createTwoFilesPatch, merge3, unifiedDiff } = ours;
const { compareDeclarations } = require('@fishplate/diff/syntax');
const DiffMatchPatch = require('diff-match-patch');
const fastMyers = require('fast-myers-diff');
const npm = require('diff');
const ts = require('typescript');

const { gitDiff, gitMergeFile } = require('./git');
const { largePair, linePair, pairs, smallPair } = require('./inputs');

const ENGINE = { engine: 'native' };
const { Pair } = loadRivals('fishplate-diff-rivals');

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

/** `similar` takes seconds on these. */
const BEYOND_SIMILAR = new Set(['50% edits', 'block move', 'unrelated', 'CRLF against LF']);

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
    const [own, ...rivals] = compare(contenders);
    rows.push(
      row(
        `10,000 lines, ${name} (${algorithm})`,
        'ms',
        own,
        rivals,
        bar(`<= ${BARS_MS[name]} ms`, own.medianMs <= BARS_MS[name]),
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
    const [own, rival] = compare([
      { name: 'createTwoFilesPatch', run: () => createTwoFilesPatch('a', 'b', old, new_, '', '', ENGINE) },
      { name: 'npm diff', run: () => npm.createTwoFilesPatch('a', 'b', old, new_, '', '') },
    ]);
    return row(
      `drop-in, 10,000 lines, ${name}`,
      'ms',
      own,
      [rival],
      bar('>= 8x npm diff', rival.medianMs / own.medianMs >= 8),
    );
  });
}

function againstImara() {
  return Object.entries(pairs(10_000)).map(([name, [old, new_]]) => {
    const pair = new Pair(old, new_);
    const { changed, algorithm } = pair.fishplate('auto');
    const other = pair.imara('histogram').changed;
    const [own, histogram, myers, similar] = compare([
      { name: 'fishplate-diff', run: () => pair.fishplate('auto') },
      { name: `imara-diff histogram (${other} lines)`, run: () => pair.imara('histogram') },
      { name: `imara-diff myers (${pair.imara('myers').changed} lines)`, run: () => pair.imara('myers') },
      ...(BEYOND_SIMILAR.has(name) ? [] : [{ name: 'similar', run: () => pair.similar() }]),
    ]);
    const ratio = own.medianMs / Math.min(histogram.medianMs, myers.medianMs);
    return row(
      `in Rust, 10,000 lines, ${name} (${algorithm}, ${changed} lines)`,
      'ms',
      own,
      similar === undefined ? [histogram, myers] : [histogram, myers, similar],
      bar('<= 1.2x imara-diff', ratio <= 1.2),
    );
  });
}

function small() {
  const [old, new_] = smallPair();
  verify('200 lines', old, new_);
  const [own, unified, rival] = compare([
    { name: 'createTwoFilesPatch', run: () => createTwoFilesPatch('a', 'b', old, new_, '', '', ENGINE) },
    { name: 'our unifiedDiff', run: () => unifiedDiff(old, new_, ENGINE) },
    { name: 'npm diff', run: () => npm.createTwoFilesPatch('a', 'b', old, new_, '', '') },
  ]);
  return [
    row(
      'drop-in, 200 lines, 5 edits',
      'ms',
      own,
      [unified, rival],
      bar('>= 15x npm diff', rival.medianMs / own.medianMs >= 15),
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
    const [own, git] = compare(
      [
        { name: 'unifiedDiff', run: () => unifiedDiff(old, new_, ENGINE) },
        { name: 'git diff (spawned)', run: gitDiff(old, new_) },
      ],
      { rounds: 15 },
    );
    return row(
      `${lines.toLocaleString('en')} lines, 1% edits (${algorithm})`,
      'ms',
      own,
      [git],
      bar(`<= ${limit} ms`, own.medianMs <= limit),
    );
  });
}

/** The other functions of npm diff, on texts that each of them takes in well under a second. */
function comparing() {
  const lines = pairs(10_000);
  const dmp = new DiffMatchPatch();
  dmp.Diff_Timeout = 0;
  const texts = {
    diffLines: [lines['10% edits'], 'lines'],
    diffWords: [linePair(2_000), 'words'],
    diffWordsWithSpace: [linePair(2_000), 'words and white space'],
    diffChars: [linePair(300), 'characters'],
    diffSentences: [linePair(2_000), 'sentences'],
    diffJson: [linePair(2_000).map((text) => text.split('\n')), 'JSON'],
  };
  return Object.entries(texts).map(([name, [[old, new_], what]]) => {
    const changes = ours[name](old, new_, ENGINE);
    if (JSON.stringify(changes) !== JSON.stringify(npm[name](old, new_))) {
      throw new Error(`${name} differs from npm diff`);
    }
    const contenders = [
      { name, run: () => ours[name](old, new_, ENGINE) },
      { name: 'npm diff', run: () => npm[name](old, new_) },
    ];
    if (name === 'diffChars') {
      contenders.push(
        { name: 'fast-myers-diff', run: () => [...fastMyers.diff(old, new_)].length },
        { name: 'diff-match-patch', run: () => dmp.diff_main(old, new_, false) },
      );
    }
    const [own, ...rivals] = compare(contenders);
    const count = Array.isArray(old) ? old.length : old.split('\n').length - 1;
    return row(`${name}, ${count.toLocaleString('en')} lines by ${what}`, 'ms', own, rivals);
  });
}

/** A patch back onto its text, an edit, and a merge. */
function applying() {
  const [old, new_] = pairs(10_000)['1% edits'];
  const { patch } = unifiedDiff(old, new_, ENGINE);
  const drifted = `first\n${old}`;
  const fits = (source) => {
    const rivals = [{ name: 'npm diff applyPatch', run: () => npm.applyPatch(source, patch) }];
    const own = [
      { name: 'applyUnifiedDiff', run: () => applyUnifiedDiff(source, patch, ENGINE) },
      { name: 'our applyPatch', run: () => applyPatch(source, patch, ENGINE) },
    ];
    if (own[0].run().text !== rivals[0].run()) throw new Error('the patched texts differ');
    const [first, ...others] = compare([...own, ...rivals]);
    return [first, others];
  };
  const search = old.split('\n').slice(5_000, 5_006).join('\n');
  const spaced = old.replaceAll('  ', '\t');
  const edits = [{ search, replace: 'replaced();' }];
  if (!applyEdits(spaced, edits, ENGINE).ok) throw new Error('the edit does not reach');
  const [edit, reach] = compare([
    { name: 'applyEdits', run: () => applyEdits(old, edits, ENGINE) },
    { name: 'the same over tabs for blanks', run: () => applyEdits(spaced, edits, ENGINE) },
  ]);
  const theirs = pairs(10_000)['1% edits'][1].replaceAll('// changed', '// theirs');
  const [merge, git] = compare(
    [
      { name: 'merge3', run: () => merge3(old, new_, theirs, ENGINE) },
      { name: 'git merge-file (spawned)', run: gitMergeFile(old, new_, theirs) },
    ],
    { rounds: 15 },
  );
  return [
    row('apply, 10,000 lines, 1% edits', 'ms', ...fits(old)),
    row('apply, the same one line lower', 'ms', ...fits(drifted)),
    row('one edit of six lines in 10,000', 'ms', edit, [reach]),
    row('merge, 10,000 lines, 1% edits on both sides', 'ms', merge, [git]),
  ];
}

/** Declarations of two texts of 2.3 MB each; the rival parses them, and compares nothing. */
async function declarations() {
  const old = readFileSync(join(require.resolve('typescript'), '../lib.dom.d.ts'), 'utf8');
  const new_ = old.replaceAll('boolean;', 'boolean | null;');
  const parse = (text) => ts.createSourceFile('lib.dom.d.ts', text, ts.ScriptTarget.Latest);
  const [own, compiler] = await compareAsync([
    { name: 'compareDeclarations', run: () => compareDeclarations(old, new_, { language: 'typescript' }) },
    { name: 'TypeScript compiler, parsing alone', run: () => Promise.resolve([old, new_].map(parse)) },
  ]);
  const megabytes = (old.length / 1e6).toFixed(1);
  return [
    row(`declarations of 2 x ${megabytes} MB of TypeScript compared, off the event loop`, 'ms', own, [
      compiler,
    ]),
  ];
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
  const own = median([1, 2, 3, 4, 5].map(() => peak('fishplate')));
  const theirs = median([1, 2, 3, 4, 5].map(() => peak('npm')));
  return [
    {
      measure: 'peak memory of one drop-in call, 10,000 lines, 1% edits',
      unit: 'MiB',
      ours: own,
      rivals: [{ name: 'npm diff', value: theirs }],
      bar: bar('<= 50% of npm diff', own <= theirs / 2),
    },
  ];
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function row(measure, unit, own, rivals, verdict) {
  return {
    measure,
    unit,
    ours: own.medianMs,
    spread: own.spreadMs,
    rivals: rivals.map(({ name, medianMs }) => ({ name, value: medianMs })),
    bar: verdict,
  };
}

async function main() {
  const rows = [
    ...tenThousandLines(),
    ...dropIn(),
    ...againstImara(),
    ...small(),
    ...comparing(),
    ...applying(),
    ...large(),
    ...(await declarations()),
    ...memory(),
  ];
  process.stdout.write(`${table(rows)}\n`);
  writeResults('diff', 'npx nx bench @fishplate/diff-bench', rows);
}

void main();
