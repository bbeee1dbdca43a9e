/** An index of texts of the native engine. */

import type { Bm25Weights, TextEngine, TextHit, TextStats } from './bm25';
import { ByteReader, ByteWriter, type Clause, encodeFilter, writeMetadata } from './encoding';
import { type VectorNative, withCodes } from './native';
import type { Metadata } from './types';

type Handle = InstanceType<VectorNative['NativeTextIndex']>;

export class NativeTextIndex implements TextEngine {
  private constructor(private readonly handle: Handle) {}

  static create(native: VectorNative, { k1, b }: Bm25Weights): NativeTextIndex {
    return new NativeTextIndex(withCodes(() => new native.NativeTextIndex(k1, b)));
  }

  static fromBytes(native: VectorNative, bytes: Buffer): NativeTextIndex {
    return new NativeTextIndex(withCodes(() => native.NativeTextIndex.fromBytes(bytes)));
  }

  add(key: string, text: string, metadata: Metadata | undefined): boolean {
    return withCodes(() =>
      this.handle.add(key, text, metadata === undefined ? undefined : encoded(metadata)),
    );
  }

  remove(key: string): boolean {
    return withCodes(() => this.handle.remove(key));
  }

  has(key: string): boolean {
    return withCodes(() => this.handle.has(key));
  }

  keys(): string[] {
    return withCodes(() => this.handle.keys());
  }

  metadataOf(key: string): Metadata | undefined {
    return new ByteReader(withCodes(() => this.handle.metadataOf(key))).metadata();
  }

  search(query: string, count: number, filter: Clause | undefined): TextHit[] {
    const encodedFilter = filter === undefined ? undefined : encodeFilter(filter);
    const reader = new ByteReader(withCodes(() => this.handle.search(query, count, encodedFilter)));
    const hits: TextHit[] = [];
    while (!reader.isAtEnd) {
      const score = reader.f64();
      const key = reader.text(reader.u16());
      hits.push({ key, score, metadata: reader.metadata() });
    }
    return hits;
  }

  toBytes(): Buffer {
    return withCodes(() => this.handle.toBytes());
  }

  stats(): TextStats {
    return withCodes(() => this.handle.stats());
  }

  close(): void {
    this.handle.close();
  }
}

function encoded(metadata: Metadata): Buffer {
  const to = new ByteWriter();
  writeMetadata(metadata, to);
  return to.written();
}
