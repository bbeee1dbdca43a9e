/** Decides flags that only a share of installations gets: by a hash, so that who is in stays in while the share grows. */

import { createHash } from 'node:crypto';

import type { RuntimeConfig } from './schema.js';

/** What a rollout comes to in this installation. */
export interface RolloutDecision {
  /** For example `storage.engine`. */
  readonly flag: string;
  readonly share: number;
  /** Name that the hash is made with. */
  readonly cohort: string;
  /** Where this installation stands, from 0 to 1; it is in where that is below the share. */
  readonly position: number;
  readonly included: boolean;
  /** Undefined where the rollout says nothing for those outside. */
  readonly value: string | undefined;
}

/** Places an installation in a cohort: from 0 to 1, evenly, and the same for the same names. */
export function cohortPosition(cohort: string, installation: string): number {
  const hash = createHash('sha256').update(`${cohort}\0${installation}`).digest();
  return hash.readUIntBE(0, 6) / 2 ** 48;
}

/** Decides every rollout of a place, and says it as configuration. */
export function decideRollouts(
  rollout: NonNullable<RuntimeConfig['rollout']>,
  installation: string,
): { readonly config: RuntimeConfig; readonly decisions: readonly RolloutDecision[] } {
  const config: Record<string, Record<string, string>> = {};
  const decisions: RolloutDecision[] = [];
  for (const [flag, rule] of Object.entries(rollout)) {
    if (rule === undefined) continue;
    const { share, cohort = flag } = rule;
    const position = cohortPosition(cohort, installation);
    const included = position < share;
    const value = included ? rule.value : rule.otherwise;
    decisions.push({ flag, share, cohort, position, included, value });
    if (value === undefined) continue;
    const [part, key] = flag.split('.') as [string, string];
    (config[part] ??= {})[key] = value;
  }
  return { config, decisions };
}
