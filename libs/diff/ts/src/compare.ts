/** Comparisons whose answer is a list of changes, as npm diff makes them: same names, same arguments, same changes. */

import { isFishplateError } from '@fishplate/engine';
import * as npm from 'diff';

import { DIFF_CODES } from './codes';
import { type DiffOptions, onEngine, plainKey, type TextRunner } from './differ';
import { checkString, describe } from './input';
import type { EngineOption } from './results';

/** A comparing function of npm diff: its overloads, with {@link EngineOption} beside its options. */
export interface DiffFunction<Input, Value, Abortable, Nonabortable> {
  (oldValue: Input, newValue: Input, options: (changes: npm.ChangeObject<Value>[]) => void): undefined;
  (
    oldValue: Input,
    newValue: Input,
    options: Abortable &
      EngineOption & { callback: (changes: npm.ChangeObject<Value>[] | undefined) => void },
  ): undefined;
  (
    oldValue: Input,
    newValue: Input,
    options: Nonabortable & EngineOption & { callback: (changes: npm.ChangeObject<Value>[]) => void },
  ): undefined;
  (
    oldValue: Input,
    newValue: Input,
    options: Abortable & EngineOption,
  ): npm.ChangeObject<Value>[] | undefined;
  (oldValue: Input, newValue: Input, options?: Nonabortable & EngineOption): npm.ChangeObject<Value>[];
}

/** `diffArrays` of npm diff: its overloads, with {@link EngineOption} beside its options. */
export interface DiffArrays {
  <T>(oldArr: T[], newArr: T[], options: (changes: npm.ArrayChange<T>[]) => void): undefined;
  <T>(
    oldArr: T[],
    newArr: T[],
    options: npm.DiffArraysOptionsAbortable<T> &
      EngineOption & { callback: (changes: npm.ArrayChange<T>[] | undefined) => void },
  ): undefined;
  <T>(
    oldArr: T[],
    newArr: T[],
    options: npm.DiffArraysOptionsNonabortable<T> &
      EngineOption & { callback: (changes: npm.ArrayChange<T>[]) => void },
  ): undefined;
  <T>(
    oldArr: T[],
    newArr: T[],
    options: npm.DiffArraysOptionsAbortable<T> & EngineOption,
  ): npm.ArrayChange<T>[] | undefined;
  <T>(
    oldArr: T[],
    newArr: T[],
    options?: npm.DiffArraysOptionsNonabortable<T> & EngineOption,
  ): npm.ArrayChange<T>[];
}

/** The differ behind {@link diffLines}. */
export const lineDiff: typeof npm.lineDiff = onEngine(npm.lineDiff, lineKey, (before, after, options) => {
  const stripped = (text: string): string => (options.stripTrailingCr ? text.replace(/\r\n/g, '\n') : text);
  const [oldText, newText] = [stripped(before), stripped(after)];
  const settings = {
    ignoreWhitespace: Boolean(options.ignoreWhitespace),
    ignoreNewlineAtEof: Boolean(options.ignoreNewlineAtEof),
  };
  return {
    oldText,
    newText,
    run: (native, given) => native.lineRuns(oldText, newText, { ...given, ...settings }),
    runAsync: (native, given, token) =>
      native.lineRunsAsync(oldText, newText, { ...given, ...settings }, token),
  };
});
/** The differ behind {@link diffChars}. */
export const characterDiff: typeof npm.characterDiff = onEngine(
  npm.characterDiff,
  plainKey,
  (oldText, newText) => ({
    oldText,
    newText,
    run: (native, given) => native.characterRuns(oldText, newText, given),
    runAsync: (native, given, token) => native.characterRunsAsync(oldText, newText, given, token),
  }),
);
/** The differ behind {@link diffWords}. */
export const wordDiff: typeof npm.wordDiff = onEngine(
  npm.wordDiff,
  (token: string, options) => (plainKey(token, options) as string).trim(),
  (oldText, newText, options) => (options.intlSegmenter ? null : words(oldText, newText, true)),
);
/** The differ behind {@link diffWordsWithSpace}. */
export const wordsWithSpaceDiff: typeof npm.wordsWithSpaceDiff = onEngine(
  npm.wordsWithSpaceDiff,
  plainKey,
  (oldText, newText) => words(oldText, newText, false),
);
/** The differ behind {@link diffSentences}. */
export const sentenceDiff: typeof npm.sentenceDiff = onEngine(npm.sentenceDiff, plainKey);
/** The differ behind {@link diffCss}. */
export const cssDiff: typeof npm.cssDiff = onEngine(npm.cssDiff, plainKey);
/** The differ behind {@link diffJson}. */
export const jsonDiff: typeof npm.jsonDiff = onEngine(npm.jsonDiff, (token: string, options) =>
  plainKey(token.replace(/,([\r\n])/g, '$1'), options),
);
/** The differ behind {@link diffArrays}. */
export const arrayDiff: typeof npm.arrayDiff = onEngine(npm.arrayDiff, plainKey);

/** `padded` words have white space on both sides, which is not compared. */
function words(oldText: string, newText: string, padded: boolean): TextRunner {
  return {
    oldText,
    newText,
    run: (native, given) => native.wordRuns(oldText, newText, padded, given),
    runAsync: (native, given, token) => native.wordRunsAsync(oldText, newText, padded, given, token),
  };
}

/** Lines are equal as npm diff's options say, white space and the newline considered. */
function lineKey(token: string, options: DiffOptions): unknown {
  let line = token;
  if (options.ignoreWhitespace) {
    if (!options.newlineIsToken || !line.includes('\n')) line = line.trim();
  } else if (options.ignoreNewlineAtEof && !options.newlineIsToken && line.endsWith('\n')) {
    line = line.slice(0, -1);
  }
  return plainKey(line, options);
}

/**
 * Compares two texts line by line; see `diffLines` of npm diff 9.
 *
 * @returns The changes; undefined where `maxEditLength` or `timeout` was passed, or where a callback gets them.
 * @throws FishplateError `INPUT_INVALID`, `INPUT_TOO_LARGE`, `OPTION_INVALID`, `DIFF_TOO_LARGE`; so do the others here.
 */
export const diffLines = ofTexts(lineDiff) as DiffFunction<
  string,
  string,
  npm.DiffLinesOptionsAbortable,
  npm.DiffLinesOptionsNonabortable
>;

/** {@link diffLines} without the white space at both ends of lines; see `diffTrimmedLines` of npm diff 9. */
export const diffTrimmedLines = ((oldStr: string, newStr: string, options: object | undefined) =>
  (diffLines as unknown as Loose)(oldStr, newStr, {
    ignoreWhitespace: true,
    ...(typeof options === 'function' ? { callback: options } : options),
  })) as typeof diffLines;

/** Compares two texts by characters (code points); see `diffChars` of npm diff 9. */
export const diffChars = ofTexts(characterDiff) as DiffFunction<
  string,
  string,
  npm.DiffCharsOptionsAbortable,
  npm.DiffCharsOptionsNonabortable
>;

/** Compares two texts by words and punctuation, white space left aside; see `diffWords` of npm diff 9. */
export const diffWords = ((
  oldStr: string,
  newStr: string,
  options: { ignoreWhitespace?: boolean | null },
) => {
  // An option that npm diff honours without naming it.
  const differ = (options?.ignoreWhitespace ?? true) ? wordDiff : wordsWithSpaceDiff;
  return ofTexts(differ)(oldStr, newStr, options);
}) as DiffFunction<string, string, npm.DiffWordsOptionsAbortable, npm.DiffWordsOptionsNonabortable>;

/** Compares two texts by words, punctuation, newlines and other white space; see `diffWordsWithSpace` of npm diff 9. */
export const diffWordsWithSpace = ofTexts(wordsWithSpaceDiff) as typeof diffWords;

/** Compares two texts by sentences; see `diffSentences` of npm diff 9. */
export const diffSentences = ofTexts(sentenceDiff) as DiffFunction<
  string,
  string,
  npm.DiffSentencesOptionsAbortable,
  npm.DiffSentencesOptionsNonabortable
>;

/** Compares two texts by the tokens of CSS; see `diffCss` of npm diff 9. */
export const diffCss = ofTexts(cssDiff) as DiffFunction<
  string,
  string,
  npm.DiffCssOptionsAbortable,
  npm.DiffCssOptionsNonabortable
>;

/** Compares two values by the lines of their JSON, keys sorted; see `diffJson` of npm diff 9. */
export const diffJson = ((oldValue: unknown, newValue: unknown, options: { stringifyReplacer?: unknown }) => {
  try {
    return (jsonDiff as unknown as LooseDiffer).diff(oldValue, newValue, options);
  } catch (error) {
    // What a caller's own function throws is the caller's.
    if (!(error instanceof TypeError) || isFishplateError(error) || options?.stringifyReplacer) throw error;
    throw DIFF_CODES.error('INPUT_INVALID', `a value has no JSON form: ${error.message}`, { cause: error });
  }
}) as DiffFunction<string | object, string, npm.DiffJsonOptionsAbortable, npm.DiffJsonOptionsNonabortable>;

/** Compares two arrays item by item with `===`; see `diffArrays` of npm diff 9. */
export const diffArrays = ((oldArr: unknown, newArr: unknown, options: unknown) => {
  for (const [name, value] of Object.entries({ oldArr, newArr })) {
    if (Array.isArray(value)) continue;
    throw DIFF_CODES.error('INPUT_INVALID', `${name} must be an array, and is ${describe(value)}`);
  }
  return (arrayDiff as unknown as LooseDiffer).diff(oldArr, newArr, options);
}) as DiffArrays;

interface LooseDiffer {
  diff: Loose;
}
type Loose = (oldValue: unknown, newValue: unknown, options: unknown) => unknown;

function ofTexts(differ: object): Loose {
  return (oldStr, newStr, options) => {
    checkString(oldStr, 'oldStr');
    checkString(newStr, 'newStr');
    return (differ as LooseDiffer).diff(oldStr, newStr, options);
  };
}
