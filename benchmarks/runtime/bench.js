'use strict';

/**
 * The bars of the runtime: cold starts beside that of Node alone, and a call beside the library call that it makes.
 *
 *     npx nx bench @fishplate/runtime-bench
 */

const { spawn } = require('node:child_process');
const { mkdtempSync, realpathSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { dirname, join } = require('node:path');

const { table, writeResults } = require('@fishplate/bench-harness');

const COMMAND = join(dirname(require.resolve('fishplate/package.json')), 'dist', 'cli', 'main.js');
const STARTS = 15;
/** Certificates that a machine adds for Node cost each start some 100 ms, whatever it starts. */
const ENV = { ...process.env, NODE_EXTRA_CA_CERTS: '' };
const CALLS = 2000;

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'bench', version: '1' } },
};

async function main() {
  const workspace = realpathSync(mkdtempSync(join(tmpdir(), 'fishplate-bench-')));
  writeFileSync(join(workspace, 'a.txt'), 'a line of text\n'.repeat(100));
  try {
    const rows = [...(await starts(workspace)), ...(await calls(workspace))];
    process.stdout.write(`${table(rows)}\n`);
    writeResults('runtime', 'npx nx bench @fishplate/runtime-bench', rows);
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
}

/** Starts in turns, so that all of them meet the same load. */
async function starts(workspace) {
  const contenders = {
    node: () => toEnd(['-e', '0']),
    version: () => toEnd([COMMAND, '--version']),
    doctor: () => toEnd([COMMAND, 'doctor', '--json', '-w', workspace]),
    mcp: () => toFirstAnswer([COMMAND, 'mcp', '-w', workspace]),
  };
  const times = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  for (let round = 0; round <= STARTS; round += 1) {
    for (const [name, run] of Object.entries(contenders)) {
      const ms = await run();
      // The first round fills the caches of the disk.
      if (round > 0) times[name].push(ms);
    }
  }
  const rivals = [{ name: 'node -e 0', value: quantile(times.node, 0.5) }];
  const row = (measure, name, most) => ({
    measure,
    unit: 'ms',
    ours: quantile(times[name], 0.5),
    spread: [quantile(times[name], 0.25), quantile(times[name], 0.75)],
    rivals,
    bar: { text: `<= ${most} ms`, met: quantile(times[name], 0.5) <= most },
  });
  return [
    row('cold start of `fishplate --version`', 'version', 150),
    row('cold start of `fishplate doctor`, with its attempts to get out', 'doctor', 150),
    row('`fishplate mcp` to its first answer', 'mcp', 400),
  ];
}

/** A call is recorded twice in the log, checked and answered; the library call only works. */
async function calls(workspace) {
  const { createRuntime } = await import('fishplate');
  const { countTokensAsync } = require('@fishplate/tokenizer');
  const runtime = createRuntime({ workspace });
  const text = 'how many tokens are these words? '.repeat(30);
  const ours = [];
  const library = [];
  try {
    for (let index = 0; index < CALLS; index += 1) {
      const [a, b] = [
        await timed(() => runtime.call('count_tokens', { text })),
        await timed(() => countTokensAsync(text)),
      ];
      if (index < CALLS / 10) continue;
      ours.push(a);
      library.push(b);
    }
  } finally {
    await runtime.close();
  }
  const [median, alone] = [quantile(ours, 0.5), quantile(library, 0.5)];
  return [
    {
      measure: '`count_tokens` of 1 kB by `runtime.call`, P50',
      unit: 'ms',
      ours: median,
      spread: [quantile(ours, 0.25), quantile(ours, 0.75)],
      rivals: [{ name: '`countTokensAsync` itself', value: alone }],
      bar: { text: '<= 1 ms over the library', met: median - alone <= 1 },
    },
  ];
}

async function timed(run) {
  const started = process.hrtime.bigint();
  await run();
  return Number(process.hrtime.bigint() - started) / 1e6;
}

function toEnd(args) {
  return timed(
    () =>
      new Promise((resolve, reject) => {
        const child = spawn(process.execPath, args, { stdio: 'ignore', env: ENV });
        child.once('error', reject);
        child.once('close', (code) =>
          code === 0 ? resolve() : reject(new Error(`${args.join(' ')}: ${code}`)),
        );
      }),
  );
}

async function toFirstAnswer(args) {
  let child;
  const ms = await timed(
    () =>
      new Promise((resolve, reject) => {
        child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'ignore'], env: ENV });
        child.once('error', reject);
        child.stdout.once('data', resolve);
        child.stdin.write(`${JSON.stringify(INITIALIZE)}\n`);
      }),
  );
  await new Promise((resolve) => {
    child.once('close', resolve);
    child.stdin.end();
  });
  return ms;
}

function quantile(values, share) {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

void main();
