'use strict';

// Compiles the crates for systems other than this one, from Linux: npm run targets [-- --fetch] [-- CRATE...]
//
// Off unless asked for. Needs a compiler with the sources of its standard library (Debian's rustc-web, unpacked beside and not
// installed, by --fetch, which also takes ziglang from PyPI); for Windows mingw-w64, and Wine to run tests. What is missing is
// one line that says so. Not a substitute for those systems: what links here has not run there.

const { execFileSync, spawnSync } = require('node:child_process');
const { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } = require('node:fs');
const { join, resolve } = require('node:path');

const ROOT = resolve(__dirname, '../..');
/** Where everything of this stage lies: ignored by git. */
const HOME = process.env['FISHPLATE_TARGETS'] ?? join(ROOT, 'target', 'targets');
const RUST = join(HOME, 'rust');
const ZIG = join(HOME, 'zig', 'ziglang', 'zig');
const DEBS = ['rustc-web', 'rust-web-src', 'libstd-rust-web-dev', 'libstd-rust-web-1.96', 'libllvm22'];
const WINDOWS = 'x86_64-pc-windows-gnu';
const DARWIN = 'aarch64-apple-darwin';
const MINGW = 'x86_64-w64-mingw32-gcc';
/** Crates that run on Node, or below; benches stay on the machine that they measure. */
const CRATES = ['diff', 'gitignore', 'storage', 'tokenizer', 'sandbox'].flatMap((track) => [
  `fishplate-${track}`,
  `fishplate-${track}-napi`,
]);
const EXECUTABLES = ['fishplate-sandbox-helper', 'fishplate-sandboxd'];
/** Wine 8 knows no access lists of single entries. */
const NOT_IN_WINE = ['windows::access'];

/** @param {string} program */
const has = (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

/**
 * @param {string} path
 * @param {string} body
 */
function script(path, body) {
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** Unpacks what is missing. */
function fetch() {
  const place = join(HOME, 'downloads');
  mkdirSync(place, { recursive: true });
  /** @type {import('node:child_process').ExecFileSyncOptions} */
  const here = { cwd: place, stdio: ['ignore', 'ignore', 'inherit'] };
  try {
    if (!existsSync(join(RUST, 'bin', 'rustc'))) {
      execFileSync('apt-get', ['download', ...DEBS], here);
      for (const name of readdirSync(place).filter((entry) => entry.endsWith('.deb'))) {
        execFileSync('dpkg-deb', ['-x', name, 'root'], here);
      }
      rmSync(RUST, { recursive: true, force: true });
      execFileSync('mv', ['root/usr', RUST], here);
    }
    if (!existsSync(ZIG)) {
      execFileSync('pip', ['download', '--no-deps', '--quiet', 'ziglang==0.17.1', '-d', '.'], here);
      const wheel = readdirSync(place).find((entry) => entry.endsWith('.whl')) ?? '';
      execFileSync('python3', ['-m', 'zipfile', '-e', wheel, join(HOME, 'zig')], here);
      chmodSync(ZIG, 0o755);
    }
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** @returns {NodeJS.ProcessEnv} */
function environment() {
  const libraries = `${RUST}/lib:${RUST}/lib/x86_64-linux-gnu`;
  const zig = `exec "${ZIG}" cc -target aarch64-macos`;
  return {
    ...process.env,
    RUSTC: script(join(HOME, 'rustc'), `LD_LIBRARY_PATH="${libraries}" exec "${RUST}/bin/rustc" "$@"`),
    // That compiler is a stable one, and building its library is not stable.
    RUSTC_BOOTSTRAP: '1',
    CARGO_TARGET_DIR: join(HOME, 'build'),
    CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER: MINGW,
    // The linker of Apple's takes some words that zig's does not.
    CARGO_TARGET_AARCH64_APPLE_DARWIN_LINKER: script(join(HOME, 'link-darwin'), `${zig} "$@"`),
    // The cc crate names the target by a triple of its own.
    CC_aarch64_apple_darwin: script(
      join(HOME, 'cc-darwin'),
      `for word; do shift; case "$word" in --target=*|-mmacosx-version-min=*) ;; *) set -- "$@" "$word";; esac; done\n${zig} "$@"`,
    ),
    AR_aarch64_apple_darwin: script(join(HOME, 'ar-darwin'), `exec "${ZIG}" ar "$@"`),
    // Bindings for Windows name it, and nothing of it is used here.
    LIBNODE_PATH: HOME,
    WINEPREFIX: join(HOME, 'wine'),
    WINEDEBUG: '-all',
    WINEDLLOVERRIDES: 'mscoree,mshtml=',
  };
}

const results = { passed: 0, failed: 0, skipped: 0 };

/**
 * @param {'passed' | 'failed' | 'skipped'} status
 * @param {string} what
 */
function report(status, what) {
  results[status] += 1;
  process.stdout.write(`${status.padEnd(8)} ${what}\n`);
}

/**
 * @param {string} what
 * @param {string[]} args of cargo
 * @param {NodeJS.ProcessEnv} env
 */
function cargo(what, args, env) {
  const words = [args[0] ?? '', '--quiet', '-Zbuild-std=std,panic_unwind', ...args.slice(1)];
  const { status, stderr } = spawnSync('cargo', words, {
    cwd: ROOT,
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) process.stderr.write(`${stderr}\n`);
  report(status === 0 ? 'passed' : 'failed', what);
  return status === 0;
}

/** @param {NodeJS.ProcessEnv} env */
function runInWine(env) {
  const folder = join(HOME, 'build', WINDOWS, 'debug', 'deps');
  const what = `unit tests of fishplate-sandbox in Wine`;
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    if (/^fishplate_sandbox-\w+\.exe$/.test(name)) rmSync(join(folder, name));
  }
  const build = ['test', '--no-run', '--package', 'fishplate-sandbox', '--lib', '--target', WINDOWS];
  if (!cargo(`${what}: build`, build, env)) return;
  const shim = ['-shared', '-O1', '-o', join(folder, 'bcryptprimitives.dll')];
  execFileSync(MINGW, [...shim, join(__dirname, 'bcryptprimitives.c'), '-ladvapi32']);
  const name = readdirSync(folder).find((entry) => /^fishplate_sandbox-\w+\.exe$/.test(entry)) ?? '';
  const skips = NOT_IN_WINE.flatMap((test) => ['--skip', test]);
  const { status, stdout } = spawnSync('wine', [join(folder, name), ...skips], {
    cwd: join(ROOT, 'libs', 'sandbox', 'core'),
    env,
    encoding: 'utf8',
    timeout: 300_000,
  });
  if (status !== 0) process.stderr.write(stdout);
  report(
    status === 0 ? 'passed' : 'failed',
    `${what}: ${/test result: .*/.exec(stdout)?.[0] ?? 'no result'}`,
  );
}

function main() {
  const args = process.argv.slice(2);
  mkdirSync(HOME, { recursive: true });
  if (args.includes('--fetch')) fetch();
  const named = args.filter((arg) => !arg.startsWith('--'));
  const crates = named.length > 0 ? named : [...CRATES, ...EXECUTABLES];
  if (!existsSync(join(RUST, 'bin', 'rustc'))) {
    report(
      'skipped',
      `all targets: no compiler with its library's sources; on Debian: npm run targets -- --fetch`,
    );
    return;
  }
  const env = environment();
  const hasMingw = has(MINGW);
  if (hasMingw) {
    const empty = join(HOME, 'empty.c');
    writeFileSync(empty, '');
    execFileSync(MINGW, ['-shared', '-o', join(HOME, 'libnode.dll'), empty]);
    for (const crate of crates)
      cargo(`${WINDOWS}: ${crate}`, ['check', '-p', crate, '--target', WINDOWS], env);
  } else report('skipped', `${WINDOWS}: ${MINGW} is missing (Debian: gcc-mingw-w64-x86-64-posix)`);
  if (hasMingw && has('wine')) runInWine(env);
  else report('skipped', 'unit tests in Wine: wine or mingw-w64 is missing (Debian: wine64, wine)');
  if (existsSync(ZIG)) {
    for (const crate of crates) cargo(`${DARWIN}: ${crate}`, ['check', '-p', crate, '--target', DARWIN], env);
    for (const crate of crates.filter((name) => EXECUTABLES.includes(name))) {
      cargo(`${DARWIN}: ${crate}, linked`, ['build', '-p', crate, '--target', DARWIN], env);
    }
  } else report('skipped', `${DARWIN}: no zig to compile and link with; npm run targets -- --fetch`);
}

main();
process.stdout.write(`\n${results.passed} passed, ${results.failed} failed, ${results.skipped} skipped\n`);
process.exitCode = results.failed > 0 ? 1 : 0;
