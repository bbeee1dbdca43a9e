/** Patches onto texts: npm diff's `applyPatch`, and `applyUnifiedDiff`, which says how far it reached. */

import type * as npm from 'diff';
import { applyPatch as npmApplyPatch, type ApplyPatchOptions, type StructuredPatch } from 'diff';
import { isFishplateError } from '@fishplate/engine';

import { DIFF_CODES } from './codes';
import { checkScriptSize, fitsScript, latin1 } from './fallback/bytes';
import { hunkText } from './fallback/unified';
import {
  checkFunction,
  checkOptions,
  checkPatchObject,
  checkReach,
  checkString,
  checkText,
  type TextInput,
} from './input';
import { coded, type DiffNative, selectNative, withCodes } from './native';
import { npmParse, parsePatch } from './parse';
import { applyHunks } from './placing/hunks';
import type { AppliedPatch, EngineOption, HunkOutcome, MatchStrategy, ReachOption, TextOf } from './results';

/**
 * Applies a patch to a text; see `applyPatch` of npm diff 9.
 *
 * A hunk whose lines are not where it says goes to the nearest place that fits, without a word: for edits that must
 * not be misplaced use {@link applyUnifiedDiff}.
 *
 * @param patch - Text of one file's patch, or an object of `parsePatch` or `structuredPatch`.
 * @returns The patched text; false where a hunk fits nowhere.
 * @throws FishplateError `PATCH_MALFORMED`, `PATCH_MULTIPLE_FILES`, `OPTION_INVALID`, `INPUT_INVALID`.
 */
export function applyPatch(
  source: string,
  patch: string | StructuredPatch | [StructuredPatch],
  options: ApplyPatchOptions & EngineOption = {},
): string | false {
  checkString(source, 'source');
  const { engine, compareLine, ...rest } = checkOptions(options);
  const fuzzFactor = rest.fuzzFactor || 0;
  if (!Number.isInteger(fuzzFactor) || fuzzFactor < 0) {
    throw DIFF_CODES.error('OPTION_INVALID', 'fuzzFactor must be a non-negative integer');
  }
  if (compareLine) checkFunction(compareLine, 'compareLine');
  const native = compareLine ? null : selectNative(engine);
  const text = native === null ? null : patchText(patch);
  if (native !== null && text !== null) {
    const settings = {
      fuzzFactor: Math.min(fuzzFactor, 0xffff_ffff),
      autoConvertLineEndings: Boolean(rest.autoConvertLineEndings ?? true),
    };
    try {
      const patched = native.applyPatch(source, text, settings);
      return patched ?? false;
    } catch (error) {
      const fault = coded(error);
      // An object need not count its lines rightly, and npm diff does not look.
      if (typeof patch === 'string' || !isFishplateError(fault) || fault.code !== 'PATCH_MALFORMED')
        throw fault;
    }
  }
  const file = single(typeof patch === 'string' ? npmParse(patch) : patch);
  checkScriptSize(source, 'source');
  // What a caller's own function throws is the caller's.
  if (compareLine) return npmApplyPatch(source, file, { ...rest, compareLine });
  return withCodes(() => npmApplyPatch(source, file, rest));
}

/** Options of {@link applyPatches}: npm diff's, with {@link EngineOption} beside them. */
export type ApplyPatchesOptions = npm.ApplyPatchesOptions & EngineOption;

/**
 * Applies a patch of several files, whose texts the callbacks load and take; see `applyPatches` of npm diff 9.
 *
 * Files are handled one after the other. A file that does not fit comes to `patched` as false, and an error that a
 * callback passes on ends the run and goes to `complete`.
 *
 * @throws FishplateError `PATCH_MALFORMED`, `INPUT_INVALID`, `OPTION_INVALID` before the first callback.
 */
export function applyPatches(uniDiff: string | StructuredPatch[], options: ApplyPatchesOptions): void {
  const given = checkOptions(options);
  for (const name of ['loadFile', 'patched', 'complete'] as const) checkFunction(given[name], name);
  const files = typeof uniDiff === 'string' ? parsePatch(uniDiff, given) : uniDiff;
  if (!Array.isArray(files)) {
    throw DIFF_CODES.error('INPUT_INVALID', 'uniDiff must be text, or an array of objects of parsePatch');
  }
  for (const file of files) checkPatchObject(file, 'uniDiff');
  const next = (index: number): void => {
    const file = files[index];
    if (file === undefined) return given.complete();
    given.loadFile(file, (loadError, source) => {
      if (loadError) return given.complete(loadError);
      given.patched(file, applyPatch(source, file, given), (error) => {
        if (error) return given.complete(error);
        next(index + 1);
      });
    });
  };
  next(0);
}

/** Options of {@link applyUnifiedDiff}. */
export type ApplyUnifiedDiffOptions = EngineOption & ReachOption;

/**
 * Applies a patch to a text and says, for each hunk, where it went and how far it had to reach.
 *
 * A hunk is applied at the line it states (moved by as much as the hunks before it), or else at the only other place
 * that holds its old lines; or, as far as `reach` allows, where they stand but for white space or a little context.
 * Where several places do equally well, none is chosen: the hunk is rejected as `AMBIGUOUS` and names them. All or
 * nothing: with one hunk rejected there is no text. Line endings of a patch that is wholly LF or wholly CRLF follow
 * those of the source. Past `offset` one piece of code serves both engines.
 *
 * @param source - The text to patch; bytes need not be UTF-8.
 * @param patch - Text of one file's patch, or an object of {@link parsePatch} or {@link structuredPatch}.
 * @returns The outcome; a hunk that does not fit is no error. Codes are in `DIFF_OUTCOMES`.
 * @throws FishplateError `PATCH_MALFORMED`, `PATCH_MULTIPLE_FILES`, `PATCH_BINARY`, `INPUT_INVALID`, `INPUT_TOO_LARGE`.
 */
export function applyUnifiedDiff<Source extends TextInput>(
  source: Source,
  patch: TextInput | StructuredPatch | readonly [StructuredPatch],
  options: ApplyUnifiedDiffOptions = {},
): AppliedPatch<TextOf<Source>> {
  const text = checkText(source, 'source');
  const changes = sameKind(textOf(patch), text);
  const given = checkOptions(options);
  const reach = checkReach(given.reach);
  const native = selectNative(given.engine);
  const { text: patched, hunks } = withCodes(() =>
    native === null ? applyInScript(text, changes, reach) : applyNatively(native, text, changes, reach),
  );
  const outcomes = hunks as HunkOutcome[];
  const rejected = outcomes.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []));
  return {
    ok: rejected.length === 0,
    text: (patched ?? null) as TextOf<Source> | null,
    hunks: outcomes,
    rejected,
    engine: native === null ? 'js' : 'native',
  };
}

interface Patched {
  readonly text?: TextInput | null;
  readonly hunks: readonly unknown[];
}

/** The binding knows `exact` and `offset`; what it rejects may reach farther. */
function applyNatively(
  native: DiffNative,
  source: TextInput,
  changes: TextInput,
  reach: MatchStrategy,
): Patched {
  const applied = native.applyUnified(source, changes);
  const isDone =
    reach === 'exact'
      ? applied.hunks.every(({ strategy }) => strategy === 'exact')
      : reach === 'offset' || applied.hunks.every(({ status }) => status === 'applied');
  return isDone || !fitsScript(source) ? applied : applyInScript(source, changes, reach);
}

function applyInScript(source: TextInput, changes: TextInput, reach: MatchStrategy): Patched {
  checkScriptSize(source, 'source');
  checkScriptSize(changes, 'patch');
  const file = single(npmParse(latin1(changes)));
  if (file.isBinary) {
    throw DIFF_CODES.error('PATCH_BINARY', `the patch of ${file.newFileName ?? 'the file'} is binary`);
  }
  const { text, hunks } = applyHunks(latin1(source), file, reach);
  return { text: typeof source === 'string' || text === null ? text : Buffer.from(text, 'latin1'), hunks };
}

function textOf(patch: TextInput | StructuredPatch | readonly [StructuredPatch]): TextInput {
  if (typeof patch === 'string' || patch instanceof Uint8Array) return checkText(patch, 'patch');
  const text = patchText(patch as StructuredPatch | [StructuredPatch]);
  if (text !== null) return text;
  throw DIFF_CODES.error('INPUT_INVALID', 'a line of patch.hunks holds a newline');
}

/** The hunks of a patch object as text; null where a line of it holds a newline, which text cannot say. */
function patchText(patch: string | StructuredPatch | [StructuredPatch]): string | null {
  if (typeof patch === 'string') return patch;
  const { hunks } = single(patch);
  if (hunks.some(({ lines }) => lines.some((line) => line.includes('\n')))) return null;
  return hunks.length === 0 ? '' : hunkText(hunks);
}

function single(patch: StructuredPatch | readonly StructuredPatch[]): StructuredPatch {
  const files = (Array.isArray(patch) ? patch : [patch]) as readonly StructuredPatch[];
  if (files.length > 1) {
    throw DIFF_CODES.error('PATCH_MULTIPLE_FILES', 'applyPatch only works with a single input.', {
      details: { files: files.length },
    });
  }
  const [file] = files;
  checkPatchObject(file, 'patch');
  return file;
}

/** The patch as the kind of text that the source is: the engines compare bytes with bytes. */
function sameKind(patch: TextInput, source: TextInput): TextInput {
  if (typeof patch === typeof source) return patch;
  if (typeof patch === 'string') return Buffer.from(patch);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(patch);
  } catch (cause) {
    const message = 'patch is bytes that no string can hold, and source is a string; pass both as bytes';
    throw DIFF_CODES.error('INPUT_INVALID', message, { cause });
  }
}
