/** What both engines do, with arguments that have been checked. */

import type { EngineName } from '@fishplate/engine';

import type { IndexedSymbol, IndexStats, SymbolHit, SymbolNode, SymbolUse, UpdateReport } from './types';

/** A file that has been checked. */
export interface CheckedFile {
  readonly path: string;
  readonly symbols: readonly IndexedSymbol[];
  readonly references: readonly (readonly [name: string, count: number])[];
}

/** Options of a query that have been checked, with their defaults. */
export interface CheckedQuery {
  readonly limit: number;
  /** A bit for each number of a kind; 0 for all. */
  readonly kinds: number;
  readonly path: string | undefined;
  readonly fuzzy: boolean;
  readonly boostPaths: readonly string[];
}

/** An index of one of the engines. */
export interface SymbolsEngine {
  readonly name: EngineName;
  updateFiles(batch: readonly CheckedFile[]): UpdateReport;
  removeFile(path: string): boolean;
  query(text: string, options: CheckedQuery): SymbolHit[];
  outline(path: string): SymbolNode[];
  references(name: string): SymbolUse[];
  stats(): Omit<IndexStats, 'engine'>;
  save(path: string): Promise<void>;
  /** Lets its memory go. */
  close(): void;
}
