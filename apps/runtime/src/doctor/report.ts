/** What `fishplate doctor` finds out: every track's engine, and probes that prove what is claimed. */

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { chooseEngine, isFishplateError } from '@fishplate/engine';

import type { RuntimeCapabilities } from '../capabilities.js';
import type { RuntimeCode } from '../codes.js';
import { loadConfig } from '../config/load.js';
import { createRuntime, type RuntimeOptions } from '../runtime.js';
import { proveSandbox, type SandboxProof } from './sandbox-probes.js';

/** One attempt to get out of a workspace. */
export interface ContainmentProbe {
  readonly attempt: string;
  /** `through` where it was not refused for the reason that it should be; `skipped` where it cannot be made here. */
  readonly outcome: 'refused' | 'through' | 'skipped';
  /** Code of the refusal, or what happened instead. */
  readonly result: string;
}

/** What doctor reports. */
export interface DoctorReport {
  /** False where an engine that was asked for cannot be had, or a probe got through. */
  readonly ok: boolean;
  readonly node: string;
  /** For example `linux-x64`. */
  readonly platform: string;
  /** For example `2.47.3`; null without git. */
  readonly git: string | null;
  readonly capabilities: RuntimeCapabilities;
  /** Of the file tools. */
  readonly probes: readonly ContainmentProbe[];
  /** Of commands. */
  readonly sandbox: SandboxProof;
}

/** Examines this machine and a workspace. @throws FishplateError where workspace or config are not usable. */
export async function examine(
  options: Pick<RuntimeOptions, 'workspace' | 'config' | 'engines'>,
): Promise<DoctorReport> {
  const runtime = createRuntime(options);
  const { workspace } = runtime;
  const config = loadConfig({ workspace, call: options.config });
  const { file, call } = config.engines.sandbox;
  const engine = chooseEngine({
    track: 'sandbox',
    config: file,
    call: options.engines?.sandbox ?? call,
  }).asked;
  const [git, probes, sandbox] = await Promise.all([
    gitVersion(),
    probeContainment(),
    proveSandbox({ ...config.sandbox, engine }),
  ]);
  const capabilities = runtime.capabilities();
  await runtime.close();
  const enginesHold = capabilities.tracks.every(({ engine }) => engine !== null);
  return {
    ok: enginesHold && [...probes, ...sandbox.probes].every(({ outcome }) => outcome !== 'through'),
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    git,
    capabilities,
    probes,
    sandbox,
  };
}

function gitVersion(): Promise<string | null> {
  return new Promise((resolve) => {
    execFile('git', ['--version'], { windowsHide: true }, (error, stdout) => {
      resolve(error === null ? (/\d+(?:\.\d+)+/.exec(stdout)?.[0] ?? 'unknown') : null);
    });
  });
}

const SECRET = 'secret\n';

/** Builds a workspace with a secret beside it, and tries to read and replace the secret through the tools. */
async function probeContainment(): Promise<ContainmentProbe[]> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'fishplate-doctor-')));
  try {
    const workspace = join(directory, 'workspace');
    const secret = join(directory, 'secret.txt');
    await mkdir(workspace);
    await writeFile(secret, SECRET);
    const linked = await symlink(secret, join(workspace, 'link.txt')).then(
      () => true,
      () => false,
    );
    const runtime = createRuntime({ workspace });
    const read = (path: string) => runtime.call('read_file', { path });
    const edit = (path: string) =>
      runtime.call('edit_file', { path, edits: [{ search: 'secret', replace: 'taken' }] });
    const throughLink = 'edit through a symbolic link';
    const probes = [
      await attempt('read ../secret.txt', 'PATH_OUTSIDE', () => read('../secret.txt')),
      await attempt('read by absolute path', 'PATH_OUTSIDE', () => read(secret)),
      linked
        ? await attempt(throughLink, 'SYMLINK_REFUSED', () => edit('link.txt'))
        : ({ attempt: throughLink, outcome: 'skipped', result: 'no links can be made here' } as const),
      await attempt('edit .git/config', 'PATH_PROTECTED', () => edit('.git/config')),
    ];
    await runtime.close();
    if ((await readFile(secret, 'utf8')) === SECRET) return probes;
    return [...probes, { attempt: 'change secret.txt', outcome: 'through', result: 'it was changed' }];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function attempt(
  what: string,
  expected: RuntimeCode,
  call: () => Promise<{ ok: boolean }>,
): Promise<ContainmentProbe> {
  try {
    const { ok } = await call();
    return { attempt: what, outcome: 'through', result: ok ? 'it went through' : 'it was looked at' };
  } catch (error) {
    if (!isFishplateError(error)) throw error;
    return { attempt: what, outcome: error.code === expected ? 'refused' : 'through', result: error.code };
  }
}
