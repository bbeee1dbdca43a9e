/** The binding: its types, and the engine that loads it. */

import { type CapabilityReport, type EngineChoice, TrackEngine } from '@fishplate/engine';

import { checkOptions } from './input';

/** The generated surface of the binding; private to this package. */
export type JsonNative = typeof import('@fishplate/json-native');

// One level below the package root both as src/ and as dist/.
const { version } = require('../package.json') as { version: string };

const engine = new TrackEngine<JsonNative>({
  track: 'json',
  require,
  nativePackage: '@fishplate/json-native',
  binaryName: 'json',
  version,
});

/** The binding for a call, or null for the fallback. */
export function selectNative(choice: EngineChoice | undefined): JsonNative | null {
  return engine.select(choice);
}

/** Which engine calls will use, and why. `config` is what a host's config file asks for. @throws FishplateError `OPTION_INVALID`. */
export function capability(choice?: {
  config?: EngineChoice | undefined;
  call?: EngineChoice | undefined;
}): CapabilityReport {
  return engine.capability(checkOptions(choice));
}
