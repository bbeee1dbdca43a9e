'use strict';

// Formatting and clippy of one crate: node tools/cargo/lint.js <crate> --all-targets | --lib

const { cargo, installed, isPinnedRust, PINNED_RUST } = require('./cargo');

/**
 * @param {string} crate
 * @param {string} scope
 * @returns {Promise<number>} exit code
 */
async function lint(crate, scope) {
  const deny = isPinnedRust();
  if (!deny) process.stdout.write(`lints only warn: they are pinned to Rust ${PINNED_RUST}\n`);
  const checks = [
    { component: 'fmt', args: ['fmt', '--check', '--package', crate] },
    {
      component: 'clippy',
      args: ['clippy', '--package', crate, scope, '--no-deps', ...(deny ? ['--', '--deny', 'warnings'] : [])],
    },
  ];
  let worst = 0;
  for (const { component, args } of checks) {
    if (!installed(component)) {
      process.stdout.write(
        `skipped: cargo ${component} is not installed (rustup component add clippy rustfmt)\n`,
      );
      continue;
    }
    const code = await cargo(args);
    if (deny || component === 'clippy') worst = Math.max(worst, code);
  }
  return worst;
}

const [crate = '', scope = '--all-targets'] = process.argv.slice(2);
lint(crate, scope).then((code) => {
  process.exitCode = code;
});
