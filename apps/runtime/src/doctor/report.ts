/** What `fishplate doctor` finds out: every track's engine, and probes that prove what is claimed. */

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { isFishplateError } from '@fishplate/engine';

import type { RuntimeCapabilities } from '../capabilities.js';
import { createRuntime, type RuntimeOptions } from '../runtime.js';

/** One attempt to get out of a workspace. */
export interface ContainmentProbe {
  readonly attempt: string;
  /** True where it was refused. */
  readonly refused: boolean;
  /** Code of the refusal, or why the attempt could not be made here. */
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
  readonly probes: readonly ContainmentProbe[];
}

/** Examines this machine and a workspace. @throws FishplateError where workspace or config are not usable. */
export async function examine(
  options: Pick<RuntimeOptions, 'workspace' | 'config' | 'engines'>,
): Promise<DoctorReport> {
  const runtime = createRuntime(options);
  const [git, probes] = await Promise.all([gitVersion(), probeContainment()]);
  const capabilities = runtime.capabilities();
  await runtime.close();
  const enginesHold = capabilities.tracks.every((track) => track.state !== 'landed' || track.engine !== null);
  return {
    ok: enginesHold && probes.every(({ refused }) => refused),
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    git,
    capabilities,
    probes,
  };
}

function gitVersion(): Promise<string | null> {
  return new Promise((resolve) => {
    execFile('git', ['--version'], { windowsHide: true }, (error, stdout) => {
      resolve(error === null ? (/\d+(?:\.\d+)+/.exec(stdout)?.[0] ?? 'unknown') : null);
    });
  });
}

/** Builds a workspace with a secret beside it, and tries to read and replace the secret through the tools. */
async function probeContainment(): Promise<ContainmentProbe[]> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'fishplate-doctor-')));
  try {
    const workspace = join(directory, 'workspace');
    const secret = join(directory, 'secret.txt');
    await mkdir(workspace);
    await writeFile(secret, 'secret\n');
    const linked = await symlink(secret, join(workspace, 'link.txt')).then(
      () => true,
      () => false,
    );
    const runtime = createRuntime({ workspace });
    const replace = { edits: [{ search: 'secret', replace: 'taken' }] };
    const probes = [
      await attempt('read ../secret.txt', () => runtime.call('read_file', { path: '../secret.txt' })),
      await attempt('read by absolute path', () => runtime.call('read_file', { path: secret })),
      linked
        ? await attempt('edit through a symbolic link', () =>
            runtime.call('edit_file', { path: 'link.txt', ...replace }),
          )
        : { attempt: 'edit through a symbolic link', refused: true, result: 'no links here' },
      await attempt('edit .git/config', () => runtime.call('edit_file', { path: '.git/config', ...replace })),
    ];
    await runtime.close();
    return probes;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function attempt(what: string, call: () => Promise<{ ok: boolean }>): Promise<ContainmentProbe> {
  try {
    const { ok } = await call();
    return { attempt: what, refused: false, result: ok ? 'it went through' : 'it was looked at' };
  } catch (error) {
    if (!isFishplateError(error)) throw error;
    return { attempt: what, refused: true, result: error.code };
  }
}
