//! How well a name matches a query: the tiers, but for typos.

use crate::align::Aligner;
use crate::fold::{Folded, HUMP, UPPER, mask};
use crate::weights::{
    ALL_INITIALS, CASE, EXACT, INITIALS, INNER, LEFT_LETTER, LEFT_WORD, NO_WORD, PREFIX, ROOM,
    SAME_TEXT, SKIPPED_LETTER, SKIPPED_WORD, WORD, WORD_END,
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
    pub(crate) folded: Folded,
    pub(crate) mask: u64,
}

impl Needle {
    pub(crate) fn new(text: &str) -> Self {
        let folded = Folded::of(text);
        Self {
            text: text.to_owned(),
            mask: mask(&folded.units),
            folded,
        }
    }

    pub(crate) fn units(&self) -> &[u16] {
        &self.folded.units
    }

    pub(crate) fn len(&self) -> usize {
        self.folded.units.len()
    }

    /// What the case of letter `at` adds where it is matched by a unit with `flags`, and what a word that does not begin
    /// there takes away.
    pub(crate) fn case(&self, at: usize, flags: u8) -> i32 {
        let own = self.folded.flags.get(at).copied().unwrap_or(0);
        let length = i32::try_from(self.len()).unwrap_or(1).max(1);
        let same = if own & UPPER == flags & UPPER {
            CASE / length
        } else {
            0
        };
        if at > 0 && own & HUMP != 0 && flags & HUMP == 0 {
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

/// Matches a folded name; `name` is as it was written. None where its letters are too far apart, or not there.
pub(crate) fn match_name(
    needle: &Needle,
    name: &str,
    folded: &Folded,
    fuzzy: bool,
    aligner: &mut Aligner,
) -> Option<Match> {
    if needle.len() > folded.units.len() {
        return None;
    }
    if let Some(found) = match_start(needle, name, folded) {
        return Some(found);
    }
    let piece = match_piece(needle, folded);
    if !fuzzy || needle.len() < 2 {
        return piece;
    }
    match aligner.align(needle, folded) {
        Some(letters) => Some(letters.better(piece)),
        None => piece,
    }
}

/// The tiers that concern the beginning of a name: exact, prefix, initials.
pub(crate) fn match_start(needle: &Needle, name: &str, folded: &Folded) -> Option<Match> {
    let length = needle.len();
    if folded.units.starts_with(needle.units()) {
        let case = case_of_piece(needle, folded, 0);
        if folded.units.len() == length {
            let same = if name == needle.text { SAME_TEXT } else { 0 };
            return Some(found(MatchTier::Exact, EXACT, same + case));
        }
        let fit = (ROOM - left_behind(folded, length)).max(0);
        let fit = fit + word_end(folded, length) + case;
        return Some(found(MatchTier::Prefix, PREFIX, fit));
    }
    if length < 2 {
        return None;
    }
    let mut matched = 0;
    let mut words = 0;
    let mut last = 0;
    let mut case = 0;
    for (at, (unit, &flags)) in folded.units.iter().zip(&folded.flags).enumerate() {
        if flags & HUMP == 0 {
            continue;
        }
        if matched < length {
            if needle.units().get(matched) != Some(unit) {
                return None;
            }
            case += needle.case(matched, flags);
            matched += 1;
            last = at;
        }
        words += 1;
    }
    if matched < length {
        return None;
    }
    let between = i32::try_from(last + 1 - length).unwrap_or(i32::MAX / 4);
    let fit = (ROOM - between * SKIPPED_LETTER - left_behind(folded, last + 1)).max(0);
    let all = if words == length { ALL_INITIALS } else { 0 };
    Some(found(MatchTier::Initials, INITIALS, fit + all + case))
}

/// The best place at which the name has the query in one piece.
fn match_piece(needle: &Needle, folded: &Folded) -> Option<Match> {
    let mut best: Option<Match> = None;
    each_piece(needle, folded, |at| {
        let candidate = piece_at(needle, folded, at);
        if best.is_none_or(|best| candidate.total() > best.total()) {
            best = Some(candidate);
        }
    });
    best
}

/// Where the best piece starts.
pub(crate) fn piece_start(needle: &Needle, folded: &Folded) -> Option<usize> {
    let mut best: Option<(i32, usize)> = None;
    each_piece(needle, folded, |at| {
        let total = piece_at(needle, folded, at).total();
        if best.is_none_or(|(best, _)| total > best) {
            best = Some((total, at));
        }
    });
    best.map(|(_, at)| at)
}

fn each_piece(needle: &Needle, folded: &Folded, mut visit: impl FnMut(usize)) {
    let Some(first) = needle.units().first() else {
        return;
    };
    for (at, unit) in folded.units.iter().enumerate().skip(1) {
        if unit == first
            && folded
                .units
                .get(at..)
                .is_some_and(|rest| rest.starts_with(needle.units()))
        {
            visit(at);
        }
    }
}

fn piece_at(needle: &Needle, folded: &Folded, at: usize) -> Match {
    let begins = folded.flags.get(at).is_some_and(|flags| flags & HUMP != 0);
    let end = at + needle.len();
    let fit = (ROOM - skipped(folded, at) - left_behind(folded, end)).max(0);
    let fit = fit + word_end(folded, end) + case_of_piece(needle, folded, at);
    let base = if begins { WORD } else { INNER };
    found(MatchTier::Substring, base, fit)
}

fn found(tier: MatchTier, base: i32, fit: i32) -> Match {
    Match { tier, base, fit }
}

fn case_of_piece(needle: &Needle, folded: &Folded, start: usize) -> i32 {
    let flags = folded.flags.iter().skip(start).take(needle.len());
    flags
        .enumerate()
        .map(|(at, &flags)| needle.case(at, flags))
        .sum()
}

/// Cost of the units before `end`.
pub(crate) fn skipped(folded: &Folded, end: usize) -> i32 {
    cost(folded.flags.iter().take(end), SKIPPED_WORD, SKIPPED_LETTER)
}

/// Cost of the units from `start` on.
pub(crate) fn left_behind(folded: &Folded, start: usize) -> i32 {
    cost(folded.flags.iter().skip(start), LEFT_WORD, LEFT_LETTER)
}

fn cost<'flags>(flags: impl Iterator<Item = &'flags u8>, word: i32, letter: i32) -> i32 {
    flags
        .map(|flags| if flags & HUMP != 0 { word } else { letter })
        .sum()
}

fn word_end(folded: &Folded, end: usize) -> i32 {
    match folded.flags.get(end) {
        Some(flags) if flags & HUMP == 0 => 0,
        _ => WORD_END,
    }
}
