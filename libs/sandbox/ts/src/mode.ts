/** Mode choice: default < config < environment < call; the later one wins. */

import { SANDBOX_CODES } from './codes';
import type { SandboxModeFlag } from './types';

const MODES: ReadonlySet<string> = new Set<SandboxModeFlag>(['auto', 'native', 'docker', 'process']);

/** The environment variable that chooses the mode. */
export const MODE_VARIABLE = 'FISHPLATE_SANDBOX_MODE';

/** The mode that is asked for. @throws FishplateError `OPTION_INVALID` where the winning place holds another word. */
export function chooseMode(
  call: SandboxModeFlag | undefined,
  env: NodeJS.ProcessEnv = process.env,
): SandboxModeFlag {
  if (call !== undefined) return checked(call, 'the option `mode`');
  const fromEnvironment = env[MODE_VARIABLE];
  return fromEnvironment ? checked(fromEnvironment, `the environment variable ${MODE_VARIABLE}`) : 'auto';
}

function checked(word: unknown, place: string): SandboxModeFlag {
  if (typeof word === 'string' && MODES.has(word)) return word as SandboxModeFlag;
  throw SANDBOX_CODES.error(
    'OPTION_INVALID',
    `${place} must be ${[...MODES].join(', ')}, and is ${JSON.stringify(word)}`,
  );
}
