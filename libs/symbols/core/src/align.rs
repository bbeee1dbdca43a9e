//! Letters of a query in their order within a name: the best way to place them.

use crate::fold::{HUMP, Letter, VOWEL, is_same, is_subsequence};
use crate::matcher::{Match, MatchTier, Needle, left_behind};
use crate::weights::{
    AFTER_GAP, CHANCE, JUMPED_CONSONANT, JUMPED_VOWEL, JUMPED_WORD, LETTERS, SKIPPED_LETTER,
    SKIPPED_WORD, SUBSEQUENCE,
};

/// No way to place a letter here.
const NOWHERE: i32 = i32::MIN / 4;

/// Memory for aligning one name after the other.
#[derive(Default)]
pub(crate) struct Aligner {
    /// Worth of the best placement whose last letter is at each unit; a row for each letter of the query.
    rows: Vec<i32>,
    /// Where the letter before is in that placement.
    froms: Vec<u16>,
    /// Cost of all units before each, where the match goes on at the beginning of a word.
    skipped: Vec<i32>,
    /// The same where it goes on within one.
    jumped: Vec<i32>,
}

/// The best place so far from which to go on.
#[derive(Clone, Copy)]
struct Lead {
    worth: i32,
    at: u16,
}

const NO_LEAD: Lead = Lead {
    worth: NOWHERE,
    at: 0,
};

impl Lead {
    fn offer(&mut self, worth: i32, at: u16) {
        if worth > self.worth {
            *self = Self { worth, at };
        }
    }
}

impl Aligner {
    /// The match by letters in their order; none where there is none, or where it is chance.
    pub(crate) fn align(&mut self, needle: &Needle, name: &[Letter]) -> Option<Match> {
        if !is_subsequence(&needle.letters, name) {
            return None;
        }
        let (worth, _) = self.place(needle, name)?;
        (worth >= CHANCE).then_some(Match {
            tier: MatchTier::Subsequence,
            base: SUBSEQUENCE,
            fit: worth,
        })
    }

    /// Where each letter of the query is placed in the best way.
    pub(crate) fn places(&mut self, needle: &Needle, name: &[Letter]) -> Vec<usize> {
        let Some((_, last)) = self.place(needle, name) else {
            return Vec::new();
        };
        let width = name.len();
        let mut places = vec![last];
        let mut at = last;
        for letter in (1..needle.len()).rev() {
            let from = self.froms.get(letter * width + at).copied().unwrap_or(0);
            at = usize::from(from);
            places.push(at);
        }
        places.reverse();
        places
    }

    /// Worth of the best placement, and where its last letter is.
    fn place(&mut self, needle: &Needle, name: &[Letter]) -> Option<(i32, usize)> {
        let width = name.len();
        self.measure(name);
        self.rows.clear();
        self.rows.resize(width * needle.len(), NOWHERE);
        self.froms.clear();
        self.froms.resize(width * needle.len(), 0);
        let share = LETTERS / i32::try_from(needle.len()).unwrap_or(1).max(1);
        for letter in 0..needle.len() {
            self.place_letter(needle, name, letter, share);
        }
        let last_row = self.rows.get(width * (needle.len() - 1)..)?;
        let mut best: Option<(i32, usize)> = None;
        for (at, &worth) in last_row.iter().enumerate() {
            if worth > NOWHERE / 2 {
                let worth = worth - left_behind(name, at + 1);
                if best.is_none_or(|(best, _)| worth > best) {
                    best = Some((worth, at));
                }
            }
        }
        best
    }

    fn place_letter(&mut self, needle: &Needle, name: &[Letter], letter: usize, share: i32) {
        let width = name.len();
        let Some(&wanted) = needle.letters.get(letter) else {
            return;
        };
        let (done, row) = self.rows.split_at_mut(letter * width);
        let before = done.get((letter.max(1) - 1) * width..).unwrap_or_default();
        let froms = self.froms.get_mut(letter * width..).unwrap_or_default();
        let (mut to_word, mut within) = (NO_LEAD, NO_LEAD);
        let costs = self.skipped.iter().zip(&self.jumped);
        for (at, (&own, (&skipped, &jumped))) in name.iter().zip(costs).enumerate() {
            // From two units back: the one right before is a row without a gap.
            if let Some(&worth) = at.checked_sub(2).and_then(|back| before.get(back))
                && letter > 0
                && worth > NOWHERE / 2
            {
                let from = u16::try_from(at - 2).unwrap_or(0);
                let past = |costs: &[i32]| costs.get(at - 1).copied().unwrap_or(0);
                to_word.offer(worth + past(&self.skipped), from);
                within.offer(worth + past(&self.jumped), from);
            }
            if !is_same(own, wanted) {
                continue;
            }
            let begins = own & HUMP != 0;
            let mut best = NO_LEAD;
            if letter == 0 {
                let cost = if begins { skipped } else { jumped };
                best.offer(if begins { share } else { 0 } - cost, 0);
            } else {
                if let Some(&worth) = at.checked_sub(1).and_then(|back| before.get(back)) {
                    best.offer(worth + share, u16::try_from(at - 1).unwrap_or(0));
                }
                if begins {
                    best.offer(to_word.worth - skipped + share, to_word.at);
                } else {
                    best.offer(within.worth - jumped + share * AFTER_GAP / 10, within.at);
                }
            }
            if best.worth > NOWHERE / 2
                && let (Some(cell), Some(from)) = (row.get_mut(at), froms.get_mut(at))
            {
                *cell = best.worth + needle.case(letter, own);
                *from = best.at;
            }
        }
    }

    fn measure(&mut self, name: &[Letter]) {
        self.skipped.clear();
        self.jumped.clear();
        let (mut skipped, mut jumped) = (0, 0);
        for &letter in name {
            self.skipped.push(skipped);
            self.jumped.push(jumped);
            skipped += if letter & HUMP != 0 {
                SKIPPED_WORD
            } else {
                SKIPPED_LETTER
            };
            jumped += match letter & (HUMP | VOWEL) {
                0 => JUMPED_CONSONANT,
                VOWEL => JUMPED_VOWEL,
                _ => JUMPED_WORD,
            };
        }
    }
}
