/** The binding: its types, the engine that loads it, and the translation of its errors. */

import { type CapabilityReport, type EngineChoice, engineErrors, TrackEngine } from '@fishplate/engine';

import { GITIGNORE_CODES } from './codes';

/** The generated surface of the binding; private to this package. */
export type GitignoreNative = typeof import('@fishplate/gitignore-native');

// One level below the package root both as src/ and as dist/.
const { version } = require('../package.json') as { version: string };

const engine = new TrackEngine<GitignoreNative>({
  track: 'gitignore',
  require,
  nativePackage: '@fishplate/gitignore-native',
  binaryName: 'gitignore',
  version,
});

/** The binding for a call, or null for the fallback. */
export function selectNative(choice: EngineChoice | undefined): GitignoreNative | null {
  return engine.select(choice);
}

/** Which engine calls will use, and why. `config` is what a host's config file asks for. */
export function capability(choice?: {
  config?: EngineChoice | undefined;
  call?: EngineChoice | undefined;
}): CapabilityReport {
  return engine.capability(choice);
}

/** Errors of the engine as errors of this track. */
export const { coded, withCodes } = engineErrors(GITIGNORE_CODES);
