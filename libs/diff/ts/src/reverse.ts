/** Patches turned round: what leads from the new text back to the old one. */

import { FILE_HEADERS_ONLY, formatPatch, reversePatch as npmReversePatch, type StructuredPatch } from 'diff';

import { checkScriptSize, latin1 } from './fallback/bytes';
import { checkOptions, checkPatchObject, checkText, type TextInput } from './input';
import { selectNative, withCodes } from './native';
import { npmParse } from './parse';
import type { EngineOption, TextOf } from './results';

/**
 * The reverse of a parsed patch, or of several (in reverse order); see `reversePatch` of npm diff 9.
 *
 * One piece of code for both engines: taking the object apart for the binding costs more than reversing it.
 *
 * @throws FishplateError `INPUT_INVALID`.
 */
export function reversePatch(structuredPatch: StructuredPatch): StructuredPatch;
export function reversePatch(structuredPatch: StructuredPatch[]): StructuredPatch[];
export function reversePatch(
  structuredPatch: StructuredPatch | StructuredPatch[],
): StructuredPatch | StructuredPatch[];
export function reversePatch(
  structuredPatch: StructuredPatch | StructuredPatch[],
): StructuredPatch | StructuredPatch[] {
  for (const patch of Array.isArray(structuredPatch) ? structuredPatch : [structuredPatch]) {
    checkPatchObject(patch, 'structuredPatch');
  }
  return withCodes(() => npmReversePatch(structuredPatch));
}

/**
 * The reverse of a patch as text: applying it to the new text gives the old one.
 *
 * Of each file the names and hunks are kept, and git's extended headers where there are some; other text around
 * them (`Index:` lines, mail headers) is dropped.
 *
 * @param patch - Unified diff of one file or several; bytes need not be UTF-8.
 * @throws FishplateError `PATCH_MALFORMED`, `INPUT_INVALID`, `INPUT_TOO_LARGE`.
 */
export function reverseUnifiedDiff<Text extends TextInput>(
  patch: Text,
  options: EngineOption = {},
): TextOf<Text> {
  const text = checkText(patch, 'patch');
  const native = selectNative(checkOptions(options).engine);
  if (native !== null) return withCodes(() => native.reversePatch(text)) as TextOf<Text>;
  checkScriptSize(text, 'patch');
  const reversed = npmReversePatch(npmParse(latin1(text)))
    .map((file) => withCodes(() => formatPatch(file, FILE_HEADERS_ONLY)))
    .join('');
  return (typeof text === 'string' ? reversed : Buffer.from(reversed, 'latin1')) as TextOf<Text>;
}
