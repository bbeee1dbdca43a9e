/** The places that configuration comes from, each by itself: later ones win. */

import { join } from 'node:path';

import { RUNTIME_CODES } from '../codes.js';
import { checkConfig, readConfigFile } from './file.js';
import { installationId } from './installation.js';
import { decideRollouts, type RolloutDecision } from './rollout.js';
import { CONFIG_FILE, type RuntimeConfig } from './schema.js';
import { loosenedBy, TRUST_VARIABLE } from './trust.js';

/** Environment variables beside `FISHPLATE_<TRACK>_ENGINE`, and the entry each one sets. */
export const CONFIG_VARIABLES = {
  FISHPLATE_MAX_FILE_BYTES: ['limits', 'maxFileBytes'],
  FISHPLATE_MAX_READ_BYTES: ['limits', 'maxReadBytes'],
  FISHPLATE_MAX_INPUT_BYTES: ['limits', 'maxInputBytes'],
  FISHPLATE_MAX_LISTED_FILES: ['limits', 'maxListedFiles'],
  FISHPLATE_MAX_OUTPUT_BYTES: ['limits', 'maxOutputBytes'],
  FISHPLATE_UNDO_BUDGET_BYTES: ['undo', 'budgetBytes'],
  FISHPLATE_UNDO_MAX_FILE_BYTES: ['undo', 'maxFileBytes'],
  FISHPLATE_SANDBOX_MODE: ['sandbox', 'mode'],
  FISHPLATE_SESSIONS_DIRECTORY: ['sessions', 'directory'],
  FISHPLATE_SESSIONS_KEEP_DAYS: ['sessions', 'keepDays'],
  FISHPLATE_SESSIONS_KEEP_BYTES: ['sessions', 'keepBytes'],
} as const;

/** An environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where configuration comes from. */
export interface ConfigSources {
  /** Absolute path of the workspace, where the file is looked for. */
  readonly workspace: string;
  /** What the caller gives; wins over file and environment. */
  readonly call?: RuntimeConfig | undefined;
  /** Whether the file may loosen the sandbox; so does `FISHPLATE_TRUST_WORKSPACE=1`. */
  readonly trustWorkspace?: boolean | undefined;
  /** Environment to read; `process.env` unless given. An empty variable counts as unset. */
  readonly env?: Environment;
}

/** Configuration of each place. */
export interface ConfigLevels {
  /** Where the file is, or would be. */
  readonly path: string;
  readonly hasFile: boolean;
  /** Lowest first. A rollout counts for less than what stands beside it. */
  readonly levels: readonly ConfigLevel[];
  readonly rollouts: readonly RolloutDecision[];
}

/** Configuration of one place. */
export interface ConfigLevel {
  readonly source: 'rollout' | 'file' | 'environment' | 'call';
  /** Who may be asked to change it: that of the file and its rollouts comes with the workspace. */
  readonly owner: 'file' | 'environment' | 'call';
  readonly config: RuntimeConfig;
}

/** Reads every place. @throws FishplateError as `loadConfig` does. */
export function readLevels(sources: ConfigSources): ConfigLevels {
  const path = join(sources.workspace, CONFIG_FILE);
  const env = sources.env ?? process.env;
  const file = readConfigFile(path);
  if (file !== null && sources.trustWorkspace !== true && env[TRUST_VARIABLE] !== '1') checkTrust(file, path);
  const environment = readEnvironment(env);
  const call = checkConfig(sources.call ?? {}, 'the config given to createRuntime');
  const fromFile = rollOut(file ?? {}, env);
  const fromCall = rollOut(call, env);
  return {
    path,
    hasFile: file !== null,
    levels: [
      { source: 'rollout', owner: 'file', config: fromFile.config },
      { source: 'file', owner: 'file', config: file ?? {} },
      { source: 'environment', owner: 'environment', config: environment },
      { source: 'rollout', owner: 'call', config: fromCall.config },
      { source: 'call', owner: 'call', config: call },
    ],
    rollouts: [...fromFile.decisions, ...fromCall.decisions],
  };
}

/** The installation is asked who it is only where a rollout needs it. */
function rollOut(
  { rollout }: RuntimeConfig,
  env: Environment,
): { config: RuntimeConfig; decisions: readonly RolloutDecision[] } {
  if (rollout === undefined || Object.keys(rollout).length === 0) return { config: {}, decisions: [] };
  return decideRollouts(rollout, installationId(env).id);
}

function checkTrust(file: RuntimeConfig, path: string): void {
  const loosened = loosenedBy(file);
  if (loosened.length === 0) return;
  throw RUNTIME_CODES.error('CONFIG_UNTRUSTED', `${path} loosens the sandbox: ${loosened.join(', ')}`, {
    details: { path, entries: loosened },
  });
}

function readEnvironment(env: Readonly<Record<string, string | undefined>>): RuntimeConfig {
  const config: Record<string, Record<string, unknown>> = {};
  for (const [variable, [part, key]] of Object.entries(CONFIG_VARIABLES)) {
    const word = env[variable];
    if (!word) continue;
    const value = /^\d+$/.test(word) ? Number(word) : word;
    checkConfig({ [part]: { [key]: value } }, `the environment variable ${variable}`);
    (config[part] ??= {})[key] = value;
  }
  return config;
}
