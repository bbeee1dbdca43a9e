/** Texts by key, ranked by BM25: what a hybrid index asks of an engine, and the engine in TypeScript. */

import { readDocuments, writeDocuments } from './bm25-bytes';
import { terms } from './bm25-text';
import { type Clause } from './encoding';
import { holds } from './fallback/filter';
import type { Metadata } from './types';

/** Weights of BM25: how much a further occurrence of a term counts, and the length of a text against it. */
export interface Bm25Weights {
  readonly k1: number;
  readonly b: number;
}

/** A text that a query found. */
export interface TextHit {
  readonly key: string;
  /** BM25, above 0. */
  readonly score: number;
  readonly metadata: Metadata | undefined;
}

/** What an index of texts holds and takes. */
export interface TextStats {
  readonly texts: number;
  /** Different terms of them. */
  readonly terms: number;
  /** Bytes in memory; an estimate where the fallback runs. */
  readonly bytes: number;
}

/** An index of texts in one of the engines. Arguments have been checked. */
export interface TextEngine {
  /** Whether the key had a text before. */
  add(key: string, text: string, metadata: Metadata | undefined): boolean;
  remove(key: string): boolean;
  has(key: string): boolean;
  /** In the order in which they came. */
  keys(): string[];
  metadataOf(key: string): Metadata | undefined;
  /** Best first; those of equal scores in the order in which they came. */
  search(query: string, count: number, filter: Clause | undefined): TextHit[];
  toBytes(): Buffer;
  stats(): TextStats;
  close(): void;
}

/** A text without its words' order. */
export interface TextDocument {
  readonly key: string;
  /** Terms that it has. */
  readonly length: number;
  readonly counts: ReadonlyMap<string, number>;
  readonly metadata: Metadata | undefined;
}

/** Bytes that a document, a term and one in the other take in maps of V8, about. */
const DOCUMENT_BYTES = 250;
const TERM_BYTES = 300;
const POSTING_BYTES = 80;

/** The engine in TypeScript. Its numbers are those of the native one, bit for bit. */
export class FallbackTextIndex implements TextEngine {
  /** In the order in which they came. */
  private documents = new Map<string, TextDocument>();
  private postings = new Map<string, Map<TextDocument, number>>();
  private orders = new Map<TextDocument, number>();
  private length = 0;
  private nextOrder = 0;
  private occurrences = 0;

  constructor(private readonly weights: Bm25Weights) {}

  static fromBytes(bytes: Buffer): FallbackTextIndex {
    const { weights, documents } = readDocuments(bytes);
    const index = new FallbackTextIndex(weights);
    for (const document of documents) index.put(document);
    return index;
  }

  add(key: string, text: string, metadata: Metadata | undefined): boolean {
    const isReplaced = this.remove(key);
    const counts = new Map<string, number>();
    let length = 0;
    for (const term of terms(text)) {
      counts.set(term, (counts.get(term) ?? 0) + 1);
      length++;
    }
    this.put({ key, length, counts, metadata });
    return isReplaced;
  }

  remove(key: string): boolean {
    const document = this.documents.get(key);
    if (document === undefined) return false;
    this.documents.delete(key);
    this.orders.delete(document);
    this.length -= document.length;
    this.occurrences -= document.counts.size;
    for (const term of document.counts.keys()) {
      const postings = this.postings.get(term);
      postings?.delete(document);
      if (postings?.size === 0) this.postings.delete(term);
    }
    return true;
  }

  has(key: string): boolean {
    return this.documents.has(key);
  }

  keys(): string[] {
    return [...this.documents.keys()];
  }

  metadataOf(key: string): Metadata | undefined {
    return this.documents.get(key)?.metadata;
  }

  search(query: string, count: number, filter: Clause | undefined): TextHit[] {
    const scored: [TextDocument, number][] = [];
    for (const entry of this.scores(query)) {
      if (filter === undefined || holds(filter, entry[0].metadata)) scored.push(entry);
    }
    const orderOf = (document: TextDocument): number => this.orders.get(document) ?? 0;
    scored.sort(
      ([left, leftScore], [right, rightScore]) => rightScore - leftScore || orderOf(left) - orderOf(right),
    );
    return scored.slice(0, count).map(([{ key, metadata }, score]) => ({ key, score, metadata }));
  }

  toBytes(): Buffer {
    return writeDocuments(this.weights, this.documents);
  }

  stats(): TextStats {
    const bytes =
      this.documents.size * DOCUMENT_BYTES +
      this.postings.size * TERM_BYTES +
      this.occurrences * POSTING_BYTES;
    return { texts: this.documents.size, terms: this.postings.size, bytes };
  }

  close(): void {
    this.documents = new Map();
    this.postings = new Map();
    this.orders = new Map();
  }

  private put(document: TextDocument): void {
    this.documents.set(document.key, document);
    this.orders.set(document, this.nextOrder++);
    this.length += document.length;
    this.occurrences += document.counts.size;
    for (const [term, count] of document.counts) {
      const postings = this.postings.get(term);
      if (postings === undefined) this.postings.set(term, new Map([[document, count]]));
      else postings.set(document, count);
    }
  }

  private scores(query: string): Map<TextDocument, number> {
    // In the order of the query, so that every engine adds in the same order.
    const wanted = new Map<string, number>();
    for (const term of terms(query)) wanted.set(term, (wanted.get(term) ?? 0) + 1);
    const { k1, b } = this.weights;
    const mean = this.length / this.documents.size;
    const scores = new Map<TextDocument, number>();
    for (const [term, times] of wanted) {
      const postings = this.postings.get(term);
      if (postings === undefined) continue;
      const weight = times * rarity(this.documents.size, postings.size) * (k1 + 1);
      for (const [document, count] of postings) {
        const share = 1 - b + (b * document.length) / mean;
        const score = (weight * count) / (count + k1 * share);
        scores.set(document, (scores.get(document) ?? 0) + score);
      }
    }
    return scores;
  }
}

/** Rounded to 2^-32, so that logarithms of different libraries give one result. */
function rarity(texts: number, having: number): number {
  const exact = Math.log(1 + (texts - having + 0.5) / (having + 0.5));
  return Math.floor(exact * 2 ** 32 + 0.5) / 2 ** 32;
}
