/** Installs the packed packages once, outside the workspace, for all test files. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { packWorkspace } from '../../../tools/release/pack.mjs';

/** Leaves the place of the installation in the environment, which test processes inherit. */
export default function install() {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'fishplate-integration-')));
  const packs = join(directory, 'packs');
  const installed = join(directory, 'installed');
  mkdirSync(packs);
  mkdirSync(installed);
  const packages = packWorkspace(packs);
  writeFileSync(join(installed, 'package.json'), '{ "name": "consumer", "private": true }\n');
  // One command: packages that name each other must not be looked for in a registry.
  const options = ['--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
  execFileSync('npm', ['install', ...options, ...packages.map(({ tarball }) => tarball)], {
    cwd: installed,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  process.env['FISHPLATE_INTEGRATION_DIRECTORY'] = directory;
  process.env['FISHPLATE_INTEGRATION_PACKAGES'] = packages.map(({ name }) => name).join(' ');
}
