'use strict';

// Runs every fuzz target under libFuzzer and AddressSanitizer: npm run fuzz [-- --seconds N] [TRACK[/TARGET]...]
//
// Needs cargo-fuzz and a C++ compiler; where they are missing, one line says so. Inputs that a target learnt from are kept below
// target/, those that it failed on are named at the end. Exit code 1 where a target fails or does not build.

const { spawnSync } = require('node:child_process');
const { existsSync, mkdirSync, readdirSync } = require('node:fs');
const { basename, join, resolve } = require('node:path');
const { parseArgs } = require('node:util');

const ROOT = resolve(__dirname, '../..');
const CARGO_FUZZ = '0.13.2';
/** Of memory, above which libFuzzer takes an input for a failure. */
const LIMIT_MB = 4096;

/** @typedef {{ track: string, folder: string, target: string }} Fuzzed */

/** @returns {Fuzzed[]} */
function targets() {
  const libs = join(ROOT, 'libs');
  return readdirSync(libs).flatMap((track) => {
    const folder = join(libs, track, 'core', 'fuzz');
    if (!existsSync(folder)) return [];
    return readdirSync(join(folder, 'fuzz_targets'))
      .filter((name) => name.endsWith('.rs'))
      .map((name) => ({ track, folder, target: basename(name, '.rs') }));
  });
}

/**
 * @param {Fuzzed} fuzzed
 * @param {readonly string[]} wanted
 */
function isWanted({ track, target }, wanted) {
  return wanted.length === 0 || wanted.includes(track) || wanted.includes(`${track}/${target}`);
}

/**
 * @param {Fuzzed} fuzzed
 * @param {number} seconds
 */
function run({ track, folder, target }, seconds) {
  const corpus = join(ROOT, 'target', 'fuzz-corpus', track, target);
  mkdirSync(corpus, { recursive: true });
  const dictionary = readdirSync(folder).find((name) => name.endsWith('.dict'));
  const args = ['fuzz', 'run', '--fuzz-dir', folder, target, corpus, '--', `-max_total_time=${seconds}`];
  args.push(`-rss_limit_mb=${LIMIT_MB}`, '-print_final_stats=1', '-verbosity=0');
  if (dictionary !== undefined) args.push(`-dict=${join(folder, dictionary)}`);
  const { status, stderr } = spawnSync('cargo', args, {
    cwd: join(folder, '..'),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    // Sanitizers are not stable yet: the pinned compiler has them all the same.
    env: { ...process.env, RUSTC_BOOTSTRAP: '1', CARGO_TARGET_DIR: join(ROOT, 'target', 'fuzz') },
  });
  const runs = /stat::number_of_executed_units:\s*(\d+)/.exec(stderr)?.[1] ?? '0';
  return { isHeld: status === 0, runs, stderr };
}

function main() {
  const { values, positionals } = parseArgs({
    options: { seconds: { type: 'string', default: '30' } },
    allowPositionals: true,
  });
  if (spawnSync('cargo', ['fuzz', '--version']).status !== 0) {
    process.stdout.write(
      `skipped: cargo-fuzz is missing (cargo install cargo-fuzz --version ${CARGO_FUZZ})\n`,
    );
    return;
  }
  const chosen = targets().filter((fuzzed) => isWanted(fuzzed, positionals));
  let failed = chosen.length === 0 ? 1 : 0;
  for (const fuzzed of chosen) {
    const { isHeld, runs, stderr } = run(fuzzed, Number(values.seconds));
    const name = `${fuzzed.track}/${fuzzed.target}`;
    process.stdout.write(`${isHeld ? 'held  ' : 'FAILED'} ${name.padEnd(30)} ${runs} runs\n`);
    if (isHeld) continue;
    failed += 1;
    process.stdout.write(`${stderr.split('\n').slice(-60).join('\n')}\n`);
  }
  process.stdout.write(`${chosen.length - failed} held, ${failed} failed\n`);
  process.exitCode = failed > 0 ? 1 : 0;
}

main();
