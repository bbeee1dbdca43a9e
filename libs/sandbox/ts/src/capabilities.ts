/** What this machine can hold. */

import { isFishplateError } from '@fishplate/engine';

import { probeDockerNow } from './execute/docker-client';
import { unconfined } from './execute/process';
import { helperPath } from './helper';
import { selectNative, withCodes } from './native';
import type { Enforcement } from './types';

/** What this machine can hold, found out by trying. */
export interface SandboxCapabilities extends Enforcement {
  /** By which means the kernel confines, strongest first: `userNamespaces`, `privilegedNamespaces`, `landlockOnly`; `seatbelt`, `appContainer`; null: none. */
  readonly means: string | null;
  /** What does not work here, and what the system said. */
  readonly unavailable: readonly { readonly means: string; readonly reason: string }[];
}

interface Found {
  readonly means: string | null;
  readonly enforcement: Omit<Enforcement, 'mode' | 'level'>;
  readonly unavailable: readonly (readonly [string, string])[];
}

/** What this machine can hold of an empty policy. Probes once a process, some 10 ms; never throws. */
export function getSandboxCapabilities(): SandboxCapabilities {
  try {
    const native = selectNative(undefined);
    if (native === null) return unable('the native engine is not loaded');
    const found = JSON.parse(withCodes(() => native.capabilities(helperPath()))) as Found;
    const unavailable = found.unavailable.map(([means, reason]) => ({ means, reason }));
    if (found.means === null) return { ...unable('nothing confines here'), unavailable };
    const { enforcement } = found;
    const level = enforcement.weaker.length === 0 ? 'full' : 'kernel';
    return { mode: 'native', level, ...enforcement, means: found.means, unavailable };
  } catch (error) {
    if (!isFishplateError(error)) throw error;
    return unable(error.message);
  }
}

/** Docker is the next best; without it, nothing. */
function unable(reason: string): SandboxCapabilities {
  const docker = probeDockerNow();
  const native = { means: 'native', reason };
  const none = { ...unconfined({}), means: null };
  if ('reason' in docker)
    return { ...none, unavailable: [native, { means: 'docker', reason: docker.reason }] };
  return { ...none, mode: 'docker', backend: 'docker', level: 'kernel', unavailable: [native] };
}
