/** Decides the configuration: default < `fishplate.config.json` < environment < what the caller of createRuntime gives. */

import { isAbsolute } from 'node:path';

import type { SandboxPolicy } from '@fishplate/sandbox';

import { STATE_FOLDER } from '../session/state-folder.js';
import { type ConfigLevels, type ConfigSources, readLevels } from './levels.js';
import {
  type AskedEngine,
  CONFIG_DEFAULTS,
  CONFIG_FILE,
  type EngineTrack,
  type ResolvedConfig,
  type RuntimeConfig,
  ofEachTrack,
} from './schema.js';

export type { ConfigSources } from './levels.js';

/**
 * Reads and merges the configuration.
 *
 * @throws FishplateError `CONFIG_UNREADABLE` (not JSON, with line and column), `CONFIG_INVALID` (with the entry) or
 * `CONFIG_UNTRUSTED`.
 */
export function loadConfig(sources: ConfigSources): ResolvedConfig {
  return resolveConfig(readLevels(sources));
}

/** Merges what the places say. */
export function resolveConfig(read: ConfigLevels): ResolvedConfig {
  const levels = read.levels.map(({ config }) => config);
  const engine = (track: EngineTrack): AskedEngine => ({
    file: engineOf(read, 'file', track),
    call: engineOf(read, 'call', track),
  });
  return {
    engines: ofEachTrack(engine),
    sandbox: sandboxOf(levels),
    permissions: permissionsOf(levels),
    limits: merge<ResolvedConfig['limits']>(CONFIG_DEFAULTS.limits, ...levels.map(({ limits }) => limits)),
    undo: merge<ResolvedConfig['undo']>(CONFIG_DEFAULTS.undo, ...levels.map(({ undo }) => undo)),
    sessions: merge<ResolvedConfig['sessions']>(
      { directory: undefined, keepDays: undefined, keepBytes: undefined },
      ...levels.map(({ sessions }) => sessions),
    ),
    file: read.hasFile ? read.path : null,
  };
}

/** The environment stands between the two, and is weighed at each use. */
function engineOf({ levels }: ConfigLevels, owner: 'file' | 'call', track: EngineTrack): AskedEngine['file'] {
  const own = levels.filter((level) => level.owner === owner);
  return own.findLast(({ config }) => config[track]?.engine !== undefined)?.config[track]?.engine;
}

function directoryOf(levels: readonly RuntimeConfig[]): string | undefined {
  return levels.findLast(({ sessions }) => sessions?.directory !== undefined)?.sessions?.directory;
}

/** The policy as a whole: the last level that has one gives it. No command may change the rules it runs under, nor what sessions keep. */
function sandboxOf(levels: readonly RuntimeConfig[]): ResolvedConfig['sandbox'] {
  const mode = levels.findLast(({ sandbox }) => sandbox?.mode !== undefined)?.sandbox?.mode;
  const policy = levels.findLast(({ sandbox }) => sandbox?.policy !== undefined)?.sandbox?.policy;
  const directory = directoryOf(levels);
  const { protectedPaths = [], ...rest } = (policy ?? {}) as SandboxPolicy;
  const own = [
    CONFIG_FILE,
    STATE_FOLDER,
    ...(directory === undefined || isAbsolute(directory) ? [] : [directory]),
  ];
  return { mode, policy: { ...rest, protectedPaths: [...protectedPaths, ...own] } };
}

/** Denials and questions of all levels count together; of what is allowed the last level decides. */
function permissionsOf(levels: readonly RuntimeConfig[]): ResolvedConfig['permissions'] {
  const all = (kind: 'deny' | 'ask'): string[] =>
    levels.flatMap(({ permissions }) => permissions?.[kind] ?? []);
  const last = levels.map(({ permissions }) => permissions);
  return {
    deny: all('deny'),
    ask: all('ask'),
    allow: last.findLast((level) => level?.allow !== undefined)?.allow ?? [],
    otherwise: last.findLast((level) => level?.otherwise !== undefined)?.otherwise,
  };
}

/** Later levels win, entry by entry. */
function merge<Part extends object>(base: Part, ...levels: readonly (object | undefined)[]): Part {
  const entries = levels.flatMap((level) => Object.entries(level ?? {}) as [string, unknown][]);
  return { ...base, ...Object.fromEntries(entries.filter(([, value]) => value !== undefined)) };
}
