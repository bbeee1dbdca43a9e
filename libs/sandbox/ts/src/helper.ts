/** Finds the executables of the track: beside the binding, as it was installed or built. */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { platformNames } from '@fishplate/engine';

import { SANDBOX_CODES } from './codes';

const NATIVE = '@fishplate/sandbox-native';

/**
 * The helper, which confines itself and becomes the command; empty on Windows, which confines without one.
 *
 * @throws FishplateError `ENFORCEMENT_UNAVAILABLE`.
 */
export function helperPath(platform: string = process.platform): string {
  if (platform === 'win32') return '';
  const path = executable('fishplate-sandbox-helper', 'FISHPLATE_SANDBOX_HELPER');
  if (path !== null) return path;
  throw SANDBOX_CODES.error(
    'ENFORCEMENT_UNAVAILABLE',
    `the sandbox helper is not installed for ${process.platform}-${process.arch}`,
  );
}

/** The sidecar, which Windows has none of. @throws FishplateError `SIDECAR_UNAVAILABLE`. */
export function sidecarPath(platform: string = process.platform): string {
  if (platform === 'win32') {
    throw SANDBOX_CODES.error(
      'SIDECAR_UNAVAILABLE',
      "the sidecar serves no named pipes yet: on Windows use transport 'inproc'",
    );
  }
  const path = executable('fishplate-sandboxd', 'FISHPLATE_SANDBOXD');
  if (path !== null) return path;
  throw SANDBOX_CODES.error(
    'SIDECAR_UNAVAILABLE',
    `the sidecar is not installed for ${process.platform}-${process.arch}`,
  );
}

function executable(name: string, variable: string): string | null {
  const named = process.env[variable];
  if (named) return existsSync(named) ? named : null;
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const folders = [...platformNames().map((platform) => `${NATIVE}-${platform}`), NATIVE].map(folderOf);
  return (
    folders.map((folder) => folder && join(folder, name + suffix)).find((path) => path && existsSync(path)) ??
    null
  );
}

function folderOf(packageName: string): string | null {
  try {
    return dirname(require.resolve(`${packageName}/package.json`));
  } catch {
    return null;
  }
}
