'use strict';

/**
 * How long a confined `true` takes from start to end, from a small host and from one of a gibibyte, beside bubblewrap and
 * Node's own spawn, in turn in one run; and beside posix_spawn, which Node has not: a host in Rust of the same size measures that
 * right after, where it is built (cargo build --release -p fishplate-sandbox --example startup).
 *
 *     npx nx bench @fishplate/sandbox-bench
 */

const { spawn, spawnSync } = require('node:child_process');
const { existsSync, mkdtempSync, realpathSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const { table, writeResults } = require('@fishplate/bench-harness');
const { createSandbox } = require('@fishplate/sandbox');

const ROUNDS = 200;
const WARM_UP = 10;

/** Resident memory of a host with long conversations and a language server in it. */
const GIBIBYTE = 1 << 30;

const HAS_BUBBLEWRAP = spawnSync('bwrap', ['--version']).status === 0;

function spawned(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'ignore' });
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${command}: exit code ${code}`)),
    );
  });
}

function bubblewrap(workspace) {
  const view = ['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--tmpfs', '/tmp'];
  return spawned('bwrap', [
    '--unshare-all',
    '--die-with-parent',
    ...view,
    '--bind',
    workspace,
    workspace,
    'true',
  ]);
}

const ROOT = join(__dirname, '..', '..');
const EXAMPLE = join(ROOT, 'target/release/examples/startup');

/** P50 and P99 of posix_spawn, from a host that holds so many MiB; null where nothing measures it. */
function posixSpawn(workspace, mebibytes) {
  if (!existsSync(EXAMPLE)) return null;
  const helper = join(ROOT, 'libs/sandbox/napi/fishplate-sandbox-helper');
  const { stdout } = spawnSync(EXAMPLE, [helper, workspace, String(ROUNDS), String(mebibytes)], {
    encoding: 'utf8',
  });
  const found = /^posix_spawn, unconfined +p50 (\S+) +p99 (\S+)/m.exec(stdout ?? '');
  return found === null ? null : found.slice(1).map(Number);
}

function percentile(times, share) {
  const sorted = [...times].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

/** All ways in turn, so that a busy moment meets each alike. */
async function inTurn(ways) {
  const times = new Map(ways.map(([name]) => [name, []]));
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    for (const [name, run] of ways) {
      const started = performance.now();
      await run();
      if (round >= 0) times.get(name).push(performance.now() - started);
    }
  }
  return times;
}

async function rowsOf(host, mebibytes, sandbox, workspace) {
  const ways = [
    ['sandbox', () => sandbox.execute('true')],
    ['spawn of Node', () => spawned('true', [])],
    ...(HAS_BUBBLEWRAP ? [['bubblewrap', () => bubblewrap(workspace)]] : []),
  ];
  const times = await inTurn(ways);
  const posix = posixSpawn(workspace, mebibytes);
  const rival = (share) => [
    ...ways.slice(1).map(([name]) => ({ name, value: percentile(times.get(name), share) })),
    ...(posix === null ? [] : [{ name: 'posix_spawn (host in Rust)', value: posix[share === 0.5 ? 0 : 1] }]),
  ];
  const [p50, p99] = [0.5, 0.99].map((share) => percentile(times.get('sandbox'), share));
  const rows = [
    {
      measure: `true, confined, from a host of ${host}: P50`,
      ours: p50,
      share: 0.5,
      text: '< 5 ms',
      met: p50 < 5,
    },
    {
      measure: `true, confined, from a host of ${host}: P99`,
      ours: p99,
      share: 0.99,
      text: '< 10 ms',
      met: p99 < 10,
    },
  ];
  if (HAS_BUBBLEWRAP) {
    const ratio = p50 / percentile(times.get('bubblewrap'), 0.5);
    rows.push({
      measure: `the same, P50 as a share of bubblewrap's`,
      ours: ratio,
      unit: 'x',
      text: '<= 0.6',
      met: ratio <= 0.6,
    });
  }
  return rows.map(({ measure, ours, share, text, met, unit = 'ms' }) => ({
    measure,
    unit,
    ours,
    rivals: share === undefined ? [] : rival(share),
    bar: { text, met },
  }));
}

async function main() {
  if (!HAS_BUBBLEWRAP) process.stdout.write('skipped bubblewrap: bwrap is not installed\n');
  if (!existsSync(EXAMPLE)) process.stdout.write('skipped posix_spawn: its host in Rust is not built\n');
  const workspace = realpathSync(mkdtempSync(join(tmpdir(), 'fishplate-bench-')));
  const sandbox = await createSandbox({ workspace, policy: { require: 'full' } });
  try {
    const small = await rowsOf('80 MB', 80, sandbox, workspace);
    const ballast = Buffer.alloc(GIBIBYTE, 1);
    const large = await rowsOf('1 GiB', 1024, sandbox, workspace);
    if (ballast[GIBIBYTE - 1] !== 1) throw new Error('the memory was not resident');
    const rows = [...small, ...large];
    process.stdout.write(`${table(rows)}\n`);
    writeResults('sandbox', 'npx nx bench @fishplate/sandbox-bench', rows);
  } finally {
    await sandbox.close();
    rmSync(workspace, { recursive: true, force: true });
  }
}

void main();
