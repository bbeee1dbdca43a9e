/** Mode `docker`: a container for each command, where a daemon answers. */

import { randomBytes } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';

import { SANDBOX_CODES } from '../codes';
import type { SandboxPolicy } from '../policy';
import type { Rules } from '../rules';
import type { Enforcement, Weakness } from '../types';
import { Children } from './child';
import { killContainer, removeContainer, wasOutOfMemory } from './docker-client';
import { variablesOf, writeVariables } from './docker-variables';
import type { Runner, RunOutcome, RunRequest } from './runner';

/** An image that most commands of agents run in. */
export const DEFAULT_IMAGE = 'node:22-bookworm';

/** Exit code of a program that SIGKILL ended, as the init of a container has it. */
const KILLED = 137;

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
  const running = new Set<Promise<unknown>>();
  return {
    enforcement: enforcementOf(policy),
    run(request) {
      const outcome = runContainer(rules, image, request, children);
      const settled = outcome.catch(() => undefined).finally(() => running.delete(settled));
      running.add(settled);
      return outcome;
    },
    async close() {
      await children.close();
      await Promise.all(running);
    },
  };
}

async function runContainer(
  rules: Rules,
  image: string,
  request: RunRequest,
  children: Children,
): Promise<RunOutcome> {
  const { policy } = rules;
  const name = `fishplate-${randomBytes(8).toString('hex')}`;
  const variables = await writeVariables(variablesOf(policy.env, request.env));
  const kills: Promise<void>[] = [];
  try {
    const outcome = await children.run(
      {
        file: 'docker',
        args: dockerArgs(rules, image, name, request, variables.path),
        cwd: rules.workspace,
        env: process.env,
        outputBytes: policy.limits?.outputBytes ?? null,
        // Killing the client leaves the container.
        end: () => void kills.push(killContainer(name)),
      },
      request,
    );
    if (outcome.exitCode !== KILLED && outcome.exitCode !== null) return outcome;
    if (kills.length > 0) return { ...outcome, exitCode: null, signal: 'SIGKILL' };
    // Programs may exit with that number too: what the kernel did is asked of the daemon.
    const isOut = policy.limits?.memoryBytes !== undefined && (await wasOutOfMemory(name)) === true;
    return isOut ? outOfMemory(outcome) : outcome;
  } finally {
    await Promise.all(kills);
    await variables.remove();
    // One that ended by itself without a limit of memory has been removed by the daemon.
    const left = kills.length > 0 || !removesItself(policy) ? await removeContainer(name) : null;
    if (left !== null) {
      process.emitWarning(`the container ${name} may still be there: ${left}`, 'FishplateDockerWarning');
    }
  }
}

/** How it ended is asked afterwards, where that may be for its memory. */
function removesItself({ limits }: SandboxPolicy): boolean {
  return limits?.memoryBytes === undefined;
}

function outOfMemory(outcome: RunOutcome): RunOutcome {
  const reason = 'limits.memoryBytes ended the command';
  return {
    ...{ ...outcome, exitCode: null, signal: 'SIGKILL', limitHit: 'memoryBytes' },
    violations: [...outcome.violations, { kind: 'limit', target: 'memoryBytes', reason }],
  };
}

/** The arguments of `docker` for one command. */
export function dockerArgs(
  rules: Rules,
  image: string,
  name: string,
  request: RunRequest,
  variables: string,
): string[] {
  const { policy, writableRoots, workspace } = rules;
  const { limits = {} } = policy;
  const isReadOnly = policy.mode === 'read-only';
  const args = ['run', ...(removesItself(policy) ? ['--rm'] : []), '--interactive', '--init', '--name', name];
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
  args.push('--env-file', variables);
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
    namespaces: ['mount', 'pid', 'network', 'ipc', 'uts', 'cgroup'],
    seccomp: true,
    cgroup: null,
    weaker,
  };
}
