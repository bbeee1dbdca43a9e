/** Which engine each track uses in this runtime, and what stands in where a track has not landed. */

import { capability as diffCapability } from '@fishplate/diff';
import type { CapabilityReport } from '@fishplate/engine';
import { capability as gitignoreCapability } from '@fishplate/gitignore';
import { capability as jsonCapability } from '@fishplate/json';
import {
  getSandboxCapabilities,
  capability as sandboxCapability,
  type SandboxCapabilities,
} from '@fishplate/sandbox';
import { capability as storageCapability } from '@fishplate/storage';
import { capability as symbolsCapability } from '@fishplate/symbols';
import { capability as tokenizerCapability } from '@fishplate/tokenizer';
import { capability as vectorCapability } from '@fishplate/vector';

import { ENGINE_TRACKS, type EngineTrack, type ResolvedConfig } from './config/schema.js';
import { packageVersion } from './version.js';

/** A track whose library is in use: its own report. */
export interface LandedTrack extends CapabilityReport {
  readonly state: 'landed';
}

/** A track whose part is played by something simpler for now, or not at all. */
export interface InterimTrack {
  readonly state: 'interim' | 'absent';
  readonly track: string;
  /** What stands in; null where nothing does. */
  readonly engine: string | null;
  /** What that means for users. */
  readonly reason: string;
}

/** One track. */
export type TrackCapability = LandedTrack | InterimTrack;

/** What a runtime can do. */
export interface RuntimeCapabilities {
  /** Version of this package. */
  readonly version: string;
  readonly workspace: string;
  /** Path of the config file in force, or null. */
  readonly configFile: string | null;
  readonly tracks: readonly TrackCapability[];
  /** What can confine commands here, found out by trying. */
  readonly sandbox: SandboxCapabilities;
}

/** Reports on every track. Loads the bindings that `auto` or `native` ask for. */
export function reportCapabilities(workspace: string, config: ResolvedConfig): RuntimeCapabilities {
  const landed = ENGINE_TRACKS.map((track): LandedTrack => {
    const { file, call } = config.engines[track];
    return { state: 'landed', ...CAPABILITY[track]({ config: file, call }) };
  });
  return {
    version: packageVersion(),
    workspace,
    configFile: config.file,
    tracks: [...landed, ...INTERIM_TRACKS],
    sandbox: getSandboxCapabilities(),
  };
}

const CAPABILITY = {
  diff: diffCapability,
  gitignore: gitignoreCapability,
  json: jsonCapability,
  sandbox: sandboxCapability,
  storage: storageCapability,
  symbols: symbolsCapability,
  tokenizer: tokenizerCapability,
  vector: vectorCapability,
} as const satisfies Record<EngineTrack, unknown>;

const INTERIM_TRACKS: readonly InterimTrack[] = [];
