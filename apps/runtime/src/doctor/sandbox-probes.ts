/** Tries to get out of the sandbox, each way once: what is refused here is refused by the system, not by a promise. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

import { type EngineChoice, isFishplateError } from '@fishplate/engine';
import {
  createSandbox,
  DEFAULT_READ_DENY,
  type Enforcement,
  type Sandbox,
  type SandboxPolicy,
} from '@fishplate/sandbox';

import type { ResolvedConfig } from '../config/schema.js';
import type { ContainmentProbe } from './report.js';

/** What the sandbox holds here. */
export interface SandboxProof {
  /** The policy that was tried. */
  readonly declared: SandboxPolicy;
  /** What holds of it; null where no sandbox can be opened. */
  readonly effective: Enforcement | null;
  /** Why none can be opened. */
  readonly problem: string | null;
  readonly probes: readonly ContainmentProbe[];
}

const SECRET = 'secret\n';

/** What the configuration asks for. */
export type AskedSandbox = Pick<ResolvedConfig['sandbox'], 'mode' | 'policy'> & {
  readonly engine: EngineChoice;
};

/** Opens a sandbox on a temporary workspace under the policy in force, and has commands try what that denies. */
export async function proveSandbox({ mode, policy, engine }: AskedSandbox): Promise<SandboxProof> {
  const directory = await makeWorld();
  const workspace = join(directory, 'workspace');
  const secret = join(directory, 'secret.txt');
  const readDeny = [...(policy.readDeny ?? DEFAULT_READ_DENY), secret];
  try {
    await mkdir(workspace);
    await writeFile(secret, SECRET);
    const options = { workspace, policy: { ...policy, readDeny }, engine };
    const sandbox = await createSandbox({ ...options, ...(mode === undefined ? {} : { mode }) });
    try {
      const probes = await probe(sandbox, policy, directory, secret);
      return { declared: policy, effective: sandbox.enforcement, problem: null, probes };
    } finally {
      await sandbox.close();
    }
  } catch (error) {
    if (!isFishplateError(error)) throw error;
    const problem = `${error.code}: ${error.message}`;
    return { declared: policy, effective: null, problem, probes: [] };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Not below a temporary directory where that can be: a sandbox hides those as a whole, and would prove nothing else. */
async function makeWorld(): Promise<string> {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const made = await mkdir(cache, { recursive: true })
    .then(() => mkdtemp(join(cache, 'fishplate-doctor-')))
    .catch(() => mkdtemp(join(tmpdir(), 'fishplate-doctor-')));
  return realpath(made);
}

async function probe(
  sandbox: Sandbox,
  policy: SandboxPolicy,
  directory: string,
  secret: string,
): Promise<ContainmentProbe[]> {
  const server = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const connect = await connecting(port);
  const outside = join(directory, 'outside');
  const attempts: Attempt[] = [
    {
      attempt: 'write outside the workspace',
      command: ['sh', '-c', `echo x > '${outside}'`],
      reached: () => existsSync(outside),
      isAllowed: policy.mode === 'full-access',
    },
    { attempt: 'read a denied file', command: ['sh', '-c', `grep -q secret '${secret}'`] },
    {
      attempt: 'change git hooks',
      command: ['sh', '-c', 'mkdir -p .git/hooks && echo x > .git/hooks/post-commit'],
      isAllowed: policy.protectDefaults === false,
    },
    { attempt: 'signal a process outside', command: ['sh', '-c', `kill -0 ${process.pid}`] },
    {
      attempt: 'reach a port of this machine',
      command: connect,
      isAllowed: policy.network === 'full',
    },
  ];
  try {
    const probes = await Promise.all(attempts.map((attempt) => tryOnce(sandbox, attempt)));
    if ((await readFile(secret, 'utf8')) === SECRET) return probes;
    return [...probes, { attempt: 'change a denied file', outcome: 'through', result: 'it was changed' }];
  } finally {
    server.close();
  }
}

/** A command that reaches a port, where nothing confines it: bash is there in a tenth of the time that Node takes. */
async function connecting(port: number): Promise<readonly [string, ...string[]]> {
  const quick = ['bash', '-c', `exec 3<>/dev/tcp/127.0.0.1/${port}`] as const;
  const [program, ...args] = quick;
  // One that cannot connect at all would prove nothing.
  const works = await new Promise<boolean>((resolve) => {
    execFile(program, args, { timeout: 2000, windowsHide: true }, (error) => resolve(error === null));
  });
  if (works) return quick;
  const script = `require('net').connect(${port}, '127.0.0.1').on('connect', () => process.exit(0)).on('error', () => process.exit(1))`;
  return [process.execPath, '-e', script];
}

interface Attempt {
  readonly attempt: string;
  readonly command: readonly [string, ...string[]];
  /** Whether it came through; else its exit code tells. */
  readonly reached?: () => boolean;
  /** Whether the policy allows it. */
  readonly isAllowed?: boolean;
}

async function tryOnce(
  sandbox: Sandbox,
  { attempt, command, reached, isAllowed }: Attempt,
): Promise<ContainmentProbe> {
  if (isAllowed === true) return { attempt, outcome: 'skipped', result: 'the policy allows it' };
  const [program, ...args] = command;
  try {
    const { exitCode, signal } = await sandbox.execute(program, args, { timeoutMs: 10_000 });
    if (reached?.() ?? exitCode === 0) return { attempt, outcome: 'through', result: 'it went through' };
    const result =
      exitCode === 0 ? 'nothing came out' : exitCode === null ? `${signal}` : `exit code ${exitCode}`;
    return { attempt, outcome: 'refused', result };
  } catch (error) {
    if (!isFishplateError(error)) throw error;
    return { attempt, outcome: 'skipped', result: `${error.code}: ${error.message}` };
  }
}
