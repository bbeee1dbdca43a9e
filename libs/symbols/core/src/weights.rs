//! What a match is worth. The same numbers stand in the TypeScript engine; a test holds them together.
//!
//! All are whole numbers, so that two engines add them up to the same sums.

/// The name, letter by letter; [`SAME_TEXT`] more where case and separators agree too.
pub(crate) const EXACT: i32 = 10_000;
pub(crate) const SAME_TEXT: i32 = 400;
/// The same, but for the case of ASCII letters.
pub(crate) const SAME_BUT_CASE: i32 = 200;
/// The name begins with the query.
pub(crate) const PREFIX: i32 = 8_000;
/// The query is the first letters of the first words; [`ALL_INITIALS`] more where it is those of all.
pub(crate) const INITIALS: i32 = 7_000;
pub(crate) const ALL_INITIALS: i32 = 200;
/// The name has the query in one piece, from where a word begins, or from within one; there each letter from the fifth to
/// the sixth counts more, since short pieces are in many names.
pub(crate) const WORD: i32 = 6_000;
pub(crate) const INNER: i32 = 4_000;
pub(crate) const INNER_LETTER: i32 = 150;
pub(crate) const INNER_LETTERS: i32 = 2;
/// The name has the letters of the query in their order.
pub(crate) const SUBSEQUENCE: i32 = 3_000;
/// The name, a beginning of it, or a part from where a word begins, with one wrong letter or with two.
pub(crate) const TYPO: [[i32; 3]; 2] = [[4_700, 4_200, 3_900], [3_500, 3_000, 2_700]];

/// What one piece may lose by letters around it, so that the places of two pieces do not mix.
pub(crate) const ROOM: i32 = 600;
/// The piece ends where a word does.
pub(crate) const WORD_END: i32 = 15;
/// The name has the piece as it was typed, with its separators, whatever the case of ASCII letters.
pub(crate) const AS_TYPED: i32 = 30;
/// The query begins with a separator, or with a capital among small letters, and the name does not begin so.
pub(crate) const OTHER_BEGINNING: i32 = 2_100;
/// Unmatched letters before the first match or between two: a word that is skipped, any other letter.
pub(crate) const SKIPPED_WORD: i32 = 40;
pub(crate) const SKIPPED_LETTER: i32 = 3;
/// The same where the match goes on within a word: abbreviations leave vowels out rather than consonants.
pub(crate) const JUMPED_WORD: i32 = 130;
pub(crate) const JUMPED_VOWEL: i32 = 12;
pub(crate) const JUMPED_CONSONANT: i32 = 50;
/// Unmatched letters behind the last match: they may not have been typed yet.
pub(crate) const LEFT_WORD: i32 = 20;
pub(crate) const LEFT_LETTER: i32 = 2;

/// Shared among the letters of a query for letters at the beginning of words and in a row, and in tenths of that for
/// those behind a gap.
pub(crate) const LETTERS: i32 = 1_800;
pub(crate) const AFTER_GAP: i32 = 6;
/// Letters in their order that are worth less than this are chance.
pub(crate) const CHANCE: i32 = 960;

/// Shared among the letters of a query for those of the same case; a query without capitals is of any case.
pub(crate) const CASE: i32 = 60;
/// The query begins a word where the name does not.
pub(crate) const NO_WORD: i32 = 2_000;

/// Letters more or less than the query, where the whole name has a typo in it.
pub(crate) const TYPO_LENGTH: i32 = 20;
/// The wrong letter is the first one.
pub(crate) const TYPO_FIRST: i32 = 150;

/// For each doubling of the symbols that have the name, and the most of it.
pub(crate) const POPULAR: i32 = 6;
pub(crate) const MOST_POPULAR: i32 = 60;
/// Other files can name the symbol.
pub(crate) const EXPORTED: i32 = 10;
/// The most that a kind is worth.
pub(crate) const MOST_KIND: i32 = 30;
/// The most that a qualifier is worth.
pub(crate) const QUALIFIED: i32 = 400;
/// The file is among those that are to be preferred.
pub(crate) const BOOST: i32 = 600;

/// By the numbers of the kinds, from 1.
pub(crate) const KINDS: [i32; 26] = [
    10, 15, 15, 15, 30, 25, 12, 12, 15, 28, 30, 30, 10, 18, 2, 2, 2, 2, 8, 5, 0, 15, 30, 12, 15, 22,
];
