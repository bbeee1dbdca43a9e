'use strict';

// Runs the tests of the cores that have `unsafe` code under AddressSanitizer: npm run sanitize [-- CRATE...]
//
// Only on Linux of x86-64 or ARM64. The standard library is not instrumented: what it does inside is not seen. The helper of the
// sandbox is left out, a static executable that becomes another program; of its core the unit tests are run.

const { spawnSync } = require('node:child_process');
const { join, resolve } = require('node:path');

const ROOT = resolve(__dirname, '../..');

/** @type {Readonly<Record<string, readonly string[]>>} which of its tests */
const CRATES = {
  'fishplate-sandbox': ['--lib'],
  'fishplate-storage': ['--lib', '--tests'],
  'fishplate-tokenizer': ['--lib', '--tests'],
  'fishplate-vector': ['--lib', '--tests'],
};

/** @type {Readonly<Record<string, string>>} */
const TARGETS = { x64: 'x86_64-unknown-linux-gnu', arm64: 'aarch64-unknown-linux-gnu' };

function main() {
  const target = process.platform === 'linux' ? TARGETS[process.arch] : undefined;
  if (target === undefined) {
    process.stdout.write(`skipped: not on ${process.platform}-${process.arch}\n`);
    return;
  }
  const wanted = process.argv.slice(2);
  for (const [crate, tests] of Object.entries(CRATES)) {
    if (wanted.length > 0 && !wanted.includes(crate)) continue;
    const { status } = spawnSync(
      'cargo',
      ['test', '--quiet', '--target', target, '--package', crate, ...tests],
      {
        cwd: ROOT,
        stdio: 'inherit',
        env: {
          ...process.env,
          // Sanitizers are not stable yet: the pinned compiler has them all the same.
          RUSTC_BOOTSTRAP: '1',
          RUSTFLAGS: '-Zsanitizer=address',
          CARGO_TARGET_DIR: join(ROOT, 'target', 'asan'),
        },
      },
    );
    process.stdout.write(`${status === 0 ? 'held  ' : 'FAILED'} ${crate}\n`);
    if (status !== 0) process.exitCode = 1;
  }
}

main();
