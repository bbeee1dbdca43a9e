//! Letters of a query in their order within a name: the best way to place them.

use crate::fold::{HUMP, Letter, VOWEL, is_same, is_subsequence};
use crate::matcher::{Match, MatchTier, Needle, left_behind};
use crate::weights::{
    AFTER_GAP, CHANCE, JUMPED_CONSONANT, JUMPED_VOWEL, JUMPED_WORD, LEFT_LETTER, LETTERS,
    SKIPPED_LETTER, SKIPPED_WORD, SUBSEQUENCE,
};

/// No way to place a letter here.
const NOWHERE: i32 = i32::MIN / 4;

/// Memory for aligning one name after the other.
#[derive(Default)]
pub(crate) struct Aligner {
    /// Worth of the best placement whose last letter is at each unit: of the letters so far, and of one less.
    row: Vec<i32>,
    before: Vec<i32>,
    /// Where the letter before is in that placement, for each letter; left out while names are only compared.
    froms: Vec<u16>,
    /// Cost of all units before each, where the match goes on at the beginning of a word, and where within one.
    costs: Vec<(i32, i32)>,
}

/// What letters can be worth at most, before they are placed.
pub(crate) struct Costs {
    whole: i32,
    share: i32,
    gap: i32,
}

impl Costs {
    pub(crate) fn new(needle: &Needle) -> Self {
        let length = i32::try_from(needle.len()).unwrap_or(1).max(1);
        let share = LETTERS / length;
        Self {
            whole: share * length,
            share,
            // A letter is left out at least, and those that are left out are counted by themselves.
            gap: share - share * AFTER_GAP / 10 + JUMPED_VOWEL - LEFT_LETTER,
        }
    }

    /// The most that the letters are worth, but for their case and for letters that are left out: where the first one begins
    /// no word, so that the word at the start of the name is left out, and so many of the others stand neither behind the
    /// one before nor at the beginning of a word.
    pub(crate) fn highest(&self, is_late: bool, gaps: i32) -> i32 {
        let late = if is_late {
            self.share + JUMPED_WORD - LEFT_LETTER
        } else {
            0
        };
        self.whole - late - gaps * self.gap
    }
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
        let (worth, _) = self.place::<false>(needle, name)?;
        (worth >= CHANCE).then_some(Match {
            tier: MatchTier::Subsequence,
            base: SUBSEQUENCE,
            fit: worth,
        })
    }

    /// Where each letter of the query is placed in the best way.
    pub(crate) fn places(&mut self, needle: &Needle, name: &[Letter]) -> Vec<usize> {
        let Some((_, last)) = self.place::<true>(needle, name) else {
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
    fn place<const TRACED: bool>(
        &mut self,
        needle: &Needle,
        name: &[Letter],
    ) -> Option<(i32, usize)> {
        self.measure(name);
        self.row.clear();
        self.row.resize(name.len(), NOWHERE);
        self.before.clear();
        self.before.resize(name.len(), NOWHERE);
        if TRACED {
            self.froms.clear();
            self.froms.resize(name.len() * needle.len(), 0);
        }
        let share = LETTERS / i32::try_from(needle.len()).unwrap_or(1).max(1);
        for letter in 0..needle.len() {
            std::mem::swap(&mut self.row, &mut self.before);
            self.place_letter::<TRACED>(needle, name, letter, share);
        }
        let mut best: Option<(i32, usize)> = None;
        for (at, &worth) in self.row.iter().enumerate() {
            if worth > NOWHERE / 2 {
                let worth = worth - left_behind(name, at + 1);
                if best.is_none_or(|(best, _)| worth > best) {
                    best = Some((worth, at));
                }
            }
        }
        best
    }

    fn place_letter<const TRACED: bool>(
        &mut self,
        needle: &Needle,
        name: &[Letter],
        letter: usize,
        share: i32,
    ) {
        let Some(&wanted) = needle.letters.get(letter) else {
            return;
        };
        let after_gap = share * AFTER_GAP / 10;
        let (mut to_word, mut within) = (NO_LEAD, NO_LEAD);
        // What the row before has one unit back, and two; and the costs one unit back.
        let (mut adjacent, mut earlier) = (NOWHERE, NOWHERE);
        let mut costs_back = (0, 0);
        let rows = self.row.iter_mut().zip(&self.before);
        let letters = name.iter().zip(&self.costs).zip(rows);
        for (place, ((&own, &costs), (cell, &above))) in (0_u16..).zip(letters) {
            if earlier > NOWHERE / 2 {
                to_word.offer(earlier + costs_back.0, place.wrapping_sub(2));
                within.offer(earlier + costs_back.1, place.wrapping_sub(2));
            }
            *cell = NOWHERE;
            if is_same(own, wanted) {
                let begins = own & HUMP != 0;
                let mut best = NO_LEAD;
                if letter == 0 {
                    let worth = if begins { share - costs.0 } else { -costs.1 };
                    best.offer(worth, 0);
                } else {
                    best.offer(adjacent + share, place.wrapping_sub(1));
                    if begins {
                        best.offer(to_word.worth - costs.0 + share, to_word.at);
                    } else {
                        best.offer(within.worth - costs.1 + after_gap, within.at);
                    }
                }
                if best.worth > NOWHERE / 2 {
                    *cell = best.worth + needle.case(letter, own);
                    if TRACED
                        && let Some(from) =
                            self.froms.get_mut(letter * name.len() + usize::from(place))
                    {
                        *from = best.at;
                    }
                }
            }
            earlier = adjacent;
            adjacent = above;
            costs_back = costs;
        }
    }

    fn measure(&mut self, name: &[Letter]) {
        self.costs.clear();
        let (mut skipped, mut jumped) = (0, 0);
        for &letter in name {
            self.costs.push((skipped, jumped));
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
