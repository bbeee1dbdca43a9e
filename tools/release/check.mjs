// npm run release:check: packs everything as a release does, installs it into an empty project, uses it, and records the sizes.
//
//     node tools/release/check.mjs [--built DIRECTORY] [--keep DIRECTORY]
//
// --built takes binaries from the directories that the release workflow leaves, one a target; --keep leaves the tarballs there.

import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { packWorkspace } from './pack.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const RECORD = join(ROOT, 'docs', 'readiness', 'packages.md');

const { values } = parseArgs({ options: { built: { type: 'string' }, keep: { type: 'string' } } });
const directory = realpathSync(mkdtempSync(join(tmpdir(), 'fishplate-release-')));
try {
  const packs = join(directory, 'packs');
  const project = join(directory, 'project');
  for (const folder of [packs, project]) mkdirSync(folder);
  const packages = packWorkspace(packs, { built: values.built });
  install(project, packages);
  use(project);
  if (values.keep !== undefined) {
    mkdirSync(values.keep, { recursive: true });
    for (const { tarball } of packages) copyFileSync(tarball, join(values.keep, basename(tarball)));
  }
  writeFileSync(RECORD, recordOf(packages));
  process.stdout.write(
    `${packages.length} packages install and run; their sizes: docs/readiness/packages.md\n`,
  );
} finally {
  rmSync(directory, { recursive: true, force: true });
}

/**
 * @param {string} project
 * @param {import('./pack.mjs').Packed[]} packages
 */
function install(project, packages) {
  writeFileSync(join(project, 'package.json'), '{ "name": "consumer", "private": true }\n');
  // Those of other platforms would be refused, and are optional in a release.
  const own = `${process.platform}-${process.arch}`;
  const mine = packages.filter(({ name }) => !/-(?:linux|darwin|win32)-/.test(name) || name.includes(own));
  npm(
    [
      'install',
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      ...mine.map(({ tarball }) => tarball),
    ],
    project,
  );
}

/** @param {string} project */
function use(project) {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const command = join(project, 'node_modules', 'fishplate', 'dist', 'cli', 'main.js');
  const said = execFileSync(process.execPath, [command, '--version'], {
    cwd: project,
    encoding: 'utf8',
  }).trim();
  if (said !== version) throw new Error(`fishplate --version says ${said}, and is ${version}`);
  const { capabilities } = JSON.parse(
    execFileSync(process.execPath, [command, 'doctor', '--json'], { cwd: project, encoding: 'utf8' }),
  );
  const fallen = capabilities.tracks.filter(({ engine }) => engine !== 'native');
  if (fallen.length > 0)
    throw new Error(`without native engine: ${fallen.map(({ track }) => track).join(', ')}`);
}

/** @param {import('./pack.mjs').Packed[]} packages */
function recordOf(packages) {
  const lines = packages
    .toSorted((left, right) => (left.name < right.name ? -1 : 1))
    .map(
      ({ name, bytes, unpackedBytes }) =>
        `| \`${name}\` | ${kilobytes(bytes)} | ${kilobytes(unpackedBytes)} |`,
    );
  return (
    '# Packages and their sizes\n\nWritten by `npm run release:check`, which packs everything as a release does, installs it into an empty project and uses it; do not edit. ' +
    'Binaries are those of the platform that it ran on.\n\n| package | packed, kB | installed, kB |\n| --- | --- | --- |\n' +
    `${lines.join('\n')}\n`
  );
}

/** @param {number} bytes */
function kilobytes(bytes) {
  return Math.round(bytes / 100) / 10;
}

/**
 * @param {string[]} args
 * @param {string} cwd
 */
function npm(args, cwd) {
  execFileSync('npm', args, {
    cwd,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
}
