/** Calls of docker's client: whether a daemon answers, how a container ended, and its removal. */

import { execFile, execFileSync } from 'node:child_process';

/** The version of the docker daemon that answers, or why none does. */
export type DockerProbe = { readonly version: string } | { readonly reason: string };

/** How long the daemon has to answer whether it is there, in ms. */
const PROBE_MS = 2000;
/** How long it has for a container. */
const CALL_MS = 20_000;
/** How long an answer holds: one may be started, or stopped, at any time. */
const FRESH_MS = 5000;

const PROBE = ['version', '--format', '{{.Server.Version}}'];

let known: { readonly probe: DockerProbe; readonly until: number } | null = null;
let asking: Promise<DockerProbe> | null = null;

/** Asks for the daemon, beside the event loop; the answer is kept for some seconds. */
export function probeDocker(): Promise<DockerProbe> {
  if (known !== null && known.until > Date.now()) return Promise.resolve(known.probe);
  asking ??= call(PROBE, PROBE_MS)
    .then(({ error, stdout, stderr }) =>
      keep(error === null ? { version: stdout.trim() } : { reason: reasonOf(error, stderr) }),
    )
    .finally(() => (asking = null));
  return asking;
}

/** As {@link probeDocker}, for whoever cannot wait: holds up the event loop for two seconds at most. */
export function probeDockerNow(): DockerProbe {
  if (known !== null && known.until > Date.now()) return known.probe;
  try {
    const version = execFileSync('docker', PROBE, {
      ...{ encoding: 'utf8', timeout: PROBE_MS, env: process.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return keep({ version: version.trim() });
  } catch (error) {
    return keep({ reason: reasonOf(error as Error, (error as { stderr?: string }).stderr ?? '') });
  }
}

/** Forgets what the daemon answered. */
export function forgetDocker(): void {
  known = null;
}

/** Whether the kernel ended a container for its memory; null where that cannot be told. */
export async function wasOutOfMemory(name: string): Promise<boolean | null> {
  const { error, stdout } = await call(['inspect', '--format', '{{.State.OOMKilled}}', name], CALL_MS);
  return error === null ? stdout.trim() === 'true' : null;
}

/** Tries of a kill: the client may have been told to start the container, and the daemon not have done so yet. */
const KILL_TRIES = 5;
const BETWEEN_TRIES_MS = 200;

/** Ends a container that may not have been started yet. */
export async function killContainer(name: string): Promise<void> {
  for (let tries = 1; tries <= KILL_TRIES; tries += 1) {
    const { error } = await call(['kill', name], CALL_MS);
    if (error === null) return;
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_TRIES_MS));
  }
}

/** Removes a container, whether it runs or not. @returns Why it may still be there; null where it is gone. */
export async function removeContainer(name: string): Promise<string | null> {
  const { error, stderr } = await call(['rm', '--force', '--volumes', name], CALL_MS);
  if (error === null || /no such container/i.test(stderr)) return null;
  return reasonOf(error, stderr);
}

interface Answer {
  readonly error: Error | null;
  readonly stdout: string;
  readonly stderr: string;
}

function call(args: readonly string[], timeout: number): Promise<Answer> {
  return new Promise((resolve) => {
    const options = {
      encoding: 'utf8',
      timeout,
      killSignal: 'SIGKILL',
      windowsHide: true,
      env: process.env,
    } as const;
    execFile('docker', args, options, (error, stdout, stderr) => resolve({ error, stdout, stderr }));
  });
}

function keep(probe: DockerProbe): DockerProbe {
  known = { probe, until: Date.now() + FRESH_MS };
  return probe;
}

function reasonOf(error: Error, stderr: string): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'docker is not installed';
  const said = stderr.trim().split('\n')[0];
  return `no docker daemon answers (${said || String(code ?? 'it took too long')})`;
}
