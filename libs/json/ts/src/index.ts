/**
 * `@fishplate/json`: stable text and hashes, limits, documents that stream or are broken, lazy documents, lines.
 *
 * @packageDocumentation
 */

export type { EngineChoice, EngineName } from '@fishplate/engine';
export { JSON_CODES, type JsonCode } from './codes';
export { type JsonDocument, openJson } from './document';
export type { EngineOptions, Scalar } from './engine';
export { canonicalizeText, hashJson, hashJsonText, type TextOptions } from './hash';
export { type LineCondition, type NdjsonLine, type NdjsonOptions, splitNdjson } from './ndjson';
export { capability } from './native';
export { parse } from './parse';
export {
  createPartialParser,
  parsePartial,
  type PartialOptions,
  type PartialParser,
  type PartialParserOptions,
  type Snapshot,
} from './partial/partial';
export { repairJson, type Repaired, type RepairOptions } from './repair/repair';
export type { Repair, RepairKind } from './repair/repairs';
export {
  canonicalize,
  stableStringify,
  type StableOptions,
  stringify,
  type StringifyOptions,
} from './stringify';
export { format, type FormatOptions, minify, type ParseLimits, validate, type Validation } from './text';
