/** What a match is worth: the numbers of `weights.rs`, with their reasons there. A test holds them together. */

export const EXACT = 10_000;
export const SAME_TEXT = 400;
export const SAME_BUT_CASE = 200;
export const PREFIX = 8_000;
export const INITIALS = 7_000;
export const ALL_INITIALS = 200;
export const WORD = 6_000;
export const INNER = 4_000;
export const INNER_LETTER = 150;
export const INNER_LETTERS = 2;
export const SUBSEQUENCE = 3_000;
export const TYPO = [
  [4_700, 4_200, 3_900],
  [3_500, 3_000, 2_700],
] as const;

export const ROOM = 600;
export const WORD_END = 15;
export const AS_TYPED = 30;
export const OTHER_BEGINNING = 2_100;
export const SKIPPED_WORD = 40;
export const SKIPPED_LETTER = 3;
export const JUMPED_WORD = 130;
export const JUMPED_VOWEL = 12;
export const JUMPED_CONSONANT = 50;
export const LEFT_WORD = 20;
export const LEFT_LETTER = 2;

export const LETTERS = 1_800;
export const AFTER_GAP = 6;
export const CHANCE = 960;

export const CASE = 60;
export const NO_WORD = 2_000;

export const TYPO_LENGTH = 20;
export const TYPO_FIRST = 150;

export const POPULAR = 6;
export const MOST_POPULAR = 60;
export const EXPORTED = 10;
export const MOST_KIND = 30;
export const QUALIFIED = 400;
export const BOOST = 600;

export const KINDS = [
  10, 15, 15, 15, 30, 25, 12, 12, 15, 28, 30, 30, 10, 18, 2, 2, 2, 2, 8, 5, 0, 15, 30, 12, 15, 22,
] as const;
