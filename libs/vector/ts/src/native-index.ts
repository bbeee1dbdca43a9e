/** An index of the native engine. */

import { ByteReader, ByteWriter, encodeFilter, writeMetadata } from './encoding';
import type { IndexEngine, IndexShape, IndexStats, SearchRequest } from './engine';
import { coded, type VectorNative, withCodes } from './native';
import type { Hit, Metadata } from './types';

type Handle = InstanceType<VectorNative['NativeIndex']>;

export class NativeIndex implements IndexEngine {
  readonly similarity: (left: number, right: number) => number;

  constructor(
    private readonly native: VectorNative,
    private readonly handle: Handle,
    readonly shape: IndexShape,
  ) {
    this.similarity = handle.similarityFunction();
  }

  static create(native: VectorNative, shape: IndexShape): NativeIndex {
    const { dims, metric, storage, rescore, graph } = shape;
    const handle = withCodes(() => new native.NativeIndex(dims, metric, storage, rescore, graph));
    return new NativeIndex(native, handle, shape);
  }

  static async load(native: VectorNative, path: string, isMapped: boolean): Promise<NativeIndex> {
    try {
      const handle = await native.loadIndex(path, isMapped);
      const [dims, metric, storage, rescore] = handle.shape() as [number, number, number, number];
      return new NativeIndex(native, handle, {
        dims,
        metric,
        storage,
        rescore: rescore === 1,
        graph: undefined,
      });
    } catch (error) {
      throw coded(error);
    }
  }

  add(key: string, vector: Float32Array, metadata: Metadata | undefined): number {
    return withCodes(() =>
      this.handle.add(key, vector, metadata === undefined ? undefined : encoded([metadata])),
    );
  }

  addMany(
    keys: readonly string[],
    vectors: Float32Array,
    metadata: readonly (Metadata | undefined)[] | undefined,
  ): void {
    withCodes(() =>
      this.handle.addMany(keys as string[], vectors, metadata === undefined ? undefined : encoded(metadata)),
    );
  }

  remove(key: string): boolean {
    return withCodes(() => this.handle.remove(key));
  }

  rowOf(key: string): number | null {
    return withCodes(() => this.handle.rowOf(key));
  }

  keyOf(row: number): string | null {
    return withCodes(() => this.handle.keyOf(row));
  }

  vectorOf(row: number, vector: Float32Array): void {
    withCodes(() => this.handle.vectorOf(row, vector));
  }

  metadataOf(row: number): Metadata | undefined {
    return new ByteReader(withCodes(() => this.handle.metadataOf(row))).metadata();
  }

  searchSync(query: Float32Array, k: number, request: SearchRequest): Hit[] {
    return decoded(withCodes(() => this.handle.searchSync(query, k, options(request))));
  }

  async search(
    query: Float32Array,
    k: number,
    request: SearchRequest,
    signal: AbortSignal | undefined,
  ): Promise<Hit[]> {
    signal?.throwIfAborted();
    const control = signal && new this.native.SearchControl();
    const cancel = (): void => control?.cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      return decoded(await this.handle.search(query, k, options(request), control));
    } catch (error) {
      signal?.throwIfAborted();
      throw coded(error);
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  stats(): IndexStats {
    return withCodes(() => this.handle.stats());
  }

  async save(path: string): Promise<void> {
    try {
      await this.handle.save(path);
    } catch (error) {
      throw coded(error);
    }
  }

  close(): void {
    this.handle.close();
  }
}

function options({ filter, minScore, diversity, effort }: SearchRequest): object {
  return {
    ...(filter === undefined ? {} : { filter: encodeFilter(filter) }),
    ...(minScore === undefined ? {} : { minScore }),
    ...(diversity === undefined ? {} : { diversity }),
    ...(effort === undefined ? {} : { effort }),
  };
}

function encoded(metadata: readonly (Metadata | undefined)[]): Buffer {
  const to = new ByteWriter();
  for (const one of metadata) writeMetadata(one, to);
  return to.written();
}

function decoded(bytes: Buffer): Hit[] {
  const reader = new ByteReader(bytes);
  const hits: Hit[] = [];
  while (!reader.isAtEnd) {
    const row = reader.u32();
    const score = reader.f64();
    const key = reader.text(reader.u16());
    const metadata = reader.metadata();
    hits.push({ key, score, row, ...(metadata === undefined ? {} : { metadata }) });
  }
  return hits;
}
