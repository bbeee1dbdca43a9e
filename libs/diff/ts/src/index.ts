/**
 * `@fishplate/diff`: line diffs, unified patches, apply and reverse. The interface of npm diff 9 on a Rust core, with
 * npm diff itself as the fallback; and functions of its own for bytes, for patches that drifted, and for edits.
 *
 * @packageDocumentation
 */

export type { EngineChoice, EngineName } from '@fishplate/engine';
export {
  type ApplyPatchOptions,
  type ArrayChange,
  canonicalize,
  type Change,
  type ChangeObject,
  type CreatePatchOptionsAbortable,
  type CreatePatchOptionsNonabortable,
  type DiffArraysOptionsAbortable,
  type DiffArraysOptionsNonabortable,
  type DiffCharsOptionsAbortable,
  type DiffCharsOptionsNonabortable,
  type DiffCssOptionsAbortable,
  type DiffCssOptionsNonabortable,
  type DiffJsonOptionsAbortable,
  type DiffJsonOptionsNonabortable,
  type DiffLinesOptionsAbortable,
  type DiffLinesOptionsNonabortable,
  type DiffSentencesOptionsAbortable,
  type DiffSentencesOptionsNonabortable,
  type DiffWordsOptionsAbortable,
  type DiffWordsOptionsNonabortable,
  FILE_HEADERS_ONLY,
  type HeaderOptions,
  INCLUDE_HEADERS,
  OMIT_HEADERS,
  type StructuredPatch,
  type StructuredPatchHunk,
  type StructuredPatchOptionsAbortable,
  type StructuredPatchOptionsNonabortable,
} from 'diff';

export {
  applyPatch,
  applyPatches,
  type ApplyPatchesOptions,
  applyUnifiedDiff,
  type ApplyUnifiedDiffOptions,
} from './apply';
export { DIFF_CODES, DIFF_OUTCOMES, type DiffOutcomeCode } from './codes';
export {
  arrayDiff,
  characterDiff,
  cssDiff,
  diffArrays,
  type DiffArrays,
  diffChars,
  diffCss,
  type DiffFunction,
  diffJson,
  diffLines,
  diffSentences,
  diffTrimmedLines,
  diffWords,
  diffWordsWithSpace,
  jsonDiff,
  lineDiff,
  sentenceDiff,
  wordDiff,
  wordsWithSpaceDiff,
} from './compare';
export { convertChangesToDMP, convertChangesToXML, formatPatch } from './convert';
export { createPatch, createTwoFilesPatch, type PatchFunction, structuredPatch } from './create';
export { Diff } from './differ';
export { applyEdits, type ApplyEditsOptions, type SearchReplace } from './edits';
export type { Chunk } from './files/envelope';
export {
  changeText,
  type NextFile,
  type PatchedFile,
  type PatchedFiles,
  patchFiles,
  type PatchFilesOptions,
  sectionAction,
} from './files/patch-files';
export {
  type FileSection,
  type FileSections,
  type PatchFormat,
  parseFileSections,
  type SectionChange,
} from './files/sections';
export type { TextInput } from './input';
export { MATCH_STRATEGIES, type Step } from './placing/ladder';
export { capability } from './native';
export {
  type ConflictStyle,
  merge3,
  type MergeConflict,
  type MergedText,
  type MergeOptions,
} from './merge';
export { parsePatch } from './parse';
export type {
  AppliedEdits,
  AppliedPatch,
  ChangeOutcome,
  DiffAlgorithm,
  EngineOption,
  HunkOutcome,
  MatchStrategy,
  NearestMatch,
  ReachOption,
  TextOf,
  UnifiedDiff,
} from './results';
export { reversePatch, reverseUnifiedDiff } from './reverse';
export { formatAnsi, formatHtml, type ShowOptions } from './show/format';
export {
  refineChange,
  type Refinement,
  type RefinementUnit,
  type RefineOptions,
  type Segment,
} from './show/refine';
export { type DiffStat, diffStat, type FileStat } from './show/stat';
export {
  unifiedDiff,
  unifiedDiffAsync,
  type UnifiedDiffAsyncOptions,
  type UnifiedDiffOptions,
} from './unified';
