/**
 * `@fishplate/symbols`: find a symbol of a large repository while its name is typed.
 *
 * @packageDocumentation
 */

export type { EngineChoice, EngineName } from '@fishplate/engine';
export { SYMBOLS_CODES } from './codes';
export {
  type ExtractedFile,
  type ExtractedSymbol,
  type ExtractOptions,
  extractSymbols,
  indexWorkspace,
  refreshFiles,
  type SkippedFile,
  type SkipReason,
  type WorkspaceOptions,
  type WorkspaceProgress,
  type WorkspaceReport,
} from './index-workspace';
export { capability } from './native';
export { type RankedFile, type RankedSymbol, rankFiles, type RankOptions, renderMap } from './rank-files';
export {
  type OutputStream,
  Spool,
  type SpoolCounts,
  type SpoolingOutput,
  type SpoolLines,
  type SpoolOptions,
  spoolOutput,
  type SpoolRange,
} from './spool';
export { createSymbolIndex, loadSymbolIndex, type SymbolIndex } from './symbol-index';
export {
  type FileSymbols,
  type IndexedSymbol,
  type IndexStats,
  type MatchTier,
  type QueryOptions,
  type ScoreParts,
  SYMBOL_KINDS,
  type SymbolHit,
  type SymbolIndexOptions,
  type SymbolInput,
  type SymbolKind,
  type SymbolNode,
  type SymbolUse,
  type UpdateReport,
} from './types';
