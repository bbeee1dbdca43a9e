'use strict';

/**
 * The bars of the gitignore track on a tree of 95,000 files, against git, ripgrep, fd, the `ignore` crate, npm `ignore`
 * with readdir, globby and fdir, in one run.
 *
 *     npx nx bench @fishplate/gitignore-bench
 */

const { execFile, execFileSync, spawnSync } = require('node:child_process');
const { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const { compareAsync, loadRivals, table, writeResults } = require('@fishplate/bench-harness');
const { listFiles, openMatcher } = require('@fishplate/gitignore');
const { fdir } = require('fdir');
const ignore = require('ignore');

const { makeTree } = require('./tree');

const ENGINE = { engine: 'native' };
const FILES = 95_000;
const GLOBBY_MS = 30_000;

/** What a program prints; its stdout is read whole. */
function run(command, args, cwd) {
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd, maxBuffer: 1 << 28 }, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
  });
}

/** The walk that JavaScript tools do: readdir, and npm `ignore` for each ignore file. */
function walkInScript(root) {
  const found = [];
  const visit = (folder, rules) => {
    const entries = readdirSync(join(root, folder), { withFileTypes: true });
    if (entries.some(({ name }) => name === '.gitignore')) {
      const text = readFileSync(join(root, folder, '.gitignore'), 'utf8');
      rules = [...rules, { base: folder.length, matcher: ignore().add(text) }];
    }
    for (const entry of entries) {
      if (entry.name === '.git') continue;
      const path = folder + entry.name + (entry.isDirectory() ? '/' : '');
      let ignored = false;
      for (const { base, matcher } of rules) {
        const answer = matcher.test(path.slice(base));
        if (answer.ignored) ignored = true;
        else if (answer.unignored) ignored = false;
      }
      if (ignored) continue;
      if (entry.isDirectory()) visit(path, rules);
      else found.push(path);
    }
  };
  visit('', []);
  return found;
}

/** Globby reads every ignore file anew for each path: it gets one try, and half a minute. */
function globby(root) {
  const script = `import { globby } from 'globby';
    await globby('**', { cwd: ${JSON.stringify(root)}, gitignore: true, dot: true });`;
  const started = performance.now();
  const { error } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: __dirname,
    timeout: GLOBBY_MS,
  });
  const name = error === undefined ? 'globby' : `globby (stopped after ${GLOBBY_MS / 1000} s)`;
  return { name, medianMs: performance.now() - started };
}

async function listing(root) {
  const rivals = loadRivals('fishplate-gitignore-rivals');
  const contenders = [
    { name: 'listFiles', run: () => listFiles(root, ENGINE) },
    { name: 'git ls-files', run: () => run('git', ['ls-files', '-co', '--exclude-standard', '-z'], root) },
    { name: 'npm ignore + readdir', run: () => Promise.resolve(walkInScript(root)) },
    { name: 'fdir, matching nothing', run: () => new fdir().withRelativePaths().crawl(root).withPromise() },
    {
      name: "the core in the rivals' addon",
      run: () => Promise.resolve(rivals.fishplate(root).toString().split('\0')),
    },
    { name: 'ignore crate', run: () => Promise.resolve(rivals.ignoreCrate(root).toString().split('\0')) },
  ];
  for (const [name, command, args] of [
    ['ripgrep', 'rg', ['--files', '--hidden', '-0']],
    ['fd', 'fdfind', ['-t', 'f', '-H', '-0']],
  ]) {
    if (spawnSync(command, ['--version']).status === 0)
      contenders.push({ name: `${name} (spawned)`, run: () => run(command, args, root) });
    else process.stdout.write(`skipped ${name}: ${command} is not installed\n`);
  }
  const git = (await contenders[1].run()).split('\0').filter(Boolean).sort();
  const ours = [...(await listFiles(root, ENGINE))].sort();
  if (ours.join('\0') !== git.join('\0')) throw new Error('the listing is not that of git');
  const [own, ...others] = await compareAsync(contenders, { rounds: 9 });
  others.splice(2, 0, globby(root));
  const timeOf = (name) => others.find((other) => other.name === name).medianMs;
  const bars = [
    ['>= 5x npm ignore + readdir', timeOf('npm ignore + readdir') / own.medianMs >= 5],
    ['>= 10x globby', others[2].medianMs / own.medianMs >= 10],
    ['<= 0.6x the time of git', own.medianMs <= 0.6 * timeOf('git ls-files')],
  ];
  const measure = `${ours.length.toLocaleString('en')} of ${FILES.toLocaleString('en')} files listed`;
  const values = others.map(({ name, medianMs }) => ({ name, value: medianMs }));
  return bars.map(([text, met], index) => ({
    measure: index === 0 ? measure : `the same, ${text}`,
    unit: 'ms',
    ours: own.medianMs,
    spread: own.spreadMs,
    rivals: index === 0 ? values : [values[[0, 2, 0][index]]],
    bar: { text, met },
  }));
}

async function matching(root) {
  const paths = await listFiles(root, ENGINE);
  const many = Array.from({ length: 500_000 }, (_, index) => paths[index % paths.length]);
  const matcher = openMatcher(root, ENGINE);
  const script = openMatcher(root, { engine: 'fallback' });
  const few = many.slice(0, 20_000);
  const [own, other] = await compareAsync([
    { name: 'matcher', run: () => Promise.resolve(matcher.ignoresAll(many)) },
    { name: 'npm ignore', run: () => Promise.resolve(script.ignoresAll(few)) },
  ]);
  const rate = many.length / own.medianMs / 1000;
  return [
    {
      measure: 'paths answered by a warm matcher in a batch, in millions a second',
      unit: 'M/s',
      ours: rate,
      rivals: [{ name: 'npm ignore', value: few.length / other.medianMs / 1000 }],
      bar: { text: '>= 1 M/s', met: rate >= 1 },
    },
  ];
}

/** The same tree with all its files tracked: the bar against git alone. */
async function tracked(root) {
  execFileSync('git', ['add', '.'], { cwd: root, stdio: 'ignore' });
  const git = ['ls-files', '-co', '--exclude-standard', '-z'];
  const found = await listFiles(root, ENGINE);
  const contenders = [
    { name: 'listFiles', run: () => listFiles(root, ENGINE) },
    { name: 'git ls-files', run: () => run('git', git, root) },
    { name: 'listFiles, deleted: false', run: () => listFiles(root, { ...ENGINE, deleted: false }) },
  ];
  const theirs = (await contenders[1].run()).split('\0').filter(Boolean).sort();
  if ([...found].sort().join('\0') !== theirs.join('\0')) throw new Error('the listing is not that of git');
  const [own, ...others] = await compareAsync(contenders, { rounds: 9 });
  return [
    {
      measure: `${found.length.toLocaleString('en')} tracked files listed, <= 0.6x the time of git`,
      unit: 'ms',
      ours: own.medianMs,
      spread: own.spreadMs,
      rivals: others.map(({ name, medianMs }) => ({ name, value: medianMs })),
      bar: { text: '<= 0.6x the time of git', met: own.medianMs <= 0.6 * others[0].medianMs },
    },
  ];
}

function memory(root) {
  const measured = execFileSync(process.execPath, ['--expose-gc', join(__dirname, 'kept.js'), root], {
    encoding: 'utf8',
  });
  const peak = execFileSync(process.execPath, [join(__dirname, 'peak.js'), root], { encoding: 'utf8' });
  return [
    {
      measure: 'memory that a listing keeps, for each byte of its paths',
      unit: 'B',
      ours: Number(measured),
      rivals: [],
      bar: { text: '<= 2', met: Number(measured) <= 2 },
    },
    {
      measure: 'peak of memory while it is made, for each byte of its paths (listFileNames)',
      unit: 'B',
      ours: Number(peak),
      rivals: [],
      bar: { text: 'none', met: true },
    },
  ];
}

async function main() {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'fishplate-bench-')));
  try {
    makeTree(root, FILES);
    execFileSync('git', ['init', '-q'], { cwd: root });
    const rows = [
      ...(await listing(root)),
      ...(await matching(root)),
      ...memory(root),
      ...(await tracked(root)),
    ];
    process.stdout.write(`${table(rows)}\n`);
    writeResults('gitignore', 'npx nx bench @fishplate/gitignore-bench', rows);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

void main();
