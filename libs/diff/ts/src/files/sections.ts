/** What a patch of many files says of each: unified diffs, the `*** Begin Patch` envelope, search/replace blocks. */

import type { StructuredPatch } from 'diff';

import { DIFF_CODES } from '../codes';
import type { SearchReplace } from '../edits';
import { checkString } from '../input';
import { parsePatch } from '../parse';
import type { EngineOption } from '../results';
import { hasBlocks, parseBlocks } from './blocks';
import { type Chunk, hasEnvelope, parseEnvelope } from './envelope';
import { namesOf } from './names';

/** The format of a patch text. */
export type PatchFormat = 'unified' | 'envelope' | 'search-replace';

/** What becomes of the text of a file. */
export type SectionChange =
  | { readonly kind: 'hunks'; readonly patch: StructuredPatch }
  | { readonly kind: 'chunks'; readonly chunks: readonly Chunk[] }
  | { readonly kind: 'edits'; readonly edits: readonly SearchReplace[] }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'none' };

/** What a patch says of one file. */
export interface FileSection {
  /** The file that it takes; null where it creates one. */
  readonly from: string | null;
  /** The file that it leaves; null where it deletes one. */
  readonly to: string | null;
  /** True where the file it comes from stays: a copy. */
  readonly keepsSource: boolean;
  /** Git's mode of the file that it leaves, where it says one: `100644` or `100755`. */
  readonly mode?: string;
  readonly change: SectionChange;
}

/** A patch of any number of files, taken apart. */
export interface FileSections {
  readonly format: PatchFormat;
  readonly sections: readonly FileSection[];
}

/**
 * Takes a patch of any number of files apart, in the format that it is found to be in.
 *
 * - `envelope`: `*** Begin Patch` ... `*** End Patch`, with `*** Add File:`, `*** Delete File:`, `*** Update File:` and
 *   `*** Move to:`.
 * - `search-replace`: blocks of `<<<<<<< SEARCH`, `=======`, `>>>>>>> REPLACE` behind a line with the file's path.
 * - `unified`: anything else; names lose `a/` and `b/` as with `git apply`.
 *
 * @throws FishplateError `PATCH_MALFORMED` with `details.line`, `PATCH_EMPTY`, `PATCH_UNSUPPORTED`, `INPUT_INVALID`.
 */
export function parseFileSections(patch: string, options: EngineOption = {}): FileSections {
  checkString(patch, 'patch');
  const format = hasEnvelope(patch) ? 'envelope' : hasBlocks(patch) ? 'search-replace' : 'unified';
  const sections =
    format === 'envelope'
      ? parseEnvelope(patch)
      : format === 'search-replace'
        ? parseBlocks(patch)
        : parsePatch(patch, options).flatMap(sectionOf);
  if (sections.length === 0) throw DIFF_CODES.error('PATCH_EMPTY', 'the text names no file to patch');
  return { format, sections };
}

function sectionOf(patch: StructuredPatch): FileSection[] {
  const names = namesOf(patch);
  if (names === null) return [];
  const mode = patch.newMode === undefined ? {} : { mode: patch.newMode };
  const change: SectionChange = patch.hunks.length === 0 ? { kind: 'none' } : { kind: 'hunks', patch };
  return [{ ...names, ...mode, change }];
}
