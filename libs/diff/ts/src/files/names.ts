/** Reads from the headers of a unified diff which file it takes and which one it leaves. */

import type { StructuredPatch } from 'diff';

import { DIFF_CODES } from '../codes';

/** Paths of one file of a patch, without the prefixes `a/` and `b/`; null on the side where there is no file. */
export interface PatchNames {
  readonly from: string | null;
  readonly to: string | null;
  readonly keepsSource: boolean;
}

const NO_FILE = '/dev/null';

/**
 * Names the files of a part; null where the part names none and holds no hunk (text around patches).
 *
 * @throws FishplateError `PATCH_UNSUPPORTED` for binary files, links and submodules; `PATCH_EMPTY` for hunks without names.
 */
export function namesOf(part: StructuredPatch): PatchNames | null {
  const { oldFileName, newFileName } = part;
  if (!oldFileName && !newFileName) {
    if (part.hunks.length === 0) return null;
    throw DIFF_CODES.error('PATCH_EMPTY', 'a hunk comes before any `---` and `+++` line');
  }
  const shown = JSON.stringify(newFileName ?? oldFileName);
  if (part.isBinary) throw DIFF_CODES.error('PATCH_UNSUPPORTED', `${shown} is a binary file`);
  const special = [part.oldMode, part.newMode].find((mode) => mode !== undefined && !mode.startsWith('100'));
  if (special !== undefined) {
    const what =
      special === '120000' ? 'a symbolic link' : special === '160000' ? 'a submodule' : `of mode ${special}`;
    throw DIFF_CODES.error('PATCH_UNSUPPORTED', `${shown} is ${what}`);
  }
  const names = withoutPrefixes(
    oldFileName ?? newFileName!,
    newFileName ?? oldFileName!,
    part.isGit === true,
  );
  const from = part.isCreate ? null : names.from;
  const to = part.isDelete ? null : names.to;
  if (from === null && to === null)
    throw DIFF_CODES.error('PATCH_EMPTY', 'a part of the patch names no file');
  const moves = part.isRename === true || part.isCopy === true;
  if (from !== null && to !== null && from !== to && !moves) {
    throw DIFF_CODES.error(
      'PATCH_UNSUPPORTED',
      `the patch goes from ${JSON.stringify(from)} to ${JSON.stringify(to)} without saying \`rename from\` and \`rename to\``,
    );
  }
  return { from, to, keepsSource: part.isCopy === true };
}

/** `a/` and `b/` are taken off where both sides have them, as `git apply` and `patch -p1` would. */
function withoutPrefixes(
  oldName: string,
  newName: string,
  isGit: boolean,
): { from: string | null; to: string | null } {
  const oldPrefixed = oldName === NO_FILE || oldName.startsWith('a/');
  const newPrefixed = newName === NO_FILE || newName.startsWith('b/') || (isGit && newName.startsWith('a/'));
  const cut = oldPrefixed && newPrefixed ? 2 : 0;
  return {
    from: oldName === NO_FILE ? null : oldName.slice(cut),
    to: newName === NO_FILE ? null : newName.slice(cut),
  };
}
