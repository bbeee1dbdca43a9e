/** zstd: what the native engine does, and what can be done without it. */

import type { EngineChoice } from '@fishplate/engine';

import { TOKENIZER_CODES } from './codes';
import { checkCount, checkOptions, isBytes, isShared, kind } from './input';

/** Options of {@link compress}. */
export interface CompressOptions {
  /** From -7, the fastest, to 22; 3 unless given. */
  readonly level?: number;
  /** From {@link trainDictionary}; needs the native engine. */
  readonly dictionary?: Uint8Array;
  readonly engine?: EngineChoice;
}

/** Options of {@link decompress}. */
export interface DecompressOptions {
  /** Bytes of the result, at most. */
  readonly maxBytes: number;
  /** The one that the data was compressed with; needs the native engine. */
  readonly dictionary?: Uint8Array;
  readonly engine?: EngineChoice;
}

/** Options of {@link trainDictionary}. */
export interface TrainOptions {
  /** Bytes of the dictionary, at most; 16 KiB unless given. */
  readonly maxBytes?: number;
  readonly engine?: EngineChoice;
}

/** What the binding offers. */
export interface NativeZstd {
  compress(data: Uint8Array, level: number, dictionary: Uint8Array): Uint8Array;
  compressAsync(data: Uint8Array, level: number, dictionary: Uint8Array): Promise<Uint8Array>;
  decompress(data: Uint8Array, maxBytes: number, dictionary: Uint8Array): Uint8Array;
  decompressAsync(data: Uint8Array, maxBytes: number, dictionary: Uint8Array): Promise<Uint8Array>;
  trainDictionary(samples: Uint8Array[], maxBytes: number): Uint8Array;
  trainDictionaryAsync(samples: Uint8Array[], maxBytes: number): Promise<Uint8Array>;
}

type Select = (choice: EngineChoice | undefined) => NativeZstd | null;
let selectZstd: Select = () => null;

/** Gives the functions a native engine; the entry for browsers does not. */
export function offerZstd(select: Select): void {
  selectZstd = select;
}

const NOTHING = new Uint8Array(0);
const MOST_BYTES = 2 ** 53 - 1;

/**
 * Data as one zstd frame, with its size and a checksum. A string is written as UTF-8. Without the native engine the frame holds
 * the data as it is: any zstd reads it, and it is no smaller.
 *
 * @throws FishplateError `INPUT_INVALID`, `OPTION_INVALID`, `NATIVE_ONLY`.
 */
export function compress(data: string | Uint8Array, options?: CompressOptions): Uint8Array {
  const { native, bytes, level, dictionary } = checkCompress(data, options);
  return native === null ? script().storedFrame(bytes) : native.compress(bytes, level, dictionary);
}

/** {@link compress} on a thread, from a copy of the data. @throws FishplateError as compress. */
export async function compressAsync(
  data: string | Uint8Array,
  options?: CompressOptions,
): Promise<Uint8Array> {
  const { native, bytes, level, dictionary } = checkCompress(data, options);
  return native === null ? script().storedFrame(bytes) : native.compressAsync(bytes, level, dictionary);
}

/**
 * The data of one or more zstd frames, whoever wrote them.
 *
 * @throws FishplateError `OUTPUT_TOO_LARGE` as soon as there is more than `maxBytes`, `DATA_DAMAGED`, `INPUT_INVALID`,
 * `OPTION_INVALID`, `NATIVE_ONLY`.
 */
export function decompress(data: Uint8Array, options: DecompressOptions): Uint8Array {
  const { native, bytes, maxBytes, dictionary } = checkDecompress(data, options);
  return native === null
    ? script().readFrames(bytes, maxBytes)
    : native.decompress(bytes, maxBytes, dictionary);
}

/** {@link decompress} on a thread, from a copy of the data. @throws FishplateError as decompress. */
export async function decompressAsync(data: Uint8Array, options: DecompressOptions): Promise<Uint8Array> {
  const { native, bytes, maxBytes, dictionary } = checkDecompress(data, options);
  return native === null
    ? script().readFrames(bytes, maxBytes)
    : native.decompressAsync(bytes, maxBytes, dictionary);
}

/**
 * A dictionary for payloads that are small and alike, such as messages of one kind: give some hundred of them.
 *
 * @throws FishplateError `SAMPLES_UNFIT`, `INPUT_INVALID`, `OPTION_INVALID`, `NATIVE_ONLY`.
 */
export function trainDictionary(
  samples: readonly (string | Uint8Array)[],
  options?: TrainOptions,
): Uint8Array {
  const { native, bytes, maxBytes } = checkTrain(samples, options);
  return native.trainDictionary(bytes, maxBytes);
}

/** {@link trainDictionary} on a thread, from copies of the samples. @throws FishplateError as trainDictionary. */
export async function trainDictionaryAsync(
  samples: readonly (string | Uint8Array)[],
  options?: TrainOptions,
): Promise<Uint8Array> {
  const { native, bytes, maxBytes } = checkTrain(samples, options);
  return native.trainDictionaryAsync(bytes, maxBytes);
}

function checkCompress(
  data: unknown,
  options: CompressOptions | undefined,
): { native: NativeZstd | null; bytes: Uint8Array; level: number; dictionary: Uint8Array } {
  const { engine, level, dictionary } = checkOptions(options);
  const native = selectZstd(engine);
  return {
    native,
    bytes: asBytes(data, 'data'),
    level: checkCount(level ?? 3, 'level', -7, 22),
    dictionary: checkDictionary(dictionary, native),
  };
}

function checkDecompress(
  data: unknown,
  options: DecompressOptions,
): { native: NativeZstd | null; bytes: Uint8Array; maxBytes: number; dictionary: Uint8Array } {
  const { engine, maxBytes, dictionary } = checkOptions(options);
  const native = selectZstd(engine);
  if (!isBytes(data)) {
    throw TOKENIZER_CODES.error('INPUT_INVALID', `data must be a Uint8Array, and is ${kind(data)}`);
  }
  return {
    native,
    bytes: unshared(data),
    maxBytes: checkCount(maxBytes, 'maxBytes', 0, MOST_BYTES),
    dictionary: checkDictionary(dictionary, native),
  };
}

function checkTrain(
  samples: unknown,
  options: TrainOptions | undefined,
): { native: NativeZstd; bytes: Uint8Array[]; maxBytes: number } {
  const { engine, maxBytes } = checkOptions(options);
  const native = selectZstd(engine);
  if (native === null) throw TOKENIZER_CODES.error('NATIVE_ONLY', 'trainDictionary needs the native engine');
  if (!Array.isArray(samples)) {
    throw TOKENIZER_CODES.error('INPUT_INVALID', `samples must be an array, and is ${kind(samples)}`);
  }
  const bytes = Array.from(samples, (sample, index) => asBytes(sample, `samples[${index}]`));
  return { native, bytes, maxBytes: checkCount(maxBytes ?? 16 << 10, 'maxBytes', 256, 1 << 27) };
}

function checkDictionary(dictionary: unknown, native: NativeZstd | null): Uint8Array {
  if (dictionary === undefined) return NOTHING;
  if (!isBytes(dictionary)) {
    throw TOKENIZER_CODES.error(
      'OPTION_INVALID',
      `dictionary must be a Uint8Array, and is ${kind(dictionary)}`,
    );
  }
  if (native === null) throw TOKENIZER_CODES.error('NATIVE_ONLY', 'a dictionary needs the native engine');
  return unshared(dictionary);
}

function asBytes(data: unknown, name: string): Uint8Array {
  if (typeof data === 'string') return new TextEncoder().encode(data);
  if (isBytes(data)) return unshared(data);
  throw TOKENIZER_CODES.error(
    'INPUT_INVALID',
    `${name} must be a string or a Uint8Array, and is ${kind(data)}`,
  );
}

/** zstd does not read memory that another thread writes to meanwhile. */
function unshared(bytes: Uint8Array): Uint8Array {
  return isShared(bytes) ? new Uint8Array(bytes) : bytes;
}

/** Loaded where it is needed. */
function script(): typeof import('./fallback/zstd') {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return require('./fallback/zstd') as typeof import('./fallback/zstd');
}
