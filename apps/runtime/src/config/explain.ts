/** Says what is in force, entry by entry, and who said so: for `fishplate config`. */

import { chooseEngine, engineVariable } from '@fishplate/engine';

import { resolveConfig } from './load.js';
import { CONFIG_VARIABLES, type ConfigLevels, type ConfigSources, readLevels } from './levels.js';
import type { RolloutDecision } from './rollout.js';
import { CONFIG_DEFAULTS, configJsonSchema, ENGINE_TRACKS } from './schema.js';

/** What one place says of an entry. */
export interface Contribution {
  readonly source: 'default' | 'rollout' | 'file' | 'environment' | 'call';
  /** Path of the file, or name of the variable; empty where the source says it all. */
  readonly place: string;
  readonly value: unknown;
}

/** One entry of the configuration. */
export interface ExplainedEntry {
  /** For example `limits.maxFileBytes`. */
  readonly name: string;
  /** What is in force; null where nothing is set. */
  readonly value: unknown;
  readonly source: Contribution['source'];
  readonly place: string;
  /** Everybody who said something, the one who wins last. */
  readonly from: readonly Contribution[];
  /** True where what they say adds up. */
  readonly adds: boolean;
}

/** The whole configuration. */
export interface ExplainedConfig {
  readonly workspace: string;
  /** Path of the file, or null where there is none. */
  readonly file: string | null;
  readonly entries: readonly ExplainedEntry[];
  readonly rollouts: readonly RolloutDecision[];
}

/** Explains the configuration of a workspace. @throws FishplateError as `loadConfig`, and `ENGINE_CHOICE_INVALID`. */
export function explainConfig(sources: ConfigSources): ExplainedConfig {
  const env = sources.env ?? process.env;
  const read = readLevels(sources);
  const resolved = resolveConfig(read);
  for (const track of ENGINE_TRACKS) {
    const { file, call } = resolved.engines[track];
    chooseEngine({ track, config: file, call, env });
  }
  const entries = entryNames(configJsonSchema()).map((name): ExplainedEntry => {
    const from = contributions(name, read, env);
    const { source, place, value } = from.at(-1)!;
    const adds = name === 'permissions.deny' || name === 'permissions.ask';
    return {
      name,
      value: adds || name === 'sandbox.policy' ? valueAt(resolved, name) : value,
      source,
      place,
      from,
      adds,
    };
  });
  return { workspace: sources.workspace, file: resolved.file, entries, rollouts: read.rollouts };
}

const DEFAULTS: Readonly<Record<string, unknown>> = {
  'sandbox.mode': 'auto',
  'sandbox.policy': {},
  'permissions.deny': [],
  'permissions.ask': [],
  'permissions.allow': [],
  'permissions.otherwise': null,
  'sessions.directory': '.fishplate',
  'sessions.keepDays': null,
  'sessions.keepBytes': null,
};

function contributions(
  name: string,
  { path, levels }: ConfigLevels,
  env: NonNullable<ConfigSources['env']>,
): Contribution[] {
  const said = levels.flatMap(({ source, owner, config }): Contribution[] => {
    const value = valueAt(config, name);
    if (source === 'environment') return environmentOf(name, env, value);
    if (value === undefined) return [];
    return [{ source, place: owner === 'file' ? path : '', value }];
  });
  return [{ source: 'default', place: '', value: defaultOf(name) }, ...said];
}

function environmentOf(name: string, env: NonNullable<ConfigSources['env']>, value: unknown): Contribution[] {
  const track = ENGINE_TRACKS.find((candidate) => name === `${candidate}.engine`);
  if (track !== undefined) {
    const place = engineVariable(track);
    return env[place] ? [{ source: 'environment', place, value: env[place] }] : [];
  }
  const [place] = Object.entries(CONFIG_VARIABLES).find(([, entry]) => entry.join('.') === name) ?? [];
  return place === undefined || value === undefined ? [] : [{ source: 'environment', place, value }];
}

function defaultOf(name: string): unknown {
  if (name.endsWith('.engine')) return 'auto';
  return Object.hasOwn(DEFAULTS, name) ? DEFAULTS[name] : valueAt(CONFIG_DEFAULTS, name);
}

function valueAt(value: unknown, name: string): unknown {
  let found = value;
  for (const part of name.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, part)) return undefined;
    found = (found as Record<string, unknown>)[part];
  }
  return found;
}

/** Names of all entries that can be set, as the schema has them. */
function entryNames(schema: JsonObject, prefix = ''): string[] {
  return Object.entries(schema['properties'] as Readonly<Record<string, JsonObject>>).flatMap(
    ([key, inner]) => {
      if (prefix === '' && (key === '$schema' || key === 'rollout')) return [];
      return inner['properties'] === undefined ? [prefix + key] : entryNames(inner, `${prefix}${key}.`);
    },
  );
}

type JsonObject = Readonly<Record<string, unknown>>;
