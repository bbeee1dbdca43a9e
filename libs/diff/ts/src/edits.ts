/** Search/replace edits, as language models send them. */

import { DIFF_CODES } from './codes';
import { checkScriptSize, fitsScript } from './fallback/bytes';
import { checkOptions, checkReach, checkString } from './input';
import { selectNative, withCodes } from './native';
import { editText } from './placing/edits';
import type { AppliedEdits, ChangeOutcome, EngineOption, ReachOption } from './results';

/** One edit: the text to find, and what to put in its place. */
export interface SearchReplace {
  readonly search: string;
  readonly replace: string;
}

/** Options of {@link applyEdits}. */
export type ApplyEditsOptions = EngineOption & ReachOption;

/**
 * Replaces texts that each occur exactly once, in order, each in the text that the edits before it left.
 *
 * A search text that is nowhere as it stands is looked for line by line, as far as `reach` allows: with other white
 * space, or with other lines beside those that change. The replacement then takes the indentation and the line ends
 * of its place. The outcome says how far each edit had to reach.
 *
 * A search text that occurs nowhere is rejected as `NO_MATCH` with the nearest place, one that occurs several times
 * as `AMBIGUOUS` with all of them. All or nothing: with one edit rejected there is no text.
 *
 * @returns The outcome of each edit; one that does not fit is no error. Codes are in `DIFF_OUTCOMES`.
 * @throws FishplateError `INPUT_INVALID`, `INPUT_TOO_LARGE`.
 */
export function applyEdits(
  text: string,
  edits: readonly SearchReplace[],
  options: ApplyEditsOptions = {},
): AppliedEdits {
  checkString(text, 'text');
  if (!Array.isArray(edits)) {
    throw DIFF_CODES.error('INPUT_INVALID', 'edits must be an array of { search, replace }');
  }
  const changes = Array.from(edits, copyEdit);
  const given = checkOptions(options);
  const reach = checkReach(given.reach);
  const native = selectNative(given.engine);
  if (native === null) checkScriptSize(text, 'text');
  const result = withCodes(() => {
    if (native === null) return editText(text, changes, reach);
    const applied = native.applyEdits(text, changes);
    const reaches = reach !== 'exact' && reach !== 'offset' && fitsScript(text);
    const isMissing = applied.edits.some(({ code }) => code === 'NO_MATCH');
    return reaches && isMissing ? editText(text, changes, reach) : applied;
  });
  const outcomes = result.edits as ChangeOutcome[];
  const rejected = outcomes.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []));
  return {
    ok: rejected.length === 0,
    text: (result.text ?? null) as string | null,
    edits: outcomes,
    rejected,
    engine: native === null ? 'js' : 'native',
  };
}

/** Reads each part once: what was checked is what is used. */
function copyEdit(edit: SearchReplace | null | undefined, index: number): SearchReplace {
  const { search, replace } = edit ?? ({} as Partial<SearchReplace>);
  checkString(search, `edits[${index}].search`);
  checkString(replace, `edits[${index}].replace`);
  return { search, replace };
}
