/** What both entries offer. */

export type { EngineChoice, EngineName } from '@fishplate/engine';
export {
  type ChatMessage,
  type ContentPart,
  countChatTokens,
  countChatTokensAsync,
  type ToolCall,
} from './chat';
export { type ChunkBoundary, chunkByTokens, type ChunkOptions, type TokenChunk } from './chunk';
export { TOKENIZER_CODES } from './codes';
export type { CutMessage } from './context/choice';
export {
  compressContext,
  compressContextAsync,
  type CompressContextOptions,
  type CompressedContext,
  type ContextStrategy,
  type DroppedMessage,
} from './context/compress-context';
export {
  type AsyncOptions,
  countTokens,
  countTokensAsync,
  countTokensBatch,
  countTokensBatchAsync,
  type EngineOptions,
  isWithinTokenLimit,
} from './count';
export { createTokenCounter, type TokenCounter } from './counter';
export { decode, decodeBytes, encode } from './encode';
export { type Encoding, encodingForModel, ENCODINGS, type Model } from './encodings';
export { estimateJsonTokens } from './json';
export type { SpecialTokenOptions } from './special-tokens';
export { type TruncateOptions, truncateTokens, type TruncationSide } from './truncate';
export {
  compress,
  compressAsync,
  type CompressOptions,
  decompress,
  decompressAsync,
  type DecompressOptions,
  trainDictionary,
  trainDictionaryAsync,
  type TrainOptions,
} from './zstd';
