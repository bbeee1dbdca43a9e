/** What goes into an index and what comes out of it. */

import type { EngineChoice, EngineName } from '@fishplate/engine';

/** The kinds of symbols of the Language Server Protocol, in the order of its numbers from 1. */
export const SYMBOL_KINDS = [
  'file',
  'module',
  'namespace',
  'package',
  'class',
  'method',
  'property',
  'field',
  'constructor',
  'enum',
  'interface',
  'function',
  'variable',
  'constant',
  'string',
  'number',
  'boolean',
  'array',
  'object',
  'key',
  'null',
  'enumMember',
  'struct',
  'event',
  'operator',
  'typeParameter',
] as const;

/** What a symbol is. */
export type SymbolKind = (typeof SYMBOL_KINDS)[number];

/** A declaration, as language servers and extractors give it. Lines and columns count from 0, columns in UTF-16 units. */
export interface SymbolInput {
  readonly name: string;
  readonly kind: SymbolKind;
  readonly line: number;
  readonly column: number;
  readonly endLine?: number;
  readonly endColumn?: number;
  /** Name of what it is a member of; parts between `.`, `::` or `#`. */
  readonly container?: string;
  /** One line that shows how it is used. */
  readonly signature?: string;
  /** Whether other files can name it; false unless given. */
  readonly exported?: boolean;
}

/** A symbol of an index. */
export interface IndexedSymbol extends SymbolInput {
  readonly exported: boolean;
}

/** What a file is to have. */
export interface FileSymbols {
  readonly path: string;
  readonly symbols: readonly SymbolInput[];
  /** Names that the file uses, and how often each. */
  readonly references?: Readonly<Record<string, number>>;
}

/** What an update did. */
export interface UpdateReport {
  /** Files that were given. */
  readonly files: number;
  readonly added: number;
  /** Symbols of the same files that were there before. */
  readonly removed: number;
  /** Symbols of the whole index now. */
  readonly symbols: number;
}

/** What to look for, beside the name. */
export interface QueryOptions {
  /** Most hits, 10,000 at most; 20 unless given. */
  readonly limit?: number;
  /** Only these kinds. */
  readonly kinds?: readonly SymbolKind[];
  /**
   * Only these files: a prefix of their paths, or a glob with any of `*?[{` in it. A glob is of the whole path, and one
   * without a slash of its last part.
   */
  readonly path?: string;
  /** False finds names that have the query in one piece or as initials, and no others; true unless given. */
  readonly fuzzy?: boolean;
  /** Prefixes or globs of paths whose symbols are preferred. */
  readonly boostPaths?: readonly string[];
}

/** In what way a name matches, from the best to the least. */
export type MatchTier = 'exact' | 'prefix' | 'initials' | 'substring' | 'subsequence' | 'typo';

/** What a score is made of; the sum of all is the score. */
export interface ScoreParts {
  readonly tier: number;
  /** How well the name matches within its tier. */
  readonly fit: number;
  /** Letters of the same case, less words that do not begin where the query has them begin. */
  readonly case: number;
  /** How many symbols have the name. */
  readonly popular: number;
  /** Kind, and whether it is exported. */
  readonly declared: number;
  /** How well the words before the name fit path and container. */
  readonly place: number;
  /** The file is to be preferred. */
  readonly boost: number;
}

/** A symbol that was found. */
export interface SymbolHit extends IndexedSymbol {
  readonly path: string;
  readonly score: number;
  readonly tier: MatchTier;
  /** Starts and ends of the letters of the name that match, in UTF-16 units. */
  readonly ranges: readonly (readonly [start: number, end: number])[];
  readonly parts: ScoreParts;
}

/** A symbol with its members. */
export interface SymbolNode extends IndexedSymbol {
  readonly children: readonly SymbolNode[];
}

/** A file that uses a name. */
export interface SymbolUse {
  readonly path: string;
  readonly count: number;
}

/** How much an index holds. */
export interface IndexStats {
  readonly engine: EngineName;
  readonly files: number;
  readonly symbols: number;
  /** Names that differ, those of containers and references too. */
  readonly names: number;
  /** Pairs of a file and a name that it uses. */
  readonly references: number;
  /** Bytes that the index takes; an estimate in the fallback. */
  readonly memoryBytes: number;
}

/** Options of making an index. */
export interface SymbolIndexOptions {
  /** Which engine to use; `auto` unless given. */
  readonly engine?: EngineChoice;
}
