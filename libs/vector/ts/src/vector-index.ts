/** Vectors by key, to be searched. */

import type { EngineChoice } from '@fishplate/engine';

import {
  checkCount,
  checkDims,
  checkEngine,
  checkFlag,
  checkKey,
  checkMetric,
  checkOptions,
  described,
  invalid,
  MOST_DIMENSIONS,
} from './check';
import { VECTOR_CODES } from './codes';
import { checkFilter, checkMetadata } from './encoding';
import type { GraphShape, IndexEngine, IndexStats, SearchRequest } from './engine';
import { FallbackIndex } from './fallback/index';
import { readIndexFile } from './fallback/load';
import { coded, selectNative } from './native';
import { NativeIndex } from './native-index';
import { type Storage, STORAGES } from './quantize';
import type { Filter, Hit, Metadata, Metric } from './types';

/** What an index is made of. */
export interface VectorIndexOptions {
  /** Numbers of a vector, from 1 to 65,536. */
  readonly dims: number;
  /** `cosine` unless given. */
  readonly metric?: Metric;
  /**
   * `exact` (unless given) looks at every vector. `hnsw` finds nearly all of the nearest ones by a graph, from some 20,000 vectors on
   * many times as fast; adding takes longer, and memory more. The fallback has no graphs: it looks at every vector.
   */
  readonly kind?: 'exact' | 'hnsw';
  /** Of kind `hnsw`: what its graph is made of. */
  readonly graph?: GraphOptions;
  /**
   * As what the numbers are kept: `f32` (unless given) as they came; `f16`, `i8` and `b1` in a half, a quarter and a 32nd of the
   * memory. {@link quantize} says what they stand for.
   */
  readonly storage?: Storage;
  /**
   * Keep the vectors as they came beside their codes too. A search over `f16` or `i8` looks at the codes first and is exact over
   * the vectors all the same; one over `b1` scores the nearest signs exactly. True for `i8` and `b1` unless given.
   */
  readonly rescore?: boolean;
  /** Which engine to use; `auto` unless given. */
  readonly engine?: EngineChoice;
}

/** What the graph of an index of kind `hnsw` is made of. */
export interface GraphOptions {
  /** Links of a vector, from 2 to 128; 16 unless given. More find more, and take memory and time. */
  readonly connections?: number;
  /** Candidates among which an added vector chooses its links, from 1 to 10,000; 128 unless given. */
  readonly effort?: number;
}

/** What a search may be told. */
export interface SearchOptions {
  /** Only vectors for whose metadata this holds. */
  readonly filter?: Filter;
  /** Only scores that are this good or better: of `cosine` and `dot` not less, of distances not more. */
  readonly minScore?: number;
  /**
   * Hits that differ: from 0 to 1, the lambda of maximal marginal relevance. Nearness to the query counts so much, and nearness to
   * hits before it counts against a hit by the rest. 1 is a usual search.
   */
  readonly diversity?: number;
  /** How many candidates a search by a graph (`hnsw`), or over signs (`b1`), looks at; more finds more, and takes longer. */
  readonly effort?: number;
}

/** A vector under its key. */
export interface Entry {
  /** A copy: as it came, or what its codes stand for. */
  readonly vector: Float32Array;
  readonly metadata?: Metadata;
}

/** Options of {@link VectorIndex.load}. */
export interface LoadOptions {
  /** Leave the vectors in the file, and let the system fetch them; the file must not be changed in place meanwhile. */
  readonly mmap?: boolean;
  /** Which engine to use; `auto` unless given. */
  readonly engine?: EngineChoice;
}

/**
 * An index of vectors.
 *
 * @throws FishplateError `OPTION_INVALID`.
 */
export function createVectorIndex(options: VectorIndexOptions): VectorIndex {
  checkOptions(options);
  const { kind = 'exact', storage = 'f32' } = options;
  if (kind !== 'exact' && kind !== 'hnsw') throw invalid('kind must be exact or hnsw', kind);
  const number = STORAGES.indexOf(storage);
  if (number < 0) throw invalid(`storage must be one of ${STORAGES.join(', ')}`, storage);
  const shape = {
    dims: checkCount(options.dims, 'dims', 1, MOST_DIMENSIONS),
    metric: checkMetric(options.metric),
    storage: number,
    rescore: checkFlag(options.rescore, 'rescore') ?? (storage === 'i8' || storage === 'b1'),
    graph: kind === 'hnsw' ? checkGraph(options.graph ?? {}) : undefined,
  };
  const native = selectNative(checkEngine(options.engine));
  return new VectorIndex(native === null ? new FallbackIndex(shape) : NativeIndex.create(native, shape));
}

/** Made by {@link createVectorIndex} or {@link VectorIndex.load}. */
export class VectorIndex {
  /** Numbers of a vector. */
  readonly dims: number;
  private readonly compare: (left: number, right: number) => number;

  /** @internal */
  constructor(private readonly engine: IndexEngine) {
    this.dims = engine.shape.dims;
    this.compare = engine.similarity;
  }

  /** How many vectors it holds. */
  get size(): number {
    return this.engine.stats().vectors;
  }

  /**
   * Puts a vector under a key; a key that is there gets this vector and this metadata in place of its own. Both are copied.
   *
   * @returns its row number, which {@link similarity} takes; good until the key is removed
   * @throws FishplateError `KEY_INVALID`, `INPUT_INVALID`, `DIMS_MISMATCH`, `VECTOR_NOT_FINITE`, `METADATA_INVALID`,
   *   `INDEX_CLOSED`, `INDEX_FULL`, `OUT_OF_MEMORY`
   */
  add(key: string, vector: Float32Array, metadata?: Metadata): number {
    checkKey(key);
    checkDims(vector, 'vector', this.dims);
    return this.engine.add(key, vector, checkMetadata(metadata));
  }

  /**
   * Puts many vectors, which lie side by side: all of them or, where one is refused, none. Of a key that comes twice the last one
   * stays.
   *
   * @throws FishplateError as {@link add}
   */
  addMany(
    keys: readonly string[],
    vectors: Float32Array,
    metadata?: readonly (Metadata | null | undefined)[],
  ): void {
    if (!Array.isArray(keys)) {
      throw VECTOR_CODES.error('INPUT_INVALID', `keys must be an array, and is ${described(keys)}`);
    }
    // Holes are no keys either.
    Array.from(keys, checkKey);
    if (keys.length === 0 && vectors instanceof Float32Array && vectors.length === 0) return;
    checkDims(vectors, 'vectors', keys.length * this.dims);
    if (metadata !== undefined && (!Array.isArray(metadata) || metadata.length !== keys.length)) {
      throw VECTOR_CODES.error('INPUT_INVALID', `metadata must be an array of ${keys.length}, one a key`);
    }
    this.engine.addMany(keys, vectors, metadata && Array.from(metadata, checkMetadata));
  }

  /** Takes a key out, and its vector. False where it was not there. @throws FishplateError `INDEX_CLOSED` */
  remove(key: string): boolean {
    checkKey(key);
    return this.engine.remove(key);
  }

  /** Whether a key is there. @throws FishplateError `INDEX_CLOSED` */
  has(key: string): boolean {
    return this.rowOf(key) !== null;
  }

  /** The vector and the metadata of a key; null where it is not there. @throws FishplateError `INDEX_CLOSED` */
  get(key: string): Entry | null {
    const row = this.rowOf(key);
    if (row === null) return null;
    const vector = new Float32Array(this.dims);
    this.engine.vectorOf(row, vector);
    const metadata = this.engine.metadataOf(row);
    return metadata === undefined ? { vector } : { vector, metadata };
  }

  /** The row of a key; null where it is not there. @throws FishplateError `INDEX_CLOSED` */
  rowOf(key: string): number | null {
    checkKey(key);
    return this.engine.rowOf(key);
  }

  /** The key of a row; null where it holds no vector. @throws FishplateError `INDEX_CLOSED` */
  keyOf(row: number): string | null {
    return row >>> 0 === row ? this.engine.keyOf(row) : null;
  }

  /**
   * The score of two rows, by their numbers: no vector crosses over, which is what makes it the fastest comparison there is.
   *
   * @throws FishplateError `ROW_UNKNOWN`, `INDEX_CLOSED`
   */
  similarity(left: number, right: number): number {
    if (left >>> 0 !== left || right >>> 0 !== right) {
      const wrong = left >>> 0 === left ? right : left;
      throw VECTOR_CODES.error('ROW_UNKNOWN', `no row has the number ${described(wrong)}`);
    }
    try {
      return this.compare(left, right);
    } catch (error) {
      throw coded(error);
    }
  }

  /**
   * The `k` best vectors, best first, equal ones in the order of their rows. The search runs on a thread of its own, over what is in
   * the index now: query and index may change meanwhile.
   *
   * @throws FishplateError `INPUT_INVALID`, `DIMS_MISMATCH`, `VECTOR_NOT_FINITE`, `OPTION_INVALID`, `FILTER_INVALID`,
   *   `INDEX_CLOSED`; the reason of `signal` where it aborts
   */
  async search(
    query: Float32Array,
    k: number,
    options: SearchOptions & { readonly signal?: AbortSignal } = {},
  ): Promise<Hit[]> {
    const request = this.request(query, k, options);
    const { signal } = options;
    if (signal !== undefined && !(signal instanceof AbortSignal)) {
      throw invalid('signal must be an AbortSignal', signal);
    }
    return this.engine.search(query, k, request, signal);
  }

  /** {@link search} on the caller's thread. */
  searchSync(query: Float32Array, k: number, options: SearchOptions = {}): Hit[] {
    return this.engine.searchSync(query, k, this.request(query, k, options));
  }

  /** What it holds and takes. @throws FishplateError `INDEX_CLOSED` */
  stats(): IndexStats {
    return this.engine.stats();
  }

  /**
   * Writes what is in the index now as a file. Until it is whole, a file of that name stays what it was, also where the system stops
   * in between: a temporary file beside it takes its name once it is on the disk.
   *
   * @throws FishplateError `FILE_FAILED`, `INPUT_INVALID`, `INDEX_CLOSED`
   */
  async save(path: string): Promise<void> {
    checkPath(path);
    await this.engine.save(path);
  }

  /**
   * Loads what {@link save} wrote, with either engine.
   *
   * @throws FishplateError `FILE_DAMAGED`, `FILE_UNSUPPORTED`, `FILE_FAILED`, `OUT_OF_MEMORY`, `INPUT_INVALID`, `OPTION_INVALID`
   */
  static async load(path: string, options: LoadOptions = {}): Promise<VectorIndex> {
    checkPath(path);
    checkOptions(options);
    const isMapped = checkFlag(options.mmap, 'mmap') ?? false;
    const native = selectNative(checkEngine(options.engine));
    return new VectorIndex(
      native === null ? await readIndexFile(path) : await NativeIndex.load(native, path, isMapped),
    );
  }

  /** Lets go of everything. Searches that run end as if nothing had happened; other calls are refused. */
  close(): void {
    this.engine.close();
  }

  private request(query: Float32Array, k: number, options: SearchOptions): SearchRequest {
    checkDims(query, 'query', this.dims);
    checkCount(k, 'k', 1, 0xffff_ffff);
    checkOptions(options);
    const { filter, minScore, diversity, effort } = options;
    if (minScore !== undefined && (typeof minScore !== 'number' || Number.isNaN(minScore))) {
      throw invalid('minScore must be a number', minScore);
    }
    if (diversity !== undefined && !(typeof diversity === 'number' && diversity >= 0 && diversity <= 1)) {
      throw invalid('diversity must be a number from 0 to 1', diversity);
    }
    return {
      filter: filter === undefined ? undefined : checkFilter(filter),
      minScore,
      diversity,
      effort: effort === undefined ? undefined : checkCount(effort, 'effort', 1, 0xffff_ffff),
    };
  }
}

function checkGraph(options: GraphOptions): GraphShape {
  checkOptions(options);
  return {
    connections: checkCount(options.connections ?? 16, 'graph.connections', 2, 128),
    effort: checkCount(options.effort ?? 128, 'graph.effort', 1, 10_000),
  };
}

function checkPath(path: unknown): asserts path is string {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw VECTOR_CODES.error('INPUT_INVALID', `path must name a file, and is ${described(path)}`);
  }
}
