'use strict';

// Runs the suites of the libraries, the runtime and the integration app under other versions of Node:
// npm run test:node -- 22 24 [--only NAME]...
//
// What was built last is tested; bindings are Node-API and need no other build. The binaries come from the npm package `node`. Where
// one cannot be had, one line says so. Exit code 1 where a suite fails.

const { spawnSync } = require('node:child_process');
const { existsSync, mkdirSync, readdirSync } = require('node:fs');
const { join } = require('node:path');
const { parseArgs } = require('node:util');

const { ROOT } = require('./workspace');

const JEST = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
const BINARY = process.platform === 'win32' ? 'node.exe' : 'node';

/** @param {string} major */
function binaryOf(major) {
  const folder = join(ROOT, 'target', 'nodes', major);
  const binary = join(folder, 'node_modules', 'node', 'bin', BINARY);
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    spawnSync(
      'npm',
      ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', `node@${major}`],
      {
        cwd: folder,
        stdio: 'ignore',
        shell: process.platform === 'win32',
      },
    );
  }
  const { status, stdout } = spawnSync(binary, ['--version'], { encoding: 'utf8' });
  return status === 0 ? { binary, version: stdout.trim() } : undefined;
}

/** Folders with suites of jest. */
function suites() {
  const libraries = readdirSync(join(ROOT, 'libs')).map((name) => join('libs', name, 'ts'));
  return [...libraries, join('apps', 'runtime'), join('apps', 'integration')].filter((folder) =>
    existsSync(join(ROOT, folder, 'jest.config.cjs')),
  );
}

/**
 * @param {string} binary
 * @param {string} folder
 */
function run(binary, folder) {
  const { status, stderr } = spawnSync(binary, [JEST, '--ci'], {
    cwd: join(ROOT, folder),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      // Commands that tests start by name are those of this Node, too.
      PATH: `${join(binary, '..')}${process.platform === 'win32' ? ';' : ':'}${process.env['PATH'] ?? ''}`,
      ...(folder.startsWith('apps') ? { NODE_OPTIONS: '--experimental-vm-modules' } : {}),
    },
  });
  const totals = /^Tests: +(.*)$/m.exec(stderr)?.[1] ?? 'no tests';
  return { isGreen: status === 0, totals, stderr };
}

function main() {
  const { values, positionals } = parseArgs({
    options: { only: { type: 'string', multiple: true } },
    allowPositionals: true,
  });
  for (const major of positionals.length > 0 ? positionals : ['22', '24']) {
    const node = binaryOf(major);
    if (node === undefined) {
      process.stdout.write(`skipped: Node ${major} cannot be had here\n`);
      continue;
    }
    for (const folder of suites()) {
      if (values.only !== undefined && !values.only.some((name) => folder.includes(name))) continue;
      const { isGreen, totals, stderr } = run(node.binary, folder);
      process.stdout.write(
        `${isGreen ? 'green ' : 'FAILED'} ${node.version} ${folder.padEnd(24)} ${totals}\n`,
      );
      if (isGreen) continue;
      process.stdout.write(
        `${stderr
          .split('\n')
          .filter((line) => /●|FAIL/.test(line))
          .join('\n')}\n`,
      );
      process.exitCode = 1;
    }
  }
}

main();
