/** Tries to get out of the sandbox, each way once: what is refused here is refused by the system, not by a promise. */

import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { isFishplateError } from '@fishplate/engine';
import { createSandbox, type Enforcement, type Sandbox, type SandboxPolicy } from '@fishplate/sandbox';

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

/** Opens a sandbox on a temporary workspace, and has commands try what its policy denies. */
export async function proveSandbox(
  options: Pick<Parameters<typeof createSandbox>[0], 'mode' | 'engine'>,
): Promise<SandboxProof> {
  // Not below /tmp, which a sandbox hides as a whole.
  const directory = await realpath(
    await mkdtemp(join(process.env['XDG_CACHE_HOME'] ?? tmpdir(), 'fishplate-doctor-')),
  );
  const workspace = join(directory, 'workspace');
  const secret = join(directory, 'secret.txt');
  const declared: SandboxPolicy = { mode: 'workspace-write', network: 'none', readDeny: [secret] };
  try {
    await mkdir(workspace);
    await writeFile(secret, SECRET);
    const sandbox = await createSandbox({ workspace, policy: declared, ...options });
    try {
      const probes = await probe(sandbox, directory, secret);
      return { declared, effective: sandbox.enforcement, problem: null, probes };
    } finally {
      await sandbox.close();
    }
  } catch (error) {
    if (!isFishplateError(error)) throw error;
    return { declared, effective: null, problem: `${error.code}: ${error.message}`, probes: [] };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function probe(sandbox: Sandbox, directory: string, secret: string): Promise<ContainmentProbe[]> {
  const server = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const connect = `require('net').connect(${port}, '127.0.0.1').on('connect', () => process.exit(0)).on('error', () => process.exit(1))`;
  const outside = join(directory, 'outside');
  const attempts: Attempt[] = [
    {
      attempt: 'write outside the workspace',
      command: ['sh', '-c', `echo x > '${outside}'`],
      // A private /tmp takes the write, and nothing of it comes out.
      reached: () => existsSync(outside),
    },
    { attempt: 'read a denied file', command: ['sh', '-c', `grep -q secret '${secret}'`] },
    {
      attempt: 'change git hooks',
      command: ['sh', '-c', 'mkdir -p .git/hooks && echo x > .git/hooks/post-commit'],
    },
    { attempt: 'signal a process outside', command: ['sh', '-c', `kill -0 ${process.pid}`] },
    { attempt: 'reach a port of this machine', command: [process.execPath, '-e', connect] },
  ];
  try {
    const probes: ContainmentProbe[] = [];
    for (const attempt of attempts) probes.push(await tryOnce(sandbox, attempt));
    if ((await readFile(secret, 'utf8')) === SECRET) return probes;
    return [...probes, { attempt: 'change a denied file', outcome: 'through', result: 'it was changed' }];
  } finally {
    server.close();
  }
}

interface Attempt {
  readonly attempt: string;
  readonly command: readonly [string, ...string[]];
  /** Whether it came through; else its exit code tells. */
  readonly reached?: () => boolean;
}

async function tryOnce(sandbox: Sandbox, { attempt, command, reached }: Attempt): Promise<ContainmentProbe> {
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
