//! How well a name matches a query: the tiers, but for typos.

use crate::align::Aligner;
use crate::fold::{Folded, HUMP, Letter, UPPER, is_same, mask, starts_with};
use crate::weights::{
    ALL_INITIALS, AS_TYPED, CASE, EXACT, INITIALS, INNER, INNER_LETTER, INNER_LETTERS, LEFT_LETTER,
    LEFT_WORD, NO_WORD, OTHER_BEGINNING, PREFIX, ROOM, SAME_BUT_CASE, SAME_TEXT, SKIPPED_LETTER,
    SKIPPED_WORD, WORD, WORD_END,
};

/// In what way a name matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum MatchTier {
    /// But for a typo or two.
    Typo,
    /// By its letters in their order.
    Subsequence,
    /// By a piece of it.
    Substring,
    /// By the first letters of its words.
    Initials,
    /// By its beginning.
    Prefix,
    /// Whole.
    Exact,
}

/// A name that is looked for.
pub(crate) struct Needle {
    pub(crate) text: String,
    pub(crate) letters: Vec<Letter>,
    pub(crate) mask: u64,
    /// Whether it has capitals.
    cased: bool,
    /// Whether it begins with a separator, or with a capital among small letters.
    marked: bool,
}

impl Needle {
    pub(crate) fn new(text: &str) -> Self {
        let letters = Folded::of(text).letters;
        let is_upper = |letter: &Letter| letter & UPPER != 0;
        let capital = letters.first().is_some_and(is_upper) && !letters.iter().all(&is_upper);
        Self {
            marked: capital || text.starts_with(['_', '-', '$']),
            text: text.to_owned(),
            mask: mask(&letters),
            cased: letters.iter().any(is_upper),
            letters,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.letters.len()
    }

    /// The bit of the first letter, in masks and heads.
    pub(crate) fn first_bit(&self) -> u64 {
        mask(self.letters.get(..1).unwrap_or_default())
    }

    /// What the case of letter `at` adds where another matches it, less what a word that does not begin there takes away.
    pub(crate) fn case(&self, at: usize, other: Letter) -> i32 {
        let own = self.letters.get(at).copied().unwrap_or(0);
        let length = i32::try_from(self.len()).unwrap_or(1).max(1);
        let same = if !self.cased || own & UPPER == other & UPPER {
            CASE / length
        } else {
            0
        };
        if at > 0 && own & HUMP != 0 && other & HUMP == 0 {
            same - NO_WORD
        } else {
            same
        }
    }
}

/// A match of a name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Match {
    pub(crate) tier: MatchTier,
    /// Worth of the tier.
    pub(crate) base: i32,
    /// All but the base.
    pub(crate) fit: i32,
}

impl Match {
    pub(crate) fn total(&self) -> i32 {
        self.base + self.fit
    }

    fn better(self, other: Option<Self>) -> Self {
        match other {
            Some(other) if other.total() > self.total() => other,
            _ => self,
        }
    }
}

/// Matches a name; `text` is as it was written. None where its letters are too far apart, or not there.
pub(crate) fn match_name(
    needle: &Needle,
    text: &str,
    name: &[Letter],
    fuzzy: bool,
    aligner: &mut Aligner,
) -> Option<Match> {
    if needle.len() > name.len() {
        return None;
    }
    if let Some(found) = match_start(needle, text, name) {
        return Some(found);
    }
    let piece = match_piece(needle, text, name).map(|(piece, _)| piece);
    if !fuzzy || needle.len() < 2 {
        return piece;
    }
    match aligner.align(needle, name) {
        Some(letters) => Some(letters.better(piece)),
        None => piece,
    }
}

/// The tiers that concern the beginning of a name: exact, prefix, initials.
pub(crate) fn match_start(needle: &Needle, text: &str, name: &[Letter]) -> Option<Match> {
    let length = needle.len();
    if starts_with(name, &needle.letters) {
        let case = case_of_piece(needle, name, 0);
        if name.len() == length {
            let same = if text == needle.text {
                SAME_TEXT
            } else if text.eq_ignore_ascii_case(&needle.text) {
                SAME_BUT_CASE
            } else {
                0
            };
            return Some(found(MatchTier::Exact, EXACT, same + case));
        }
        let fit = (ROOM - left_behind(name, length)).max(0);
        let typed = if is_typed_at(text, &needle.text, 0) {
            AS_TYPED
        } else {
            0
        };
        let other = if needle.marked && !text.starts_with(&needle.text) {
            OTHER_BEGINNING
        } else {
            0
        };
        let fit = fit + word_end(name, length) + typed - other + case;
        return Some(found(MatchTier::Prefix, PREFIX, fit));
    }
    if length < 2 {
        None
    } else {
        match_initials(needle, name)
    }
}

/// The tier of first letters of words.
pub(crate) fn match_initials(needle: &Needle, name: &[Letter]) -> Option<Match> {
    let length = needle.len();
    let mut matched = 0;
    let mut words = 0;
    let mut last = 0;
    let mut case = 0;
    for (at, &letter) in name.iter().enumerate() {
        if letter & HUMP == 0 {
            continue;
        }
        if let Some(&wanted) = needle.letters.get(matched) {
            if !is_same(wanted, letter) {
                return None;
            }
            case += needle.case(matched, letter);
            matched += 1;
            last = at;
        }
        words += 1;
    }
    if matched < length {
        return None;
    }
    let between = i32::try_from(last + 1 - length).unwrap_or(i32::MAX / 4);
    let fit = (ROOM - between * SKIPPED_LETTER - left_behind(name, last + 1)).max(0);
    let all = if words == length { ALL_INITIALS } else { 0 };
    Some(found(MatchTier::Initials, INITIALS, fit + all + case))
}

/// The best place at which the name has the query in one piece, but for its beginning.
pub(crate) fn match_piece(needle: &Needle, text: &str, name: &[Letter]) -> Option<(Match, usize)> {
    let &first = needle.letters.first()?;
    let mut best: Option<(Match, usize)> = None;
    let last = name.len().checked_sub(needle.len())?;
    for (at, &letter) in name.iter().enumerate().take(last + 1).skip(1) {
        if !is_same(letter, first) {
            continue;
        }
        let rest = name.get(at..).unwrap_or_default();
        if !starts_with(rest, &needle.letters) {
            continue;
        }
        let end = at + needle.len();
        let fit = (ROOM - skipped(name, at) - left_behind(name, end)).max(0);
        let fit = fit + word_end(name, end) + case_of_piece(needle, name, at);
        let base = if letter & HUMP != 0 {
            WORD
        } else {
            INNER + INNER_LETTER * (small(needle.len()) - 4).clamp(0, INNER_LETTERS)
        };
        let piece = found(MatchTier::Substring, base, fit);
        if best.is_none_or(|(best, _)| piece.total() > best.total()) {
            best = Some((piece, at));
        }
    }
    if let Some((piece, _)) = &mut best
        && (0..text.len()).any(|at| is_typed_at(text, &needle.text, at))
    {
        piece.fit += AS_TYPED;
    }
    best
}

/// Whether a text has a piece at a place, whatever the case of ASCII letters.
fn is_typed_at(text: &str, piece: &str, at: usize) -> bool {
    let found = text.as_bytes().get(at..at + piece.len());
    found.is_some_and(|found| found.eq_ignore_ascii_case(piece.as_bytes()))
}

/// A number of letters, which are 255 at most.
pub(crate) fn small(letters: usize) -> i32 {
    i32::try_from(letters).unwrap_or(i32::MAX / 16)
}

fn found(tier: MatchTier, base: i32, fit: i32) -> Match {
    Match { tier, base, fit }
}

fn case_of_piece(needle: &Needle, name: &[Letter], start: usize) -> i32 {
    let letters = name.iter().skip(start).take(needle.len());
    letters
        .enumerate()
        .map(|(at, &letter)| needle.case(at, letter))
        .sum()
}

/// Cost of the letters before `end`.
pub(crate) fn skipped(name: &[Letter], end: usize) -> i32 {
    cost(
        name.get(..end).unwrap_or_default(),
        SKIPPED_WORD,
        SKIPPED_LETTER,
    )
}

/// Cost of the letters from `start` on.
pub(crate) fn left_behind(name: &[Letter], start: usize) -> i32 {
    cost(
        name.get(start..).unwrap_or_default(),
        LEFT_WORD,
        LEFT_LETTER,
    )
}

fn cost(letters: &[Letter], word: i32, letter: i32) -> i32 {
    let of = |own: &Letter| if own & HUMP != 0 { word } else { letter };
    letters.iter().map(of).sum()
}

fn word_end(name: &[Letter], end: usize) -> i32 {
    match name.get(end) {
        Some(letter) if letter & HUMP == 0 => 0,
        _ => WORD_END,
    }
}
