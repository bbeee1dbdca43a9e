/** Texts and vectors by key, searched by words and by meaning at once. */

import { isNativeError } from 'node:util/types';

import type { EngineChoice } from '@fishplate/engine';

import { type Bm25Weights, FallbackTextIndex, type TextEngine } from './bm25';
import { NativeTextIndex } from './bm25-native';
import {
  checkCount,
  checkDims,
  checkEngine,
  checkFinite,
  checkKey,
  checkOptions,
  checkVector,
  described,
  invalid,
} from './check';
import { VECTOR_CODES } from './codes';
import { checkFilter, checkMetadata } from './encoding';
import type { IndexStats } from './engine';
import { type Embed, embedded } from './hybrid-embedding';
import { damaged, readHybrid, vectorsPath, writeHybrid } from './hybrid-file';
import { fuse, type Fusion, type FusionOptions, type Place } from './hybrid-fusion';
import { selectNative } from './native';
import type { Filter, Metadata } from './types';
import { createVectorIndex, VectorIndex, type VectorIndexOptions } from './vector-index';

/** The longest text, in UTF-16 code units. */
const LONGEST_TEXT = 2 ** 26;
const DEEPEST = 10_000;

/** What a hybrid index is made of. Without vectors and without `embed` it ranks by words alone. */
export interface HybridIndexOptions {
  /** Makes vectors of texts, for those that come without one, and of queries. */
  readonly embed?: Embed;
  /** How vectors are kept. `dims` are those of the first vector unless given. */
  readonly vectors?: Partial<Omit<VectorIndexOptions, 'engine'>>;
  /** BM25: how much a further occurrence of a term counts, from 0 to 100; 1.2 unless given. */
  readonly k1?: number;
  /** BM25: how much the length of a text counts against it, from 0 to 1; 0.75 unless given. */
  readonly b?: number;
  /** How the two rankings are fused. */
  readonly fusion?: FusionOptions;
  /** Which engine to use; `auto` unless given. */
  readonly engine?: EngineChoice;
}

/** What {@link HybridIndex.load} is told; the rest is in the file. */
export interface HybridLoadOptions {
  readonly embed?: Embed;
  /** How vectors are kept, where the file has none yet. */
  readonly vectors?: Partial<Omit<VectorIndexOptions, 'engine'>>;
  /** Instead of what the file says. */
  readonly fusion?: FusionOptions;
  /** Leave the vectors in their file, which must not be changed in place meanwhile. */
  readonly mmap?: boolean;
  readonly engine?: EngineChoice;
}

/** A text to be found. */
export interface HybridEntry {
  /** It is searched, and not kept. At most 67,108,864 UTF-16 code units. */
  readonly text: string;
  /** Its vector; `embed` makes one unless given. */
  readonly vector?: Float32Array;
  readonly metadata?: Metadata;
}

/** Words, a vector, or both. A string is words, and `embed` makes its vector. */
export type HybridQuery = string | { readonly text?: string; readonly vector?: Float32Array };

/** What a search may be told. */
export interface HybridSearchOptions {
  /** Only texts for whose metadata this holds. */
  readonly filter?: Filter;
  /** Look at one ranking alone. */
  readonly only?: 'text' | 'vectors';
  readonly signal?: AbortSignal;
}

/** A text that a search found. */
export interface HybridHit {
  readonly key: string;
  /** The fused score: comparable within one search alone. */
  readonly score: number;
  /** Its BM25 score and rank, or null where the words did not find it. */
  readonly text: Place | null;
  /** Its score and rank by vectors, or null where these did not find it. */
  readonly vector: Place | null;
  readonly metadata?: Metadata;
}

/** What a hybrid index holds and takes. */
export interface HybridStats {
  readonly engine: 'native' | 'js';
  /** Texts. */
  readonly texts: number;
  /** Different terms of them. */
  readonly terms: number;
  /** Bytes in memory, all in all. */
  readonly bytes: number;
  /** Of the vectors; null while there are none. */
  readonly vectors: IndexStats | null;
}

/**
 * An index of texts, and of vectors where they are given or an embedding function is.
 *
 * @throws FishplateError `OPTION_INVALID`.
 */
export function createHybridIndex(options: HybridIndexOptions = {}): HybridIndex {
  checkOptions(options);
  const weights = {
    k1: checkNumber(options.k1 ?? 1.2, 'k1', 0, 100),
    b: checkNumber(options.b ?? 0.75, 'b', 0, 1),
  };
  const parts = partsOf(options);
  const vectors =
    parts.vectors.dims === undefined ? null : createVectorIndex(withDims(parts, parts.vectors.dims));
  return new HybridIndex(textEngine(parts.engine, weights), vectors, parts);
}

interface Parts {
  readonly embed: Embed | undefined;
  readonly vectors: Partial<Omit<VectorIndexOptions, 'engine'>>;
  readonly fusion: Fusion;
  readonly engine: EngineChoice | undefined;
}

/** Made by {@link createHybridIndex} or {@link HybridIndex.load}. */
export class HybridIndex {
  /** Additions that wait for their vectors: the last one of a key is the one that counts. */
  private readonly waiting = new Map<string, symbol>();
  private saving: Promise<void> = Promise.resolve();
  private isClosed = false;

  /** @internal */
  constructor(
    private readonly texts: TextEngine,
    private vectors: VectorIndex | null,
    private readonly parts: Parts,
  ) {}

  /**
   * Reads what {@link save} wrote. Both engines read the files of both.
   *
   * @throws FishplateError `FILE_FAILED`, `FILE_DAMAGED`, `FILE_UNSUPPORTED`, `OPTION_INVALID`
   */
  static async load(path: string, options: HybridLoadOptions = {}): Promise<HybridIndex> {
    checkPath(path);
    checkOptions(options);
    const { head, texts: bytes } = await readHybrid(path);
    const parts = partsOf({ ...options, fusion: { ...head.fusion, ...options.fusion } });
    const texts = loadedTexts(path, parts.engine, bytes);
    if (head.vectors === null) {
      const { dims } = parts.vectors;
      return new HybridIndex(
        texts,
        dims === undefined ? null : createVectorIndex(withDims(parts, dims)),
        parts,
      );
    }
    const { generation, count } = head.vectors;
    const vectors = await VectorIndex.load(vectorsPath(path, generation), {
      ...(options.mmap === undefined ? {} : { mmap: options.mmap }),
      ...(parts.engine === undefined ? {} : { engine: parts.engine }),
    });
    if (vectors.size !== count) {
      throw damaged(path, `its vectors are ${vectors.size}, and must be ${count}`);
    }
    return new HybridIndex(texts, vectors, parts);
  }

  /** How many texts it holds. @throws FishplateError `INDEX_CLOSED` */
  get size(): number {
    this.checkOpen();
    return this.texts.stats().texts;
  }

  /**
   * Puts a text under a key, in place of the one that is there. Where no vector has to be made it can be found when the call returns,
   * else when the promise is settled. Of calls with one key, `remove` among them, the last one counts.
   *
   * @throws FishplateError `KEY_INVALID`, `TEXT_INVALID`, `INPUT_INVALID`, `DIMS_MISMATCH`, `VECTOR_NOT_FINITE`,
   *   `METADATA_INVALID`, `EMBEDDING_FAILED`, `INDEX_CLOSED`, `INDEX_FULL`, `OUT_OF_MEMORY`; the index is then what it was
   */
  async add(key: string, entry: HybridEntry): Promise<void> {
    await this.addMany([[key, entry]]);
  }

  /** Puts many texts: all of them or, where one is refused, none. `embed` gets the texts without vectors in one call. */
  async addMany(entries: Iterable<readonly [key: string, entry: HybridEntry]>): Promise<void> {
    this.checkOpen();
    const all = Array.from(entries, ([key, entry]) => this.checkedEntry(key, entry));
    const { embed } = this.parts;
    const bare = embed === undefined ? [] : all.filter(({ vector }) => vector === undefined);
    if (bare.length === 0) {
      for (const { key } of all) this.waiting.delete(key);
      this.put(all);
      return;
    }
    const ticket = Symbol('addition');
    for (const { key } of all) this.waiting.set(key, ticket);
    const settled = (): Set<string> => {
      const keys = all.map(({ key }) => key).filter((key) => this.waiting.get(key) === ticket);
      for (const key of keys) this.waiting.delete(key);
      return new Set(keys);
    };
    let made: Float32Array[];
    try {
      made = await embedded(
        embed!,
        bare.map(({ text }) => text),
      );
    } catch (error) {
      settled();
      throw error;
    }
    const wanted = settled();
    this.checkOpen();
    const vectors = new Map(bare.map((entry, at) => [entry, made[at]!]));
    const whole = all.map((entry) => ({ ...entry, vector: entry.vector ?? vectors.get(entry) }));
    this.put(whole.filter(({ key }) => wanted.has(key)));
  }

  /** Takes a key out. False where it was not there. @throws FishplateError `KEY_INVALID`, `INDEX_CLOSED` */
  remove(key: string): boolean {
    this.checkOpen();
    checkKey(key);
    const isWaiting = this.waiting.delete(key);
    this.vectors?.remove(key);
    return this.texts.remove(key) || isWaiting;
  }

  /** Whether a key is there. @throws FishplateError `KEY_INVALID`, `INDEX_CLOSED` */
  has(key: string): boolean {
    this.checkOpen();
    checkKey(key);
    return this.texts.has(key);
  }

  /** Its keys, in the order in which they came. @throws FishplateError `INDEX_CLOSED` */
  keys(): string[] {
    this.checkOpen();
    return this.texts.keys();
  }

  /** What was said of a key; null where nothing was, or the key is not there. @throws FishplateError `KEY_INVALID`, `INDEX_CLOSED` */
  metadata(key: string): Metadata | null {
    this.checkOpen();
    checkKey(key);
    return this.texts.metadataOf(key) ?? null;
  }

  /**
   * The `k` best texts for a query, best first: ranked by words (BM25), by vectors, and fused by reciprocal rank.
   *
   * @throws FishplateError `TEXT_INVALID`, `INPUT_INVALID`, `DIMS_MISMATCH`, `VECTOR_NOT_FINITE`, `OPTION_INVALID`,
   *   `FILTER_INVALID`, `EMBEDDING_FAILED`, `INDEX_CLOSED`; the reason of `signal` where it aborts
   */
  async search(query: HybridQuery, k: number, options: HybridSearchOptions = {}): Promise<HybridHit[]> {
    const asked = this.checkedSearch(query, k, options);
    const { signal } = options;
    signal?.throwIfAborted();
    const { text, only, depth, filter } = asked;
    let { vector } = asked;
    const { embed } = this.parts;
    if (
      vector === undefined &&
      text !== undefined &&
      embed !== undefined &&
      only !== 'text' &&
      this.vectors !== null
    ) {
      [vector] = await embedded(embed, [text]);
      signal?.throwIfAborted();
      this.checkOpen();
    }
    if (vector === undefined || only === 'text' || this.vectors === null) return this.hits(asked, []);
    checkDims(vector, 'the vector of the query', this.vectors.dims);
    const near = await this.vectors.search(vector, depth, {
      ...(filter === undefined ? {} : { filter }),
      ...(signal === undefined ? {} : { signal }),
    });
    this.checkOpen();
    return this.hits(asked, near);
  }

  /** {@link search} on the caller's thread, and without `embed`: a query without a vector is searched by its words alone. */
  searchSync(query: HybridQuery, k: number, options: Omit<HybridSearchOptions, 'signal'> = {}): HybridHit[] {
    const asked = this.checkedSearch(query, k, options);
    const { vector, only, depth, filter } = asked;
    if (vector === undefined || only === 'text' || this.vectors === null) return this.hits(asked, []);
    checkDims(vector, 'the vector of the query', this.vectors.dims);
    return this.hits(asked, this.vectors.searchSync(vector, depth, filter === undefined ? {} : { filter }));
  }

  /**
   * Writes the index as it is now: `path`, and vectors in a file beside it whose name begins alike. A crash leaves the old index or the
   * new one, never a part. Saves of one index run one after the other.
   *
   * @throws FishplateError `FILE_FAILED`, `INDEX_CLOSED`
   */
  async save(path: string): Promise<void> {
    this.checkOpen();
    checkPath(path);
    const turn = this.saving.then(async () => {
      this.checkOpen();
      const { vectors } = this;
      // Both are taken before anything is awaited: texts and vectors of one moment.
      const texts = this.texts.toBytes();
      const count = vectors?.size ?? 0;
      await writeHybrid(path, {
        fusion: this.parts.fusion,
        texts,
        vectors: vectors === null ? null : { count, save: (file) => vectors.save(file) },
      });
    });
    this.saving = turn.catch(() => {});
    await turn;
  }

  /** What it holds and takes. @throws FishplateError `INDEX_CLOSED` */
  stats(): HybridStats {
    this.checkOpen();
    const { texts, terms, bytes } = this.texts.stats();
    const vectors = this.vectors?.stats() ?? null;
    const engine = this.texts instanceof NativeTextIndex ? 'native' : 'js';
    return { engine, texts, terms, bytes: bytes + (vectors?.bytes ?? 0), vectors };
  }

  /** Lets go of everything. Other calls are refused from now on; additions that wait for vectors are too. */
  close(): void {
    this.isClosed = true;
    this.waiting.clear();
    this.texts.close();
    this.vectors?.close();
  }

  private put(entries: readonly CheckedEntry[]): void {
    const dims = this.vectors?.dims ?? entries.find(({ vector }) => vector !== undefined)?.vector?.length;
    for (const { key, vector } of entries) {
      if (vector === undefined) continue;
      checkDims(vector, `the vector of ${JSON.stringify(key)}`, dims!);
      checkFinite(vector, `the vector of ${JSON.stringify(key)}`);
    }
    if (dims !== undefined) this.vectors ??= createVectorIndex(withDims(this.parts, dims));
    for (const { key, text, vector, metadata } of entries) {
      // The vector first: it is what may fail for want of memory, and then the old text is still there.
      if (vector === undefined) this.vectors?.remove(key);
      else this.vectors!.add(key, vector, metadata);
      this.texts.add(key, text, metadata);
    }
  }

  private hits(
    { text, k, only, depth, clause }: Asked,
    near: readonly { key: string; score: number }[],
  ): HybridHit[] {
    const worded = text === undefined || only === 'vectors' ? [] : this.texts.search(text, depth, clause);
    return fuse(worded, near, this.parts.fusion)
      .slice(0, k)
      .map((hit) => {
        const metadata = this.texts.metadataOf(hit.key);
        return metadata === undefined ? hit : { ...hit, metadata };
      });
  }

  private checkedEntry(key: unknown, entry: unknown): CheckedEntry {
    checkKey(key);
    if (typeof entry !== 'object' || entry === null) {
      throw VECTOR_CODES.error(
        'INPUT_INVALID',
        `the entry of a key must be an object, and is ${described(entry)}`,
      );
    }
    const { text, vector, metadata } = entry as HybridEntry;
    checkText(text, `the text of ${JSON.stringify(key)}`);
    if (vector !== undefined) checkVector(vector, `the vector of ${JSON.stringify(key)}`);
    return { key, text, vector, metadata: checkMetadata(metadata) };
  }

  private checkedSearch(query: unknown, k: number, options: HybridSearchOptions): Asked {
    this.checkOpen();
    checkCount(k, 'k', 1, 0xffff_ffff);
    checkOptions(options);
    const given = typeof query === 'string' ? { text: query } : query;
    if (typeof given !== 'object' || given === null) {
      throw VECTOR_CODES.error(
        'INPUT_INVALID',
        `a query must be a string or an object, and is ${described(query)}`,
      );
    }
    const { text, vector } = given as Exclude<HybridQuery, string>;
    if (text === undefined && vector === undefined) {
      throw VECTOR_CODES.error('INPUT_INVALID', 'a query must have a text, a vector or both');
    }
    if (text !== undefined) checkText(text, 'the text of the query');
    if (vector !== undefined) {
      checkVector(vector, 'the vector of the query');
      checkFinite(vector, 'the vector of the query');
    }
    const { filter, only, signal } = options;
    if (only !== undefined && only !== 'text' && only !== 'vectors') {
      throw invalid('only must be text or vectors', only);
    }
    if (signal !== undefined && !(signal instanceof AbortSignal)) {
      throw invalid('signal must be an AbortSignal', signal);
    }
    const clause = filter === undefined ? undefined : checkFilter(filter);
    return { text, vector, k, only, filter, clause, depth: Math.max(this.parts.fusion.depth, k) };
  }

  private checkOpen(): void {
    if (this.isClosed) throw VECTOR_CODES.error('INDEX_CLOSED', 'the index is closed');
  }
}

interface CheckedEntry {
  readonly key: string;
  readonly text: string;
  readonly vector: Float32Array | undefined;
  readonly metadata: Metadata | undefined;
}

interface Asked {
  readonly text: string | undefined;
  readonly vector: Float32Array | undefined;
  readonly k: number;
  readonly only: 'text' | 'vectors' | undefined;
  readonly filter: Filter | undefined;
  readonly clause: ReturnType<typeof checkFilter> | undefined;
  readonly depth: number;
}

function textEngine(choice: EngineChoice | undefined, weights: Bm25Weights): TextEngine {
  const native = selectNative(choice);
  return native === null ? new FallbackTextIndex(weights) : NativeTextIndex.create(native, weights);
}

function loadedTexts(path: string, choice: EngineChoice | undefined, bytes: Buffer): TextEngine {
  const native = selectNative(choice);
  try {
    return native === null ? FallbackTextIndex.fromBytes(bytes) : NativeTextIndex.fromBytes(native, bytes);
  } catch (error) {
    throw damaged(path, isNativeError(error) ? error.message : String(error), error);
  }
}

function withDims({ vectors, engine }: Parts, dims: number): VectorIndexOptions {
  return { ...vectors, dims, ...(engine === undefined ? {} : { engine }) };
}

function partsOf({ embed, vectors = {}, fusion = {}, engine }: HybridIndexOptions): Parts {
  if (embed !== undefined && typeof embed !== 'function') throw invalid('embed must be a function', embed);
  checkOptions(vectors);
  checkOptions(fusion);
  // The rest of what is said of vectors is looked at where they begin; this is looked at now.
  createVectorIndex({ ...vectors, dims: vectors.dims ?? 1, engine: 'fallback' }).close();
  return {
    embed,
    vectors,
    engine: checkEngine(engine),
    fusion: {
      constant: checkNumber(fusion.constant ?? 60, 'fusion.constant', 0, 1e6),
      depth: checkCount(fusion.depth ?? 100, 'fusion.depth', 1, DEEPEST),
      text: checkNumber(fusion.text ?? 1, 'fusion.text', 0, 100),
      vectors: checkNumber(fusion.vectors ?? 1, 'fusion.vectors', 0, 100),
    },
  };
}

function checkNumber(value: unknown, name: string, least: number, most: number): number {
  if (typeof value !== 'number' || !(value >= least && value <= most)) {
    throw invalid(`${name} must be a number from ${least} to ${most}`, value);
  }
  return value;
}

function checkText(text: unknown, name: string): asserts text is string {
  if (typeof text !== 'string') {
    throw VECTOR_CODES.error('TEXT_INVALID', `${name} must be a string, and is ${described(text)}`);
  }
  if (text.length > LONGEST_TEXT) {
    throw VECTOR_CODES.error(
      'TEXT_INVALID',
      `${name} has ${text.length} code units, and ${LONGEST_TEXT} at most are possible`,
    );
  }
}

function checkPath(path: unknown): asserts path is string {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw VECTOR_CODES.error(
      'INPUT_INVALID',
      `a path must be a string without NUL, and is ${described(path)}`,
    );
  }
}
