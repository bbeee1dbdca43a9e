/** An index in TypeScript: the same answers as those of the native engine, on the caller's thread. */

import { checkFinite } from '../check';
import { VECTOR_CODES } from '../codes';
import type { IndexEngine, IndexShape, IndexStats, SearchRequest } from '../engine';
import { isDistance, score } from '../precise';
import type { Hit, Metadata } from '../types';

import { holds } from './filter';
import { best } from './many';
import { Rows } from './rows';
import { writeIndexFile } from './save';
import { nearestSigns } from './signs';

/** Candidates among which a diverse search chooses: this many a hit, and some more. */
const EACH = 4;
const MORE = 50;

export class FallbackIndex implements IndexEngine {
  readonly similarity = (left: number, right: number): number => {
    const rows = this.open();
    for (const row of [left, right]) this.checkRow(row);
    const { metric, dims } = this.shape;
    const [first, firstAt] = rows.vector(left);
    // The second one may be decoded to the same place.
    const copy = first.slice(firstAt, firstAt + dims);
    const [second, secondAt] = rows.vector(right);
    return score(metric, copy, 0, second, secondAt, dims);
  };

  /** Null once it is closed. */
  private rows: Rows | null;
  private byKey = new Map<string, number>();
  private free: number[] = [];

  constructor(readonly shape: IndexShape) {
    this.rows = new Rows(shape);
  }

  /** Takes over rows that were loaded; keys are distinct. */
  static over(shape: IndexShape, rows: Rows): FallbackIndex {
    const index = new FallbackIndex(shape);
    index.rows = rows;
    for (let row = rows.end - 1; row >= 0; row--) {
      const key = rows.keys[row];
      if (key === undefined) index.free.push(row);
      else index.byKey.set(key, row);
    }
    return index;
  }

  add(key: string, vector: Float32Array, metadata: Metadata | undefined): number {
    const rows = this.open();
    checkFinite(vector, `the vector of ${JSON.stringify(key)}`);
    const row = this.byKey.get(key) ?? this.free.pop() ?? rows.end;
    rows.put(row, key, vector, metadata);
    this.byKey.set(key, row);
    return row;
  }

  addMany(
    keys: readonly string[],
    vectors: Float32Array,
    metadata: readonly (Metadata | undefined)[] | undefined,
  ): void {
    const { dims } = this.shape;
    this.open();
    checkFinite(vectors, 'vectors');
    keys.forEach((key, number) => {
      this.add(key, vectors.subarray(number * dims, (number + 1) * dims), metadata?.[number]);
    });
  }

  remove(key: string): boolean {
    const rows = this.open();
    const row = this.byKey.get(key);
    if (row === undefined) return false;
    rows.clear(row);
    this.byKey.delete(key);
    this.free.push(row);
    if (this.byKey.size === 0) {
      this.rows = new Rows(this.shape);
      this.free = [];
    }
    return true;
  }

  rowOf(key: string): number | null {
    this.open();
    return this.byKey.get(key) ?? null;
  }

  keyOf(row: number): string | null {
    return this.open().keys[row] ?? null;
  }

  vectorOf(row: number, vector: Float32Array): void {
    this.checkRow(row);
    const [found, at] = this.open().vector(row);
    vector.set(found.subarray(at, at + vector.length));
  }

  metadataOf(row: number): Metadata | undefined {
    return this.open().metadata[row];
  }

  searchSync(query: Float32Array, k: number, request: SearchRequest): Hit[] {
    const rows = this.open();
    checkFinite(query, 'the query');
    const live = this.byKey.size;
    const wanted = Math.min(k, live);
    if (wanted === 0) return [];
    const lambda = request.diversity !== undefined && request.diversity < 1 ? request.diversity : undefined;
    const count = lambda === undefined ? wanted : Math.min(wanted * EACH + MORE, live);
    const found = this.scored(rows, query, count, request);
    const { metric } = this.shape;
    const places = [...best(metric, Float64Array.from(found.scores), Uint32Array.from(found.rows), count)];
    const chosen = lambda === undefined ? places : this.diverse(rows, found, places, wanted, lambda);
    return chosen.map((place) => {
      const row = found.rows[place]!;
      const metadata = rows.metadata[row];
      const hit = { key: rows.keys[row]!, score: found.scores[place]!, row };
      return metadata === undefined ? hit : { ...hit, metadata };
    });
  }

  // The search is done at once, so that what is changed afterwards does not count; only its answer comes later.
  async search(
    query: Float32Array,
    k: number,
    request: SearchRequest,
    signal: AbortSignal | undefined,
  ): Promise<Hit[]> {
    signal?.throwIfAborted();
    const hits = this.searchSync(query, k, request);
    await new Promise(setImmediate);
    signal?.throwIfAborted();
    return hits;
  }

  stats(): IndexStats {
    const rows = this.open();
    let bytes = this.free.length * 8;
    for (const block of rows.blocks) {
      if (block === undefined) continue;
      bytes += block.vectors.byteLength + block.codes.byteLength + block.measures.byteLength;
    }
    // A map's entry, a string, an object with its fields: about what V8 takes for them.
    for (const key of this.byKey.keys()) bytes += key.length + 60;
    for (const metadata of rows.metadata) {
      if (metadata !== undefined) bytes += 24 + Object.keys(metadata).length * 24;
    }
    return { vectors: this.byKey.size, bytes, graphBytes: 0, mappedBytes: 0 };
  }

  async save(path: string): Promise<void> {
    await writeIndexFile(path, this.open(), this.byKey.size);
  }

  close(): void {
    this.rows = null;
    this.byKey = new Map();
    this.free = [];
  }

  private scored(
    rows: Rows,
    query: Float32Array,
    count: number,
    { filter, minScore, effort }: SearchRequest,
  ): { rows: number[]; scores: number[] } {
    const { metric, dims, storage } = this.shape;
    const passes = (row: number): boolean =>
      rows.keys[row] !== undefined && (filter === undefined || holds(filter, rows.metadata[row]));
    let candidates: Iterable<number> = rowsThat(passes, rows.end);
    if (storage === 3) {
      const most = effort ?? Math.max(Math.floor(this.byKey.size / 32), count * 16, 256);
      candidates = nearestSigns(rows, query, candidates, Math.max(most, count));
    }
    const found = { rows: [] as number[], scores: [] as number[] };
    for (const row of candidates) {
      const [vector, at] = rows.vector(row);
      const value = score(metric, query, 0, vector, at, dims);
      if (minScore !== undefined && !(isDistance(metric) ? value <= minScore : value >= minScore)) continue;
      found.rows.push(row);
      found.scores.push(value);
    }
    return found;
  }

  /** Maximal marginal relevance: see the native engine's `diversity.rs`. */
  private diverse(
    rows: Rows,
    found: { rows: number[]; scores: number[] },
    places: number[],
    count: number,
    lambda: number,
  ): number[] {
    const { metric, dims } = this.shape;
    const relevance = (value: number): number => (isDistance(metric) ? 1 / (1 + value) : value);
    const vectors = new Map(
      places.map((place) => {
        const [vector, at] = rows.vector(found.rows[place]!);
        return [place, vector.slice(at, at + dims)];
      }),
    );
    const nearest = new Map(places.map((place) => [place, -Infinity]));
    const left = [...places];
    const taken: number[] = [];
    while (taken.length < count && left.length > 0) {
      let chosen = 0;
      let most = -Infinity;
      left.forEach((place, at) => {
        const redundancy = taken.length === 0 ? 0 : nearest.get(place)!;
        const gain = lambda * relevance(found.scores[place]!) - (1 - lambda) * redundancy;
        if (gain > most) [chosen, most] = [at, gain];
      });
      const [place] = left.splice(chosen, 1) as [number];
      taken.push(place);
      for (const other of left) {
        const value = score(metric, vectors.get(other)!, 0, vectors.get(place)!, 0, dims);
        nearest.set(other, Math.max(nearest.get(other)!, relevance(value)));
      }
    }
    return taken;
  }

  private open(): Rows {
    if (this.rows === null) throw VECTOR_CODES.error('INDEX_CLOSED', 'the index is closed');
    return this.rows;
  }

  private checkRow(row: number): void {
    if (this.open().keys[row] === undefined) {
      throw VECTOR_CODES.error('ROW_UNKNOWN', `row ${row} holds no vector`);
    }
  }
}

function* rowsThat(pass: (row: number) => boolean, end: number): Iterable<number> {
  for (let row = 0; row < end; row++) if (pass(row)) yield row;
}
