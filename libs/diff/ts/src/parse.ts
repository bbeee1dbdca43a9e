/** Patch text to objects, as npm diff 9 reads it. */

import type { NativeFilePatch } from '@fishplate/diff-native';
import { parsePatch as npmParsePatch, type StructuredPatch, type StructuredPatchHunk } from 'diff';

import { DIFF_CODES } from './codes';
import { checkScriptSize } from './fallback/bytes';
import { checkOptions, checkPatchObject, checkString } from './input';
import { lineDetails, selectNative, withCodes } from './native';
import type { EngineOption } from './results';

/** Numbers a hunk has in `NativeFilePatch.ranges`: the four of its header, and how many lines follow it. */
const RANGE_WIDTH = 5;

/**
 * Parses unified diff text, of one file or several, with git's extended headers; see `parsePatch` of npm diff 9.
 *
 * Text between files that is no part of a patch is passed over, as GNU patch does. Other than npm diff, a hunk header
 * without line numbers is an error and no hunk with `NaN` in it.
 *
 * @returns One object a file; text without a patch gives one object without hunks.
 * @throws FishplateError `PATCH_MALFORMED` with `details.line`, `INPUT_INVALID`.
 */
export function parsePatch(uniDiff: string, options: EngineOption = {}): StructuredPatch[] {
  checkString(uniDiff, 'uniDiff');
  const native = selectNative(checkOptions(options).engine);
  if (native === null) {
    checkScriptSize(uniDiff, 'uniDiff');
    return npmParse(uniDiff);
  }
  const files = withCodes(() => native.parsePatch(uniDiff));
  // The engine counted the lines of each hunk; splitting here makes them without a call for each.
  const lines = uniDiff.split('\n');
  let line = 0;
  const nextHunk = (count: number): string[] => {
    while (!/^@@\s/.test(lines[line]!)) line++;
    const first = line + 1;
    line = first + count;
    return lines.slice(first, line);
  };
  return files.map((file) => toStructuredPatch(file, nextHunk));
}

function toStructuredPatch(file: NativeFilePatch, nextHunk: (count: number) => string[]): StructuredPatch {
  const { ranges, ...head } = file;
  const hunks: StructuredPatchHunk[] = [];
  for (let index = 0; index < ranges.length; index += RANGE_WIDTH) {
    hunks.push({
      oldStart: ranges[index]!,
      oldLines: ranges[index + 1]!,
      newStart: ranges[index + 2]!,
      newLines: ranges[index + 3]!,
      lines: nextHunk(ranges[index + 4]!),
    });
  }
  // Like npm diff, the binding leaves out what the patch does not say.
  return { hunks, ...head } as StructuredPatch;
}

/** A patch in either form as objects. */
export function patchesOf(
  patch: string | StructuredPatch | readonly StructuredPatch[],
  options: EngineOption,
): StructuredPatch[] {
  if (typeof patch === 'string') {
    return parsePatch(patch, options.engine === undefined ? {} : { engine: options.engine });
  }
  const patches = Array.isArray(patch) ? (patch as readonly StructuredPatch[]) : [patch as StructuredPatch];
  for (const each of patches) checkPatchObject(each, 'patch');
  return [...patches];
}

/** npm diff's parser, with its errors in the codes of this track. */
export function npmParse(uniDiff: string): StructuredPatch[] {
  let patches: StructuredPatch[];
  try {
    patches = npmParsePatch(uniDiff);
  } catch (cause) {
    const { message } = cause as Error;
    const details = lineDetails(message);
    throw DIFF_CODES.error('PATCH_MALFORMED', message, { cause, ...(details && { details }) });
  }
  for (const { hunks } of patches) {
    for (const hunk of hunks) {
      if (Number.isNaN(hunk.oldStart) || Number.isNaN(hunk.newStart)) throw malformedHeader(uniDiff);
    }
  }
  return patches;
}

function malformedHeader(uniDiff: string): Error {
  const index = uniDiff
    .split('\n')
    .findIndex((line) => /^@@\s/.test(line) && !/@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@/.test(line));
  const line = index + 1;
  return DIFF_CODES.error('PATCH_MALFORMED', `Hunk header at line ${line} has no line numbers`, {
    details: { line },
  });
}
