/** What an index asks of its engine. Arguments have been checked. */

import type { Clause } from './encoding';
import type { Hit, Metadata } from './types';

/** What a search has been told. */
export interface SearchRequest {
  readonly filter: Clause | undefined;
  readonly minScore: number | undefined;
  readonly diversity: number | undefined;
  readonly effort: number | undefined;
}

/** What an index is made of. */
export interface IndexShape {
  readonly dims: number;
  /** By its number. */
  readonly metric: number;
  /** By its number. */
  readonly storage: number;
  readonly rescore: boolean;
  readonly graph: GraphShape | undefined;
}

/** What a graph is made of. */
export interface GraphShape {
  readonly connections: number;
  readonly effort: number;
}

/** What an index holds and takes. */
export interface IndexStats {
  /** Vectors. */
  readonly vectors: number;
  /** Bytes in memory, all in all: vectors, codes, keys, metadata, tables. */
  readonly bytes: number;
  /** Those of them that the graph of kind hnsw takes. */
  readonly graphBytes: number;
  /** Bytes of a file that is mapped; memory of the system, which it takes back when it wants. */
  readonly mappedBytes: number;
}

/** An index in one of the engines. */
export interface IndexEngine {
  readonly shape: IndexShape;
  add(key: string, vector: Float32Array, metadata: Metadata | undefined): number;
  addMany(
    keys: readonly string[],
    vectors: Float32Array,
    metadata: readonly (Metadata | undefined)[] | undefined,
  ): void;
  remove(key: string): boolean;
  rowOf(key: string): number | null;
  keyOf(row: number): string | null;
  vectorOf(row: number, vector: Float32Array): void;
  metadataOf(row: number): Metadata | undefined;
  /** Needs no `this`. */
  readonly similarity: (left: number, right: number) => number;
  searchSync(query: Float32Array, k: number, request: SearchRequest): Hit[];
  search(
    query: Float32Array,
    k: number,
    request: SearchRequest,
    signal: AbortSignal | undefined,
  ): Promise<Hit[]>;
  stats(): IndexStats;
  save(path: string): Promise<void>;
  close(): void;
}
