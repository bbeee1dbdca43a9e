/** Which engine each track uses in this runtime. */

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

/** What a runtime can do. */
export interface RuntimeCapabilities {
  /** Version of this package. */
  readonly version: string;
  readonly workspace: string;
  /** Path of the config file in force, or null. */
  readonly configFile: string | null;
  /** The report of each track's library. */
  readonly tracks: readonly CapabilityReport[];
  /** What can confine commands here, found out by trying. */
  readonly sandbox: SandboxCapabilities;
}

/** Reports on every track. Loads the bindings that `auto` or `native` ask for. */
export function reportCapabilities(workspace: string, config: ResolvedConfig): RuntimeCapabilities {
  const tracks = ENGINE_TRACKS.map((track) => {
    const { file, call } = config.engines[track];
    return CAPABILITY[track]({ config: file, call });
  });
  return {
    version: packageVersion(),
    workspace,
    configFile: config.file,
    tracks,
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
