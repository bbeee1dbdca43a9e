/** npm diff's functions that write out what others made, behind checks of what they are given. */

import * as npm from 'diff';

import { DIFF_CODES } from './codes';
import { checkPatchObject, describe } from './input';

/**
 * Patches as text; see `formatPatch` of npm diff 9.
 *
 * @throws FishplateError `INPUT_INVALID`, also for a git patch without names and for several patches without headers.
 */
export const formatPatch: typeof npm.formatPatch = (patch, headerOptions) => {
  for (const each of Array.isArray(patch) ? patch : [patch]) checkPatchObject(each, 'patch');
  try {
    return npm.formatPatch(patch, headerOptions);
  } catch (cause) {
    throw DIFF_CODES.error('INPUT_INVALID', (cause as Error).message, { cause });
  }
};

/** Changes as diff-match-patch lists them; see `convertChangesToDMP` of npm diff 9. */
export const convertChangesToDMP: typeof npm.convertChangesToDMP = (changes) => {
  checkChanges(changes);
  return npm.convertChangesToDMP(changes);
};

/** Changes of texts as XML; see `convertChangesToXML` of npm diff 9. */
export const convertChangesToXML: typeof npm.convertChangesToXML = (changes) => {
  checkChanges(changes);
  for (const { value } of changes) {
    if (typeof value === 'string') continue;
    throw DIFF_CODES.error(
      'INPUT_INVALID',
      `the value of a change must be a string, and is ${describe(value)}`,
    );
  }
  return npm.convertChangesToXML(changes);
};

function checkChanges(changes: unknown): void {
  const isList =
    Array.isArray(changes) && changes.every((change) => typeof change === 'object' && change !== null);
  if (isList) return;
  throw DIFF_CODES.error(
    'INPUT_INVALID',
    `changes must be those of a comparison, and are ${describe(changes)}`,
  );
}
