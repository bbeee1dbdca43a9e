/** Mode `process`: no isolation at all, for those who ask for it by name. */

import type { SandboxPolicy } from '../policy';
import type { Enforcement, Weakness } from '../types';
import { Children } from './child';
import type { Runner } from './runner';

/** Runs commands as Node would, under the limits of time and output. */
export function openProcessRunner(policy: SandboxPolicy): Runner {
  const children = new Children();
  return {
    enforcement: unconfined(policy),
    run: (request) =>
      children.run(
        {
          file: request.command,
          args: request.args,
          cwd: request.cwd,
          env: request.env,
          outputBytes: policy.limits?.outputBytes ?? null,
        },
        request,
      ),
    close: () => children.close(),
  };
}

/** What a policy comes to without a sandbox. */
export function unconfined(policy: SandboxPolicy): Enforcement {
  const reason = "mode 'process' confines nothing";
  const clauses = [
    ...(policy.mode === 'full-access' ? [] : ['mode', 'writableRoots']),
    ...['readDeny', 'protectedPaths', 'privateTmp'],
    ...(policy.network === 'full' ? [] : ['network']),
    ...(['cpuMs', 'memoryBytes', 'processes', 'fileBytes'] as const)
      .filter((limit) => policy.limits?.[limit] !== undefined)
      .map((limit) => `limits.${limit}`),
  ];
  return {
    mode: 'process',
    backend: 'none',
    level: 'none',
    landlock: null,
    namespaces: [],
    seccomp: false,
    cgroup: null,
    weaker: clauses.map((clause): Weakness => ({ clause, reason })),
  };
}
