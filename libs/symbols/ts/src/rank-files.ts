/** A map of a repository: the files that matter for a task, with what matters in each. */

import { checkObject } from './check';
import { SYMBOLS_CODES } from './codes';
import { ScriptEngine } from './fallback/engine';
import { selectNative, withCodes } from './native';
import { NativeEngine } from './native-engine';
import { type RawRanked, rankInScript } from './rank-files-script';
import { engineOf, type SymbolIndex } from './symbol-index';
import type { IndexedSymbol } from './types';

/** What to rank for, and how much to show. */
export interface RankOptions {
  /**
   * Paths of files and of directories, and names of symbols: what is worked on. Without any, all files count alike; those
   * that nothing in the index is called are ignored.
   */
  readonly focus?: readonly string[];
  /** Most tokens of all outlines together; 4096 unless given. */
  readonly budgetTokens?: number;
  /** Counts the tokens of a text; unless given, one for every three UTF-16 units, which code seldom exceeds. */
  readonly countTokens?: (text: string) => number;
  /** Most files, 10,000 at most; 1000 unless given. */
  readonly maxFiles?: number;
}

/** A symbol and how much it matters. */
export interface RankedSymbol extends IndexedSymbol {
  /** How much of the score of its file comes by its name. */
  readonly score: number;
}

/** A file and how much it matters. */
export interface RankedFile extends RawRanked {
  /** The symbols of the outline, in the order of the file. */
  readonly symbols: readonly RankedSymbol[];
  /** Its path, and a line for each symbol: number of the line from 1, and signature. */
  readonly outline: string;
  /** Tokens of the outline. */
  readonly tokens: number;
}

const DEFAULT_BUDGET = 4096;
const MAX_BUDGET = 10_000_000;
const DEFAULT_FILES = 1000;
const MAX_FILES = 10_000;

/** Most symbols that are looked at in one file. */
const MAX_SYMBOLS = 64;

const UNITS_A_TOKEN = 3;

/**
 * The files that matter for a focus, the one that matters most first, with outlines that together fit a budget of tokens
 * ({@link renderMap} puts them together). Personalised PageRank over names that files use and others declare: rare names
 * count more than common and very short ones, those in the focus most. The same index and focus give the same ranks.
 *
 * @throws FishplateError `OPTION_INVALID`, `INPUT_INVALID`, `SYMBOLS_CLOSED`; what `countTokens` throws.
 */
export function rankFiles(index: SymbolIndex, options: RankOptions = {}): RankedFile[] {
  checkObject(options);
  const { focus = [], countTokens = estimate } = options;
  if (!Array.isArray(focus) || !focus.every((text) => typeof text === 'string')) {
    throw SYMBOLS_CODES.error('OPTION_INVALID', 'focus must be an array of paths and names');
  }
  if (typeof countTokens !== 'function') {
    throw SYMBOLS_CODES.error(
      'OPTION_INVALID',
      `countTokens must be a function, and is of type ${typeof countTokens}`,
    );
  }
  const budget = whole(options.budgetTokens ?? DEFAULT_BUDGET, 'budgetTokens', MAX_BUDGET);
  const ranked = ranksOf(index, focus, whole(options.maxFiles ?? DEFAULT_FILES, 'maxFiles', MAX_FILES));
  return fitted(ranked, budget, countTokens);
}

/** The outlines of ranked files as one text. */
export function renderMap(files: readonly RankedFile[]): string {
  return files.map(({ outline }) => outline).join('\n');
}

function estimate(text: string): number {
  return Math.ceil(text.length / UNITS_A_TOKEN);
}

function whole(value: unknown, name: string, to: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= to) return value;
  throw SYMBOLS_CODES.error('OPTION_INVALID', `${name} must be a whole number from 0 to ${to}`);
}

function ranksOf(index: SymbolIndex, focus: readonly string[], files: number): RawRanked[] {
  const engine = engineOf(index);
  if (engine instanceof ScriptEngine) return rankInScript(engine.store, focus, files, MAX_SYMBOLS);
  const native = selectNative('native');
  if (native === null || !(engine instanceof NativeEngine)) {
    throw SYMBOLS_CODES.error('ENGINE_FAULT', 'the engine of the index has gone');
  }
  const json = withCodes(() => native.rankFiles(engine.index, focus as string[], files, MAX_SYMBOLS));
  return JSON.parse(json) as RawRanked[];
}

/** As many of the best symbols as fit. */
function fitted(
  ranked: readonly RawRanked[],
  budget: number,
  countTokens: (text: string) => number,
): RankedFile[] {
  const candidates = ranked.flatMap((file, place) =>
    file.symbols.map((symbol, ordinal) => ({ place, ordinal, score: symbol.score })),
  );
  candidates.sort((a, b) => b.score - a.score || a.place - b.place || a.ordinal - b.ordinal);
  const shown = (count: number): RankedFile[] => {
    const chosen = new Map<number, RankedSymbol[]>();
    for (const { place, ordinal } of candidates.slice(0, count)) {
      const symbols = chosen.get(place) ?? [];
      symbols.push(ranked[place]!.symbols[ordinal]!);
      chosen.set(place, symbols);
    }
    return [...chosen.keys()]
      .sort((a, b) => a - b)
      .map((place) => outlined(ranked[place]!, chosen.get(place)!, countTokens));
  };
  let [fits, tooMany] = [0, Math.min(candidates.length, budget) + 1];
  let best: RankedFile[] = [];
  while (tooMany - fits > 1) {
    const middle = fits + Math.floor((tooMany - fits) / 2);
    const files = shown(middle);
    if (countTokens(renderMap(files)) <= budget) [fits, best] = [middle, files];
    else tooMany = middle;
  }
  return best;
}

function outlined(
  file: RawRanked,
  symbols: readonly RankedSymbol[],
  countTokens: (text: string) => number,
): RankedFile {
  const inOrder = [...symbols].sort((a, b) => a.line - b.line || a.column - b.column);
  const lines = inOrder.map(({ line, name, signature, container }) => {
    const indent = container === undefined ? '  ' : '    ';
    return `${indent}${line + 1}: ${signature === undefined || signature === '' ? name : signature}`;
  });
  const outline = [file.path, ...lines].join('\n');
  return { ...file, symbols: inOrder, outline, tokens: countTokens(outline) };
}
