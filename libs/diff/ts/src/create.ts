/** Patches from two texts, as npm diff makes them: same names, same arguments, same text. */

import type { NativeDiff, NativeDiffOptions } from '@fishplate/diff-native';
import * as npm from 'diff';

import { DIFF_CODES } from './codes';
import { checkScriptSize } from './fallback/bytes';
import { checkFunction, checkName, checkOptions, checkString } from './input';
import { isCount, type Limits, strictSettings } from './limits';
import { runOnThread, selectNative, withCodes } from './native';
import type { EngineOption } from './results';

/** A patch-making function of npm diff: its overloads, with {@link EngineOption} beside its options. */
export interface PatchFunction<Texts extends string[], Patch, Abortable, Nonabortable> {
  (...args: [...Texts, OldHeader, NewHeader, options: (patch: Patch) => void]): undefined;
  (
    ...args: [...Texts, OldHeader, NewHeader, options: Abortable & EngineOption & AbortableCallback<Patch>]
  ): undefined;
  (
    ...args: [...Texts, OldHeader, NewHeader, options: Nonabortable & EngineOption & Callback<Patch>]
  ): undefined;
  (...args: [...Texts, OldHeader, NewHeader, options: Abortable & EngineOption]): Patch | undefined;
  (...args: [...Texts, oldHeader?: string, newHeader?: string, options?: Nonabortable & EngineOption]): Patch;
}
type OldHeader = string | undefined;
type NewHeader = string | undefined;
type Callback<Patch> = { callback: (patch: Patch) => void };
type AbortableCallback<Patch> = { callback: (patch: Patch | undefined) => void };
type TwoFiles = [oldFileName: string, newFileName: string, oldStr: string, newStr: string];
type OneFile = [fileName: string, oldStr: string, newStr: string];

/** Everything that the functions below take, once told apart from a bare callback. */
interface PatchOptions extends Limits, EngineOption {
  context?: number;
  ignoreWhitespace?: boolean;
  ignoreNewlineAtEof?: boolean;
  stripTrailingCr?: boolean;
  newlineIsToken?: boolean;
  headerOptions?: npm.HeaderOptions;
  callback?: (patch: unknown) => void;
}

/** Options that the native engine knows; any other one that is set goes to npm diff whole. */
const NATIVE_OPTIONS: ReadonlySet<string> = new Set([
  'context',
  'ignoreWhitespace',
  'ignoreNewlineAtEof',
  'stripTrailingCr',
  'newlineIsToken',
  'maxEditLength',
  'timeout',
  'headerOptions',
  'callback',
  'engine',
]);

/**
 * The patch between two texts as an object; see `structuredPatch` of npm diff 9.
 *
 * @returns The patch; undefined where `maxEditLength` or `timeout` was passed, or where a callback gets it.
 * @throws FishplateError `INPUT_INVALID`, `OPTION_INVALID`, `DIFF_TOO_LARGE`.
 */
export const structuredPatch = ((oldFileName, newFileName, oldStr, newStr, oldHeader, newHeader, options) => {
  checkName(oldFileName, 'oldFileName');
  checkName(newFileName, 'newFileName');
  const assemble = (hunks: npm.StructuredPatchHunk[]): npm.StructuredPatch => ({
    oldFileName,
    newFileName,
    oldHeader,
    newHeader,
    hunks,
  });
  return create(oldStr, newStr, options, {
    native: (diff) => assemble(hunksOf(diff)),
    npm: (given) =>
      npm.structuredPatch(oldFileName, newFileName, oldStr, newStr, oldHeader, newHeader, given as never),
  });
}) as Loose as PatchFunction<
  TwoFiles,
  npm.StructuredPatch,
  npm.StructuredPatchOptionsAbortable,
  npm.StructuredPatchOptionsNonabortable
>;

/**
 * The patch between two texts of two names, as text; see `createTwoFilesPatch` of npm diff 9.
 *
 * @returns The patch; undefined where `maxEditLength` or `timeout` was passed, or where a callback gets it.
 * @throws FishplateError `INPUT_INVALID`, `OPTION_INVALID`, `DIFF_TOO_LARGE`, `OUTPUT_TOO_LARGE`.
 */
export const createTwoFilesPatch = ((
  oldFileName,
  newFileName,
  oldStr,
  newStr,
  oldHeader,
  newHeader,
  options,
) => {
  checkName(oldFileName, 'oldFileName');
  checkName(newFileName, 'newFileName');
  const { headerOptions } = optionsOf(options);
  return create(oldStr, newStr, options, {
    native: (diff) => {
      const header = npm.formatPatch(
        { oldFileName, newFileName, oldHeader, newHeader, hunks: [] },
        headerOptions,
      );
      // Without any header npm diff joins nothing and ends it with a newline.
      return header === '\n' && diff.hunks > 0 ? diff.body : header + (diff.body as string);
    },
    npm: (given) =>
      npm.createTwoFilesPatch(oldFileName, newFileName, oldStr, newStr, oldHeader, newHeader, given as never),
  });
}) as Loose as PatchFunction<
  TwoFiles,
  string,
  npm.CreatePatchOptionsAbortable,
  npm.CreatePatchOptionsNonabortable
>;

/** {@link createTwoFilesPatch} where both texts have one name; see `createPatch` of npm diff 9. */
export const createPatch = ((fileName, oldStr, newStr, oldHeader, newHeader, options) =>
  (createTwoFilesPatch as Loose)(
    fileName,
    fileName,
    oldStr,
    newStr,
    oldHeader,
    newHeader,
    options,
  )) as LooseOne as PatchFunction<
  OneFile,
  string,
  npm.CreatePatchOptionsAbortable,
  npm.CreatePatchOptionsNonabortable
>;

type Given = PatchOptions | ((patch: never) => void) | undefined;
type Header = string | undefined;
type Loose = (
  oldFileName: string,
  newFileName: string,
  oldStr: string,
  newStr: string,
  oldHeader: Header,
  newHeader: Header,
  options: Given,
) => unknown;
type LooseOne = (
  fileName: string,
  oldStr: string,
  newStr: string,
  oldHeader: Header,
  newHeader: Header,
  options: Given,
) => unknown;

interface Maker {
  native(diff: NativeDiff): unknown;
  npm(options: PatchOptions): unknown;
}

function optionsOf(given: Given): PatchOptions {
  return typeof given === 'function' ? { callback: given as (patch: unknown) => void } : checkOptions(given);
}

function create(oldStr: string, newStr: string, given: Given, make: Maker): unknown {
  const options = optionsOf(given);
  if (options.callback) checkFunction(options.callback, 'callback');
  checkString(oldStr, 'oldStr');
  checkString(newStr, 'newStr');
  if (options.newlineIsToken) {
    throw DIFF_CODES.error(
      'OPTION_INVALID',
      'newlineIsToken may not be used with patch-generation functions, only with diffing functions',
    );
  }
  const native = selectNative(options.engine);
  const settings = nativeOptions(options);
  // npm diff writes its default context into the object that it is given.
  if (native === null || settings === null) {
    checkScriptSize(oldStr, 'oldStr');
    checkScriptSize(newStr, 'newStr');
    // What a caller's own function throws is the caller's.
    const work = (): unknown => make.npm({ ...options });
    return 'comparator' in options ? work() : withCodes(work);
  }
  const { callback } = options;
  const answer = (diff: NativeDiff | null): unknown => (diff === null ? undefined : make.native(diff));
  if (!callback) return withCodes(() => answer(native.diffLines(oldStr, newStr, settings)));
  // A callback of npm diff has no place for an error: a comparison past the memory limit ends like one past `timeout`.
  runOnThread(native, (token) => native.diffLinesAsync(oldStr, newStr, settings, token)).then(
    // On a timer of its own, so that what the callback throws is uncaught, as with npm diff, and not a rejection.
    (diff) => setTimeout(() => callback(answer(diff)), 0),
    () => setTimeout(() => callback(undefined), 0),
  );
  return undefined;
}

/** What the native engine needs to answer as npm diff would; null where only npm diff can. */
function nativeOptions(options: PatchOptions): NativeDiffOptions | null {
  for (const [name, value] of Object.entries(options)) {
    if (!NATIVE_OPTIONS.has(name) && value !== undefined && value !== false) return null;
  }
  const { context = 4 } = options;
  const limits = strictSettings(options);
  if (limits === null || (context !== Infinity && !isCount(context))) return null;
  return {
    ...limits,
    context: Math.min(context, 0xffff_ffff),
    ignoreWhitespace: Boolean(options.ignoreWhitespace),
    ignoreNewlineAtEof: Boolean(options.ignoreNewlineAtEof),
    stripTrailingCr: Boolean(options.stripTrailingCr),
  };
}

/** Reads the hunks back from their text: one split is cheaper than a call across the binding for each line. */
function hunksOf({ body }: NativeDiff): npm.StructuredPatchHunk[] {
  const hunks: npm.StructuredPatchHunk[] = [];
  const lines = (body as string).split('\n');
  const end = lines.length - 1; // the text ends with a newline
  let line = 0;
  while (line < end) {
    const [, oldStart, oldLines, newStart, newLines] = /^@@ -(\d+),(\d+) \+(\d+),(\d+) @@$/
      .exec(lines[line]!)!
      .map(Number);
    const first = ++line;
    // Every line of a hunk starts with its marker, so that `@` starts the next one.
    while (line < end && !lines[line]!.startsWith('@')) line++;
    hunks.push({
      // The text of an empty range names the line before it.
      oldStart: oldLines === 0 ? oldStart! + 1 : oldStart!,
      oldLines: oldLines!,
      newStart: newLines === 0 ? newStart! + 1 : newStart!,
      newLines: newLines!,
      lines: lines.slice(first, line),
    });
  }
  return hunks;
}
