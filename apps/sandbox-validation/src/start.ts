/** How long a confined `true` takes, beside the ways that others take, in turn. */

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createSandbox } from '@fishplate/sandbox';

const BUBBLEWRAP = [
  '--unshare-all',
  '--die-with-parent',
  '--ro-bind',
  '/',
  '/',
  '--dev',
  '/dev',
  '--proc',
  '/proc',
];

/** Runs each way as often as `runs` says, one after the other; answers P50 and P99 of each in ms. */
export async function measureStart(runs: number): Promise<string> {
  const workspace = realpathSync(mkdtempSync(join(tmpdir(), 'fishplate-start-')));
  const sandbox = await createSandbox({ workspace });
  const ways: [string, () => Promise<unknown>][] = [
    ['sandbox', () => sandbox.execute('true')],
    ['spawn of node', () => spawned('true', [])],
  ];
  if (spawnSync('bwrap', ['--version']).status === 0) {
    ways.push([
      'bubblewrap',
      () => spawned('bwrap', [...BUBBLEWRAP, '--bind', workspace, workspace, 'true']),
    ]);
  }
  const times = new Map(ways.map(([name]) => [name, [] as number[]]));
  try {
    for (let run = -3; run < runs; run++) {
      for (const [name, way] of ways) {
        const started = performance.now();
        await way();
        if (run >= 0) times.get(name)!.push(performance.now() - started);
      }
    }
  } finally {
    await sandbox.close();
    rmSync(workspace, { recursive: true, force: true });
  }
  const shown = [...times].map(
    ([name, list]) => `${name} ${percentile(list, 0.5)} / ${percentile(list, 0.99)} ms`,
  );
  const missing = ways.length === 3 ? '' : '; bubblewrap is not installed';
  return `P50 / P99: ${shown.join(', ')}${missing}; ${bySpawnOfPosix(runs)}`;
}

const ROOT = join(__dirname, '..', '..', '..');
const EXAMPLE = join(ROOT, 'target/release/examples/startup');

/** `posix_spawn` is not to be had from Node: a host in Rust measures it, beside the same two. */
function bySpawnOfPosix(runs: number): string {
  if (!existsSync(EXAMPLE)) {
    return 'posix_spawn: not measured; build it by cargo build --release -p fishplate-sandbox --example startup';
  }
  const workspace = realpathSync(mkdtempSync(join(tmpdir(), 'fishplate-start-')));
  try {
    const helper = join(ROOT, 'libs/sandbox/napi/fishplate-sandbox-helper');
    const { status, stdout, stderr } = spawnSync(EXAMPLE, [helper, workspace, String(runs), '80'], {
      encoding: 'utf8',
    });
    if (status !== 0) return `posix_spawn: not measured; ${stderr.trim()}`;
    const lines = stdout.matchAll(/^(ours|posix_spawn|bwrap)\S*(?: unconfined)? +p50 (\S+) +p99 (\S+)/gm);
    return `from a host in Rust: ${[...lines].map(([, name, half, most]) => `${name} ${half} / ${most} ms`).join(', ')}`;
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
}

function percentile(list: readonly number[], share: number): string {
  const sorted = [...list].sort((left, right) => left - right);
  return (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN).toFixed(1);
}

function spawned(command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'ignore' });
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${command} ended with ${code}`)),
    );
  });
}
