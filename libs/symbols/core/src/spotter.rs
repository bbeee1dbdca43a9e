//! Letters of a query within a packed name, sixteen letters of the name at a time.

use wide::u8x16;

use crate::fold::unit;
use crate::matcher::Needle;
use crate::packed::BEGINS;

/// Letters that are looked at at once.
const BLOCK: usize = 16;

/// Letters of the longest name that is looked at here: the bits of a set of places.
const LONGEST: usize = 64;

/// What tells capitals from small letters.
const CAPITAL: u8 = 0x20;

/// How a name has the letters of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spotted {
    /// Not in their order.
    Nowhere,
    /// In their order, with others between them.
    Apart {
        /// The first letter is nowhere at the beginning of a word.
        is_late: bool,
        /// How many of the others are nowhere at the beginning of a word or behind the letter before.
        gaps: i32,
    },
    /// In one piece somewhere.
    Together,
    /// Not known: the name is too long to be looked at here.
    Unknown,
}

/// A query, ready for looking.
pub(crate) struct Spotter {
    letters: Vec<Wanted>,
}

struct Wanted {
    byte: u8x16,
    /// Whether capitals are the same letter.
    is_letter: bool,
}

impl Spotter {
    /// None for a query with letters that no packed name of one byte a letter has.
    pub(crate) fn new(needle: &Needle) -> Option<Self> {
        let wanted = |&letter| {
            let byte = u8::try_from(unit(letter)).ok().filter(u8::is_ascii)?;
            Some(Wanted {
                byte: u8x16::splat(byte),
                is_letter: byte.is_ascii_lowercase(),
            })
        };
        let letters = needle.letters.iter().map(wanted).collect::<Option<_>>()?;
        Some(Self { letters })
    }

    /// How the name has the letters: that of `length` bytes at the start of `bytes`, whatever follows.
    pub(crate) fn spot(&self, bytes: &[u8], length: usize) -> Spotted {
        let within = match length {
            0..LONGEST => (1_u64 << length) - 1,
            LONGEST => u64::MAX,
            _ => return Spotted::Unknown,
        };
        match length.div_ceil(BLOCK) {
            0 | 1 => self.spot_in::<1>(bytes, within),
            2 => self.spot_in::<2>(bytes, within),
            _ => self.spot_in::<4>(bytes, within),
        }
    }

    /// Whether the whole name has one half of the query in one piece, or all of it with the two letters at its middle
    /// swapped: what differs by one typo does. True where that is not known.
    pub(crate) fn may_have_half(&self, name: &[u8]) -> bool {
        match name.len().div_ceil(BLOCK) {
            0 | 1 => self.has_half::<1>(name),
            2 => self.has_half::<2>(name),
            3 | 4 => self.has_half::<4>(name),
            _ => true,
        }
    }

    fn has_half<const BLOCKS: usize>(&self, name: &[u8]) -> bool {
        let text = Text::<BLOCKS>::new(name);
        let middle = self.letters.len() / 2;
        let (mut left, mut right, mut swapped) = (u64::MAX, u64::MAX, u64::MAX);
        for (at, wanted) in self.letters.iter().enumerate() {
            let places = text.places(wanted);
            if at < middle {
                left &= places >> at;
            } else {
                right &= places >> (at - middle);
            }
            let other = match at {
                _ if at + 1 == middle => at + 1,
                _ if at == middle => at - 1,
                _ => at,
            };
            swapped &= places >> other;
        }
        left | right | swapped != 0
    }

    fn spot_in<const BLOCKS: usize>(&self, bytes: &[u8], within: u64) -> Spotted {
        let text = Text::<BLOCKS>::new(bytes);
        let mut rest = within;
        let mut together = u64::MAX;
        let (mut is_late, mut gaps) = (false, 0);
        // Where the letter before is, one place on.
        let mut behind = 0;
        for (at, wanted) in self.letters.iter().enumerate() {
            let places = text.places(wanted) & within;
            let first = places & rest;
            if first == 0 {
                return Spotted::Nowhere;
            }
            // What is behind the first place.
            rest &= !(first ^ (first - 1));
            together &= places >> at.min(LONGEST - 1);
            let is_gap = places & (behind | text.humps) == 0;
            if at == 0 {
                is_late = is_gap;
            } else {
                gaps += i32::from(is_gap);
            }
            behind = places << 1;
        }
        if together == 0 {
            Spotted::Apart { is_late, gaps }
        } else {
            Spotted::Together
        }
    }
}

/// Blocks of a name, as they were written and with capitals as small letters. Signs are changed too in the latter.
struct Text<const BLOCKS: usize> {
    exact: [u8x16; BLOCKS],
    small: [u8x16; BLOCKS],
    /// Where words begin.
    humps: u64,
}

impl<const BLOCKS: usize> Text<BLOCKS> {
    fn new(bytes: &[u8]) -> Self {
        let written: [u8x16; BLOCKS] = std::array::from_fn(|at| block(bytes, at * BLOCK));
        let exact = written.map(|block| block & u8x16::splat(!BEGINS));
        Self {
            small: exact.map(|block| block | u8x16::splat(CAPITAL)),
            exact,
            // The highest bit of each byte.
            humps: places_of(&written, |block| block),
        }
    }

    /// Where a letter is.
    fn places(&self, wanted: &Wanted) -> u64 {
        let blocks = if wanted.is_letter {
            &self.small
        } else {
            &self.exact
        };
        places_of(blocks, |block| block.simd_eq(wanted.byte))
    }
}

/// A bit for each byte whose highest bit is set in what is made of it.
fn places_of(blocks: &[u8x16], of: impl Fn(u8x16) -> u8x16) -> u64 {
    let bits = |(at, block): (usize, &u8x16)| u64::from(of(*block).to_bitmask()) << (at * BLOCK);
    blocks
        .iter()
        .enumerate()
        .fold(0, |all, block| all | bits(block))
}

/// Sixteen bytes from a place on; what is not there is 0.
fn block(bytes: &[u8], at: usize) -> u8x16 {
    let rest = bytes.get(at..).unwrap_or_default();
    match rest.first_chunk() {
        Some(&whole) => u8x16::new(whole),
        None => {
            let mut padded = [0; BLOCK];
            for (to, &from) in padded.iter_mut().zip(rest) {
                *to = from;
            }
            u8x16::new(padded)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Spotted, Spotter};
    use crate::align::{Aligner, Costs};
    use crate::fold::{Folded, is_same, is_subsequence};
    use crate::matcher::Needle;
    use crate::packed::Packer;
    use crate::typo::TypoNeedle;
    use crate::weights::{CASE, LEFT_LETTER};

    proptest! {
        #[test]
        fn what_is_spotted_is_there(query in "[abA1._]{1,6}|[a@`]{1,3}", name in "[abAB1._]{0,70}|[a@`]{0,6}", behind in "[ab]{0,20}") {
            let needle = Needle::new(&query);
            let mut bytes = Vec::new();
            Packer::default().pack(&name, &mut bytes);
            let length = bytes.len();
            bytes.extend(behind.bytes());
            let letters = Folded::of(&name).letters;
            let spotted = Spotter::new(&needle).expect("it is ASCII").spot(&bytes, length);
            let same = |piece: &[u32]| piece.iter().zip(&needle.letters).all(|(&one, &other)| is_same(one, other));
            let expected = if length > 64 {
                Spotted::Unknown
            } else if letters.windows(needle.len()).any(same) {
                Spotted::Together
            } else if is_subsequence(&needle.letters, &letters) {
                match spotted {
                    Spotted::Apart { is_late, gaps } => {
                        // What is placed is worth no more than was told.
                        let more = i32::try_from(length - needle.len()).expect("it is short");
                        let highest = Costs::new(&needle).highest(is_late, gaps) - more * LEFT_LETTER + CASE;
                        if let Some(found) = Aligner::default().align(&needle, &letters) {
                            prop_assert!(found.fit <= highest, "{} of {highest}", found.fit);
                        }
                        spotted
                    }
                    _ => Spotted::Apart { is_late: false, gaps: 0 },
                }
            } else {
                Spotted::Nowhere
            };
            prop_assert_eq!(spotted, expected);
        }

        #[test]
        fn what_has_one_typo_has_a_half(query in "[abc1]{4,7}", name in "[abcAB1]{0,40}") {
            let needle = Needle::new(&query);
            let mut bytes = Vec::new();
            Packer::default().pack(&name, &mut bytes);
            let typos = TypoNeedle::new(&needle).expect("its length is within bounds");
            if typos.may_be_near(&bytes) {
                prop_assert!(Spotter::new(&needle).expect("it is ASCII").may_have_half(&bytes));
            }
        }
    }
}
