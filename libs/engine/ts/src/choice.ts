/** Engine choice: default < config < environment < call; the later one wins. */

import { ENGINE_CODES } from './codes';

/** What may be asked for. `auto` takes the native engine where it loads, else the fallback. */
export type EngineChoice = 'auto' | 'native' | 'fallback';

/** What runs in the end: the Rust core in process, the same core as WebAssembly, or JavaScript. */
export type EngineName = 'native' | 'wasm' | 'js';

/** The place that decided. */
export type ChoiceSource = 'default' | 'config' | 'environment' | 'call';

/** The choices in force, from which one is taken. */
export interface EngineRequest {
  /** Track name, for example `diff`; gives the variable `FISHPLATE_DIFF_ENGINE`. */
  readonly track: string;
  /** From a config file; only the runtime reads one and passes it down. */
  readonly config?: EngineChoice | undefined;
  /** From the call's own options. */
  readonly call?: EngineChoice | undefined;
  /** Environment to read; `process.env` unless given. An empty variable counts as unset. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A choice, and who made it. */
export interface ChosenEngine {
  readonly asked: EngineChoice;
  readonly askedBy: ChoiceSource;
}

const CHOICES: ReadonlySet<string> = new Set<EngineChoice>(['auto', 'native', 'fallback']);

/** The environment variable that chooses the engine of `track`. */
export function engineVariable(track: string): string {
  return `FISHPLATE_${track.toUpperCase()}_ENGINE`;
}

/**
 * Takes the choice that wins.
 *
 * @throws FishplateError `ENGINE_CHOICE_INVALID` where the winning place holds another word.
 */
export function chooseEngine(request: EngineRequest): ChosenEngine {
  if (request.call !== undefined) {
    return { asked: checked(request.call, 'the call option `engine`'), askedBy: 'call' };
  }
  const variable = engineVariable(request.track);
  const fromEnvironment = (request.env ?? process.env)[variable];
  if (fromEnvironment) {
    return {
      asked: checked(fromEnvironment, `the environment variable ${variable}`),
      askedBy: 'environment',
    };
  }
  if (request.config !== undefined) {
    return { asked: checked(request.config, `the config entry ${request.track}.engine`), askedBy: 'config' };
  }
  return { asked: 'auto', askedBy: 'default' };
}

function checked(word: unknown, place: string): EngineChoice {
  if (typeof word === 'string' && CHOICES.has(word)) return word as EngineChoice;
  throw ENGINE_CODES.error('ENGINE_CHOICE_INVALID', `${place} holds ${JSON.stringify(word)}`);
}
