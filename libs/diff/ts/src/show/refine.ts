/** What changed within changed lines, by words or characters. */

import { DIFF_CODES } from '../codes';
import { diffChars, diffWordsWithSpace } from '../compare';
import { checkOptions, checkString, describe } from '../input';
import type { EngineOption } from '../results';

/** What is compared within changed lines. */
export type RefinementUnit = 'word' | 'character';

/** A piece of a line, and whether the other side has another one in its place. */
export interface Segment {
  readonly text: string;
  readonly changed: boolean;
}

/** A removed and an added text, in pieces. */
export interface Refinement {
  readonly removed: readonly Segment[];
  readonly added: readonly Segment[];
}

/** Options of {@link refineChange}. */
export interface RefineOptions extends EngineOption {
  /** `word` unless given. */
  readonly unit?: RefinementUnit;
}

/** Edits of a refinement; texts that differ in more are shown as changed whole. */
const MAX_EDIT_LENGTH = 1_000;

/**
 * Shows what changed within a removed text and the one that was added for it.
 *
 * Texts that share less than a third of their characters count as changed whole: pieces of them would tell nothing.
 *
 * @returns The pieces of both; joined they are the texts.
 * @throws FishplateError `INPUT_INVALID`, `OPTION_INVALID`.
 */
export function refineChange(removed: string, added: string, options: RefineOptions = {}): Refinement {
  checkString(removed, 'removed');
  checkString(added, 'added');
  const { unit = 'word', engine } = checkOptions(options);
  if (unit !== 'word' && unit !== 'character') {
    throw DIFF_CODES.error('OPTION_INVALID', `unit must be word or character, and is ${describe(unit)}`);
  }
  const compare = unit === 'word' ? diffWordsWithSpace : diffChars;
  const limits = { maxEditLength: MAX_EDIT_LENGTH, ...(engine === undefined ? {} : { engine }) };
  const changes = compare(removed, added, limits);
  const shared = (changes ?? []).reduce(
    (length, change) => (change.added || change.removed ? length : length + change.value.trim().length),
    0,
  );
  if (changes === undefined || 3 * shared < Math.min(removed.trim().length, added.trim().length)) {
    return { removed: whole(removed), added: whole(added) };
  }
  const side = (other: 'added' | 'removed'): Segment[] =>
    changes.flatMap((change) =>
      change[other] ? [] : [{ text: change.value, changed: change.added || change.removed }],
    );
  return { removed: side('added'), added: side('removed') };
}

function whole(text: string): Segment[] {
  return text === '' ? [] : [{ text, changed: true }];
}
