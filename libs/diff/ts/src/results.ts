/** What the functions of this package answer. */

import type { EngineChoice, EngineName } from '@fishplate/engine';

import type { DiffOutcomeCode } from './codes';
import type { TextInput } from './input';

/** Options that every function takes. */
export interface EngineOption {
  /** Engine for this call; wins over `FISHPLATE_DIFF_ENGINE`. */
  readonly engine?: EngineChoice;
}

/** The same kind of text as came in: bytes where any input was bytes. */
export type TextOf<Input extends TextInput> = Input extends string ? string : Buffer;

/**
 * The algorithm that produced a diff.
 *
 * - `exact`: greedy Myers with npm diff's choices among equally short scripts; the same hunks as npm diff.
 * - `minimal`: as few changed lines as `exact`, not always the same ones.
 * - `histogram`, `patience`: as in git; readable, not always minimal.
 * - `coarse`: everything between the common head and tail counts as replaced; correct, and no more.
 */
export type DiffAlgorithm = 'exact' | 'minimal' | 'histogram' | 'patience' | 'coarse';

/** A unified diff and how it came about. */
export interface UnifiedDiff<Text extends string | Buffer = string> {
  /** Headers and hunks; empty where the texts are equal. */
  readonly patch: Text;
  readonly algorithm: DiffAlgorithm;
  readonly engine: EngineName;
  /** Lines that start with `+`. */
  readonly added: number;
  /** Lines that start with `-`. */
  readonly removed: number;
  /** Number of hunks. */
  readonly hunks: number;
}

/**
 * How far a change had to reach to find its place, from nearest to farthest.
 *
 * - `exact`: at the expected line (an edit: at the only place), character for character.
 * - `offset`: the same lines, at the only other place.
 * - `trailing-whitespace`: white space at the ends of lines differs, the newline at the end of the file included.
 * - `indent`: all lines are indented by the same more or less; lines that are added are indented likewise.
 * - `fuzz`: up to two context lines, and no more than a third, are other lines or are not there. What is removed, and
 *   the neighbours of what is only added, must be there.
 */
export type MatchStrategy = 'exact' | 'offset' | 'trailing-whitespace' | 'indent' | 'fuzz';

/** The option of functions that look for the place of a change. */
export interface ReachOption {
  /** The farthest strategy that may be tried; `fuzz` unless given. The outcome says which one was. */
  readonly reach?: MatchStrategy;
}

/** The most similar place of a text that was not found. */
export interface NearestMatch {
  /** 1-based line of the source. */
  readonly line: number;
  /** How alike the texts are, from 0 to below 1; a guide for readers, which differs a little between engines. */
  readonly similarity: number;
}

/** What became of one change: a hunk of a patch or one search/replace edit. */
export interface ChangeOutcome {
  readonly status: 'applied' | 'rejected';
  /** Why it was rejected. */
  readonly code?: DiffOutcomeCode;
  /** How its place was found, where it was applied. */
  readonly strategy?: MatchStrategy;
  /** 1-based line where it was applied, or was expected; an edit that is nowhere, or at several places, has none. */
  readonly line?: number;
  /** How alike the wanted lines and the place are: 1 where all are there, 0 where nothing is alike. */
  readonly similarity?: number;
  /** Lines of all places that fit equally well, where there are several; at most 20 are named. */
  readonly candidates?: readonly number[];
  /** The most similar place, where none fits. */
  readonly nearest?: NearestMatch;
}

/** What became of one hunk. */
export interface HunkOutcome extends ChangeOutcome {
  readonly line: number;
  /** Lines between the place stated in the patch and the place found; negative is earlier. */
  readonly offset: number;
  readonly similarity: number;
}

/** What became of a patch. */
export interface AppliedPatch<Text extends string | Buffer = string> {
  /** True where every hunk was applied. */
  readonly ok: boolean;
  /** The patched text, or null where a hunk was rejected: all or nothing. */
  readonly text: Text | null;
  readonly hunks: readonly HunkOutcome[];
  /** Indexes into `hunks` of those that were rejected. */
  readonly rejected: readonly number[];
  readonly engine: EngineName;
}

/** What became of a list of edits. */
export interface AppliedEdits {
  /** True where every edit was applied. */
  readonly ok: boolean;
  /** The edited text, or null where an edit was rejected: all or nothing. */
  readonly text: string | null;
  readonly edits: readonly ChangeOutcome[];
  /** Indexes into `edits` of those that were rejected. */
  readonly rejected: readonly number[];
  readonly engine: EngineName;
}
