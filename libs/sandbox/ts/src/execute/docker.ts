/** Mode `docker`: a container for each command, where a daemon answers. */

import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';

import { SANDBOX_CODES } from '../codes';
import type { SandboxPolicy } from '../policy';
import type { Rules } from '../rules';
import type { Enforcement, Weakness } from '../types';
import { Children } from './child';
import type { Runner, RunRequest } from './runner';

/** How long the daemon has to answer, in ms. */
const PROBE_MS = 2000;

/** An image that most commands of agents run in. */
export const DEFAULT_IMAGE = 'node:22-bookworm';

/** The version of the docker daemon that answers, or why none does. */
export function probeDocker(): { version: string } | { reason: string } {
  try {
    const version = execFileSync('docker', ['version', '--format', '{{.Server.Version}}'], {
      encoding: 'utf8',
      timeout: PROBE_MS,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return { version: version.trim() };
  } catch (error) {
    const { code, stderr } = error as NodeJS.ErrnoException & { stderr?: string };
    const said = stderr?.trim().split('\n')[0];
    return {
      reason: code === 'ENOENT' ? 'docker is not installed' : `no docker daemon answers (${said || code})`,
    };
  }
}

/** Runs each command in a new container of `image`. @throws FishplateError `MODE_UNSUPPORTED`. */
export function openDockerRunner(rules: Rules, image: string): Runner {
  const { policy } = rules;
  if (typeof policy.network === 'object') {
    throw SANDBOX_CODES.error(
      'MODE_UNSUPPORTED',
      "mode 'docker' cannot reach named hosts only: network must be none or full",
    );
  }
  const children = new Children();
  return {
    enforcement: enforcementOf(policy),
    run(request) {
      const name = `fishplate-${randomBytes(8).toString('hex')}`;
      const kill = (): void => {
        // Killing the client leaves the container.
        execFile('docker', ['kill', name], () => undefined);
      };
      return children
        .run(
          {
            file: 'docker',
            args: dockerArgs(rules, image, name, request),
            cwd: rules.workspace,
            env: process.env,
            outputBytes: policy.limits?.outputBytes ?? null,
            end: kill,
          },
          request,
        )
        .then((outcome) =>
          outcome.exitCode === 137 ? { ...outcome, exitCode: null, signal: 'SIGKILL' } : outcome,
        );
    },
    close: () => children.close(),
  };
}

/** The arguments of `docker` for one command. */
export function dockerArgs(rules: Rules, image: string, name: string, request: RunRequest): string[] {
  const { policy, writableRoots, workspace } = rules;
  const { limits = {} } = policy;
  const isReadOnly = policy.mode === 'read-only';
  const args = ['run', '--rm', '--interactive', '--init', '--name', name];
  // Else a shell script of the image would look at the command first.
  args.push('--entrypoint', '');
  args.push('--network', policy.network === 'full' ? 'bridge' : 'none');
  args.push('--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--ipc', 'none', '--read-only');
  const { getuid, getgid } = process;
  if (getuid !== undefined && getgid !== undefined) args.push('--user', `${getuid()}:${getgid()}`);
  args.push('--tmpfs', '/tmp:rw,exec,nosuid,nodev', '--tmpfs', '/var/tmp:rw,nosuid,nodev');
  if (limits.memoryBytes !== undefined) {
    args.push('--memory', String(limits.memoryBytes), '--memory-swap', String(limits.memoryBytes));
  }
  args.push('--pids-limit', String(limits.processes ?? 4096));
  if (limits.fileBytes !== undefined) args.push('--ulimit', `fsize=${limits.fileBytes}`);
  if (limits.cpuMs !== undefined) args.push('--ulimit', `cpu=${Math.ceil(limits.cpuMs / 1000)}`);
  args.push('--ulimit', 'core=0');
  // A container has a root of its own, also in `full-access`.
  const roots = new Set([workspace, ...writableRoots.filter((root) => root !== '/')]);
  for (const root of roots) args.push('--mount', bind(root, isReadOnly));
  for (const path of rules.protectedPaths.filter((path) => existsSync(path)))
    args.push('--mount', bind(path, true));
  for (const path of rules.readDeny.filter((path) => isBelow(path, [...roots]))) {
    args.push(...cover(path));
  }
  for (const [variable, value] of Object.entries(request.env)) {
    // PATH and HOME are those of the image.
    if (variable !== 'PATH' && variable !== 'HOME') args.push('--env', `${variable}=${value}`);
  }
  args.push('--workdir', request.cwd, image, request.command, ...request.args);
  return args;
}

function bind(path: string, isReadOnly: boolean, source = path): string {
  return `type=bind,${csv('source', source)},${csv('target', path)}${isReadOnly ? ',readonly' : ''}`;
}

/** A field of a mount, which is read as CSV. */
function csv(name: string, value: string): string {
  return `"${name}=${value.replaceAll('"', '""')}"`;
}

/** Lays something empty over a path. */
function cover(path: string): string[] {
  if (!existsSync(path)) return [];
  const isDirectory = statSync(path).isDirectory();
  return [
    '--mount',
    isDirectory ? `type=tmpfs,${csv('target', path)},readonly` : bind(path, true, '/dev/null'),
  ];
}

function isBelow(path: string, roots: readonly string[]): boolean {
  return roots.some((root) => path === root || path.startsWith(`${root}/`));
}

function enforcementOf(policy: SandboxPolicy): Enforcement {
  const weaker: Weakness[] = [
    {
      clause: 'protectedPaths',
      reason: 'paths that are not there yet can be made, and the directory above one can be moved away',
    },
  ];
  if (policy.limits?.cpuMs !== undefined) {
    weaker.push({ clause: 'limits.cpuMs', reason: 'counted by process, in whole seconds' });
  }
  if (policy.limits?.fileBytes !== undefined) {
    weaker.push({ clause: 'limits.fileBytes', reason: 'counted by file, not in all' });
  }
  if (policy.mode === 'full-access') {
    weaker.push({ clause: 'mode', reason: 'a container reaches the workspace and the writable roots only' });
  }
  return {
    mode: 'docker',
    backend: 'docker',
    level: 'kernel',
    landlock: null,
    namespaces: ['mount', 'pid', 'net', 'ipc', 'uts', 'cgroup'],
    seccomp: true,
    cgroup: null,
    weaker,
  };
}
