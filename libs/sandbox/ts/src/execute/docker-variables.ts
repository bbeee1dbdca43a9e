/** The variables of a container: by a file that nobody else may read, never by arguments, which everybody sees. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { SANDBOX_CODES } from '../codes';
import type { EnvPolicy } from '../policy';

/** Variables of one container. */
export interface VariablesFile {
  readonly path: string;
  remove(): Promise<void>;
}

/**
 * The variables that a container gets. `PATH` and `HOME` of the host mean nothing in an image: they count only where the
 * policy or the call names them.
 */
export function variablesOf(
  policy: EnvPolicy = {},
  env: Readonly<Record<string, string>>,
  host: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const isNamed = (name: string): boolean =>
    policy.set?.[name] !== undefined || policy.pass?.includes(name) === true || env[name] !== host[name];
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => (name !== 'PATH' && name !== 'HOME') || isNamed(name)),
  );
}

/** @throws FishplateError `OPTION_INVALID` for what such a file cannot hold. */
export async function writeVariables(variables: Readonly<Record<string, string>>): Promise<VariablesFile> {
  for (const [name, value] of Object.entries(variables)) {
    if (/[\r\n]/.test(value) || /[\s#]/.test(name)) {
      throw SANDBOX_CODES.error(
        'OPTION_INVALID',
        `mode 'docker' cannot pass the variable ${JSON.stringify(name)}: a name with white space, or a value of several lines`,
      );
    }
  }
  const directory = await mkdtemp(join(tmpdir(), 'fishplate-docker-'));
  const path = join(directory, 'env');
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(path, lines.join(''), { mode: 0o600, flag: 'wx' });
  return { path, remove: () => rm(directory, { recursive: true, force: true }) };
}
