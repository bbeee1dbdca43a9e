/** A track's engine: the binding, loaded on first use, the choice for each call, and the report on both. */

import { type Binding, type BindingSource, type LoadedBinding, loadBinding } from './binding';
import { chooseEngine, type ChoiceSource, type EngineChoice, type EngineName } from './choice';
import { type FishplateError, isFishplateError } from './errors';

/** Which engine a track uses here, and why. */
export interface CapabilityReport {
  readonly track: string;
  readonly asked: EngineChoice;
  readonly askedBy: ChoiceSource;
  /** The engine that runs; null where the one asked for cannot. */
  readonly engine: EngineName | null;
  /** Version of the library. */
  readonly version: string;
  /** Why this engine, in one sentence. */
  readonly reason: string;
  /** The binding in use. */
  readonly binding?: { readonly path: string; readonly version: string };
  /** What would give a better engine, where there is one. */
  readonly improve?: string;
}

/** What a track's library says of itself. */
export interface TrackDescription extends BindingSource {
  readonly track: string;
  /** Loads the binding in place of the loader; tests use it. */
  readonly load?: (source: BindingSource) => LoadedBinding<Binding>;
}

/** Chooses between a track's native engine and its fallback. */
export class TrackEngine<Native extends Binding> {
  /** The outcome of the only attempt: loading again would answer the same. */
  private loaded: LoadedBinding<Native> | FishplateError | undefined;

  constructor(private readonly description: TrackDescription) {}

  /**
   * The binding to use for a call, or null for the fallback.
   *
   * @throws FishplateError where native was asked for and cannot be had, or the choice is no known word.
   */
  select(call?: EngineChoice): Native | null {
    const { asked } = chooseEngine({ track: this.description.track, call });
    if (asked === 'fallback') return null;
    const outcome = this.attempt();
    if (!isFishplateError(outcome)) return outcome.native;
    if (asked === 'native') throw outcome;
    return null;
  }

  /** Reports the engine that a call would use, without throwing where it can't be had. */
  capability(
    choice: { config?: EngineChoice | undefined; call?: EngineChoice | undefined } = {},
  ): CapabilityReport {
    const { track, version } = this.description;
    const chosen = chooseEngine({ track, ...choice });
    const base = { track, version, asked: chosen.asked, askedBy: chosen.askedBy };
    if (chosen.asked === 'fallback') {
      return { ...base, engine: 'js', reason: `fallback was asked for by ${chosen.askedBy}` };
    }
    const outcome = this.attempt();
    if (!isFishplateError(outcome)) {
      const { path, version: bindingVersion } = outcome;
      return {
        ...base,
        engine: 'native',
        reason: 'the binding loaded',
        binding: { path, version: bindingVersion },
      };
    }
    const engine = chosen.asked === 'native' ? null : 'js';
    return { ...base, engine, reason: `${outcome.code}: ${outcome.message}`, improve: outcome.hint };
  }

  private attempt(): LoadedBinding<Native> | FishplateError {
    if (this.loaded === undefined) {
      try {
        this.loaded = (this.description.load ?? loadBinding)(this.description) as LoadedBinding<Native>;
      } catch (error) {
        if (!isFishplateError(error)) throw error;
        this.loaded = error;
      }
    }
    return this.loaded;
  }
}
