/**
 * `@fishplate/vector`: similarity and search over embeddings.
 *
 * @packageDocumentation
 */

export type { EngineChoice, EngineName } from '@fishplate/engine';
export { VECTOR_CODES } from './codes';
export type { IndexStats } from './engine';
export {
  createHybridIndex,
  type HybridEntry,
  type HybridHit,
  HybridIndex,
  type HybridIndexOptions,
  type HybridLoadOptions,
  type HybridQuery,
  type HybridSearchOptions,
  type HybridStats,
} from './hybrid';
export type { Embed } from './hybrid-embedding';
export type { FusionOptions, Place } from './hybrid-fusion';
export { capability } from './native';
export {
  dequantize,
  normalize,
  norms,
  quantize,
  type Quantized,
  type Storage,
} from './quantize';
export {
  type BatchOptions,
  cosineSimilarity,
  dotProduct,
  euclideanDistance,
  type PairOptions,
  similarityBatch,
  squaredEuclideanDistance,
  topK,
  type TopK,
  type TopKOptions,
} from './similarity';
export type { Condition, Filter, Hit, Metadata, Metric, Scalar } from './types';
export {
  createVectorIndex,
  type Entry,
  type GraphOptions,
  type LoadOptions,
  type SearchOptions,
  VectorIndex,
  type VectorIndexOptions,
} from './vector-index';
