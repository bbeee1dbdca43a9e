/** The binding: its types, the engine that loads it, and the translation of its errors. */

import {
  type CapabilityReport,
  type EngineChoice,
  engineErrors,
  engineVariable,
  TrackEngine,
} from '@fishplate/engine';

import { TOKENIZER_CODES } from './codes';
import type { SpecialRequest, TokenEngine } from './engine';
import { checkOptions } from './input';
import type { NativeZstd } from './zstd';

/** The generated surface of the binding; private to this package. */
export type TokenizerNative = typeof import('@fishplate/tokenizer-native');

// One level below the package root both as src/ and as dist/.
const { version } = require('../package.json') as { version: string };

const engine = new TrackEngine<TokenizerNative>({
  track: 'tokenizer',
  require,
  nativePackage: '@fishplate/tokenizer-native',
  binaryName: 'tokenizer',
  version,
});

/** Another name for `FISHPLATE_TOKENIZER_ENGINE=fallback`. */
const ALIAS = 'TOKENIZER_RS_DISABLE_NATIVE';

let native: NativeEngine | undefined;

/** The native engine for a call, or null for the fallback. */
export function selectNative(choice: EngineChoice | undefined): NativeEngine | null {
  const binding = engine.select(choice ?? byAlias());
  if (binding === null) return null;
  return (native ??= new NativeEngine(binding));
}

/** What {@link capability} takes: `config` is what a host's config file asks for, `call` what a call would. */
interface Asked {
  readonly config?: EngineChoice | undefined;
  readonly call?: EngineChoice | undefined;
}

/** Which engine calls will use, and why. @throws FishplateError `OPTION_INVALID`. */
export function capability(asked?: Asked): CapabilityReport {
  const choice = checkOptions(asked);
  if (choice.call !== undefined || byAlias() === undefined) return engine.capability(choice);
  const reason = `fallback was asked for by the environment variable ${ALIAS}`;
  return { ...engine.capability({ call: 'fallback' }), askedBy: 'environment', reason };
}

function byAlias(): EngineChoice | undefined {
  const { [engineVariable('tokenizer')]: chosen, [ALIAS]: alias } = process.env;
  return !chosen && (alias === '1' || alias === 'true') ? 'fallback' : undefined;
}

/** Errors of the engine as errors of this track. */
const { coded, withCodes } = engineErrors(TOKENIZER_CODES);

/** The binding as an engine; what zstd needs of it is {@link NativeEngine.binding}. */
export class NativeEngine implements TokenEngine {
  readonly slice = 1 << 17;

  constructor(readonly binding: TokenizerNative) {}

  count(text: string | Uint8Array, encoding: number): number {
    // No function of its own: this call is measured in hundreds of nanoseconds.
    try {
      return this.binding.count(text, encoding);
    } catch (error) {
      throw coded(error);
    }
  }

  countWithin(text: string | Uint8Array, encoding: number, limit: number): number {
    return withCodes(() => this.binding.countWithin(text, encoding, limit));
  }

  countBatch(texts: string[], start: number, end: number, encoding: number): Uint32Array {
    return withCodes(() => this.binding.countBatch(texts, start, end, encoding));
  }

  countSpecial(text: string | Uint8Array, encoding: number, { all, names }: SpecialRequest): number {
    return withCodes(() => this.binding.countSpecial(text, encoding, all, names));
  }

  encode(text: string | Uint8Array, encoding: number): Uint32Array {
    return withCodes(() => this.binding.encode(text, encoding));
  }

  encodeSpecial(text: string | Uint8Array, encoding: number, { all, names }: SpecialRequest): Uint32Array {
    return withCodes(() => this.binding.encodeSpecial(text, encoding, all, names));
  }

  findSpecial(text: string | Uint8Array, encoding: number, { all, names }: SpecialRequest): string | null {
    return withCodes(() => this.binding.findSpecial(text, encoding, all, names));
  }

  tokenEnds(text: string, encoding: number): Uint32Array {
    return withCodes(() => this.binding.tokenEnds(text, encoding));
  }

  decodeBytes(tokens: Uint32Array, encoding: number): Uint8Array {
    return withCodes(() => this.binding.decodeBytes(tokens, encoding));
  }

  decodeText(tokens: Uint32Array, encoding: number): string {
    return withCodes(() => this.binding.decodeText(tokens, encoding));
  }
}

/** zstd of the native engine, with the codes of this track. */
export function zstdOf(engine: NativeEngine | null): NativeZstd | null {
  if (engine === null) return null;
  const { binding } = engine;
  const later = <Result>(work: Promise<Result>): Promise<Result> =>
    work.catch((error: unknown) => {
      throw coded(error);
    });
  return {
    compress: (...args) => withCodes(() => binding.compress(...args)),
    compressAsync: (...args) => later(binding.compressAsync(...args)),
    decompress: (...args) => withCodes(() => binding.decompress(...args)),
    decompressAsync: (...args) => later(binding.decompressAsync(...args)),
    trainDictionary: (...args) => withCodes(() => binding.trainDictionary(...args)),
    trainDictionaryAsync: (...args) => later(binding.trainDictionaryAsync(...args)),
  };
}
