/**
 * What the configuration file of a workspace may not say by itself.
 *
 * The file comes with the repository: whoever wrote that must not be able to take down the sandbox of whoever opens it.
 */

import type { SandboxModeFlag } from '@fishplate/sandbox';

import type { RuntimeConfig } from './schema.js';

/** The environment variable by which a person vouches for the file. */
export const TRUST_VARIABLE = 'FISHPLATE_TRUST_WORKSPACE';

/** Entries of a policy that only ever take away from what commands may do. */
const TIGHTENING: Readonly<Record<string, (value: unknown) => boolean>> = {
  mode: (value) => value !== 'full-access',
  network: (value) => value === 'none',
  protectedPaths: () => true,
  protectDefaults: (value) => value === true,
  privateTmp: (value) => value === true,
  limits: () => true,
  require: (value) => value !== 'none',
};

/** Entries of a workspace's file that could let commands do more than they may without it. */
export function loosenedBy(file: RuntimeConfig): string[] {
  const { mode, engine, policy = {} } = file.sandbox ?? {};
  const loosening = Object.entries(policy)
    .filter(([entry, value]) => !(Object.hasOwn(TIGHTENING, entry) && TIGHTENING[entry]!(value)))
    .map(([entry]) => `sandbox.policy.${entry}`);
  if (isLooseMode(mode)) loosening.unshift('sandbox.mode');
  if (engine === 'fallback') loosening.push('sandbox.engine');
  // Where undo is kept, and what is forgotten, is the person's to say.
  for (const entry of ['directory', 'keepDays', 'keepBytes'] as const) {
    if (file.sessions?.[entry] !== undefined) loosening.push(`sessions.${entry}`);
  }
  if (file.permissions?.allow !== undefined) loosening.push('permissions.allow');
  if (file.permissions?.otherwise === 'allow') loosening.push('permissions.otherwise');
  const modes = file.rollout?.['sandbox.mode'];
  if ([modes?.value, modes?.otherwise].some(isLooseMode)) loosening.push('rollout.sandbox.mode');
  const engines = file.rollout?.['sandbox.engine'];
  if (engines?.value === 'fallback' || engines?.otherwise === 'fallback') {
    loosening.push('rollout.sandbox.engine');
  }
  return loosening;
}

function isLooseMode(mode: SandboxModeFlag | undefined): boolean {
  return mode !== undefined && mode !== 'auto' && mode !== 'native';
}
