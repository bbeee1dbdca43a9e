/** The binding: its types, the engine that loads it, and the translation of its errors. */

import { isNativeError } from 'node:util/types';

import { type CapabilityReport, type EngineChoice, isFishplateError, TrackEngine } from '@fishplate/engine';

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

type GitignoreCode = keyof typeof GITIGNORE_CODES.entries;
const CODED_MESSAGE = new RegExp(`^(${Object.keys(GITIGNORE_CODES.entries).join('|')}): (.*)`, 's');

/** The error of an engine as an error of this track; a binding's message starts with its code. */
export function coded(error: unknown): unknown {
  if (isFishplateError(error) || !isNativeError(error)) return error;
  const [, code = 'ENGINE_FAULT', message = error.message] = CODED_MESSAGE.exec(error.message) ?? [];
  return GITIGNORE_CODES.error(code as GitignoreCode, message, { cause: error });
}

/** Runs `work` and gives its errors the codes of this track. */
export function withCodes<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw coded(error);
  }
}
