'use strict';

/**
 * Extraction of 5,000 real sources against universal-ctags, in one run.
 *
 *     node benchmarks/symbols/ctags.js
 */

const { execFile, spawnSync } = require('node:child_process');
const { copyFileSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, statSync, writeFileSync } =
  require('node:fs');
const { homedir, tmpdir } = require('node:os');
const { extname, join } = require('node:path');

const { compareAsync, seeded, table } = require('@fishplate/bench-harness');
const { indexWorkspace } = require('@fishplate/symbols');

const FILES = 5000;
const MAX_BYTES = 1 << 20;
const ENDINGS = new Set('.ts .mts .tsx .js .mjs .cjs .py .rs .go .java .c .h .cc .cpp .hpp .rb'.split(' '));

/** Sources of the packages and crates that this workspace is built from, and of Python where it is installed. */
function sources() {
  const roots = [
    join(__dirname, '../../node_modules'),
    join(process.env.CARGO_HOME ?? join(homedir(), '.cargo'), 'registry/src'),
    '/usr/lib/python3',
    '/usr/lib/python3.13',
    '/usr/lib/python3.12',
    '/usr/lib/python3.11',
  ];
  const found = [];
  const visit = (/** @type {string} */ folder) => {
    let entries;
    try {
      entries = readdirSync(folder, { withFileTypes: true });
    } catch {
      return;
    }
    for (const entry of entries) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile() && ENDINGS.has(extname(entry.name)) && statSync(path).size < MAX_BYTES)
        found.push(path);
    }
  };
  roots.forEach(visit);
  return found.sort();
}

/** @param {string} root */
function copySources(root) {
  const all = sources();
  const random = seeded(11);
  for (let at = all.length - 1; at > 0; at--) {
    const other = random(at + 1);
    [all[at], all[other]] = [all[other], all[at]];
  }
  let bytes = 0;
  const paths = all.slice(0, FILES).map((source, at) => {
    const path = `d${at % 100}/f${at}${extname(source)}`;
    mkdirSync(join(root, `d${at % 100}`), { recursive: true });
    copyFileSync(source, join(root, path));
    bytes += statSync(source).size;
    return path;
  });
  return { paths, bytes };
}

/** The row of the benchmark; empty with a line that says so where ctags is not installed. */
async function extraction() {
  const probe = spawnSync('ctags', ['--version'], { encoding: 'utf8' });
  if (probe.status !== 0 || !probe.stdout.startsWith('Universal Ctags')) {
    process.stdout.write('skipped extraction: universal-ctags is not installed\n');
    return [];
  }
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fishplate-bench-')));
  try {
    const root = join(folder, 'sources');
    const { paths, bytes } = copySources(root);
    const list = join(folder, 'list');
    writeFileSync(list, paths.join('\n'));
    const ctags = () =>
      new Promise((resolve, reject) => {
        // The fields that an index has too: ends, kinds, scopes, signatures.
        const args = ['--fields=+neKSs', '--quiet=yes', '-f', join(folder, 'tags'), '-L', list];
        execFile('ctags', args, { cwd: root, maxBuffer: 1 << 28 }, (error) =>
          error ? reject(error) : resolve(undefined),
        );
      });
    let report;
    const ours = async () => {
      const index = await indexWorkspace(root, {
        engine: 'native',
        files: paths,
        onReport: (it) => (report = it),
      });
      index.close();
    };
    const contenders = [
      { name: 'indexWorkspace', run: ours },
      { name: 'universal-ctags', run: ctags },
    ];
    const [own, other] = await compareAsync(contenders, { rounds: 3 });
    if (report.files < 0.99 * paths.length) throw new Error(`only ${report.files} files were read`);
    const megabytes = (bytes / 1e6).toFixed(0);
    return [
      {
        measure: `${paths.length.toLocaleString('en')} files of ${megabytes} MB indexed, with references`,
        unit: 'ms',
        ours: own.medianMs,
        rivals: [{ name: 'universal-ctags', value: other.medianMs }],
        bar: { text: 'faster than universal-ctags', met: own.medianMs < other.medianMs },
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

module.exports = { extraction };

if (require.main === module) void extraction().then((rows) => process.stdout.write(`${table(rows)}\n`));
