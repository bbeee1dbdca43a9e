/**
 * What the configuration file of a workspace may not say by itself.
 *
 * The file comes with the repository: whoever wrote that must not be able to take down the sandbox of whoever opens it.
 */

import type { RuntimeConfig } from './schema.js';

/** The environment variable by which a person vouches for the file. */
export const TRUST_VARIABLE = 'FISHPLATE_TRUST_WORKSPACE';

/** Entries of a workspace's file that would let commands do more than they may without it. */
export function loosenedBy(file: RuntimeConfig): string[] {
  const { sandbox, permissions } = file;
  const policy = (sandbox?.policy ?? {}) as Record<string, unknown>;
  const env = (policy['env'] ?? {}) as Record<string, unknown>;
  const loosens: Readonly<Record<string, boolean>> = {
    'sandbox.mode': sandbox?.mode === 'process',
    'sandbox.policy.mode': policy['mode'] === 'full-access',
    'sandbox.policy.writableRoots': policy['writableRoots'] !== undefined,
    'sandbox.policy.network': policy['network'] !== undefined && policy['network'] !== 'none',
    'sandbox.policy.readDeny': policy['readDeny'] !== undefined,
    'sandbox.policy.protectDefaults': policy['protectDefaults'] === false,
    'sandbox.policy.privateTmp': policy['privateTmp'] === false,
    'sandbox.policy.require': policy['require'] === 'none',
    'sandbox.policy.env.pass': env['pass'] !== undefined,
    'permissions.allow': permissions?.allow !== undefined,
    'permissions.otherwise': permissions?.otherwise === 'allow',
  };
  return Object.keys(loosens).filter((entry) => loosens[entry]);
}
