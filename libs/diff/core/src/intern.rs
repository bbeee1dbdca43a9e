//! Lines as small numbers: equal lines have equal ids.
//!
//! Only old lines get ids of their own; a new line that no old line equals is [`UNMATCHED`]. That is all
//! that the engines behind the exact one need, and the table stays half as large.

use crate::lines::{LinePair, Lines};

/// The id of a new line that is not on the old side. No old line has it.
pub(crate) const UNMATCHED: u32 = u32::MAX;

/// The lines behind the common head as ids.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    /// Ids of the old lines, each below `distinct`.
    pub(crate) old: Vec<u32>,
    /// Ids of the new lines, each below `distinct` or [`UNMATCHED`].
    pub(crate) new: Vec<u32>,
    /// Number of different old lines.
    pub(crate) distinct: usize,
}

/// Open addressing with linear probing; a slot holds `hash << 32 | id + 1`, 0 is free.
struct Table {
    slots: Vec<u64>,
    shift: u32,
}

impl Table {
    fn new(items: usize) -> Self {
        let size = (items * 2).next_power_of_two().max(16);
        Self {
            slots: vec![0; size],
            shift: 64 - size.trailing_zeros(),
        }
    }

    /// The slot of `hash` for which `same` holds, or else the free slot where it belongs.
    #[inline]
    fn find(&self, hash: u32, mut same: impl FnMut(u32) -> bool) -> Result<u32, usize> {
        let mask = self.slots.len() - 1;
        let spread = u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut at = (spread >> self.shift) as usize;
        loop {
            let slot = self.slots[at];
            if slot == 0 {
                return Err(at);
            }
            if (slot >> 32) as u32 == hash && same(slot as u32 - 1) {
                return Ok(slot as u32 - 1);
            }
            at = (at + 1) & mask;
        }
    }

    fn fill(&mut self, at: usize, hash: u32, id: u32) {
        self.slots[at] = u64::from(hash) << 32 | u64::from(id + 1);
    }
}

impl Ids {
    /// Numbers the lines of `pair` behind its common head.
    pub(crate) fn of_lines(pair: &LinePair<'_>) -> Self {
        let same =
            |side: &Lines<'_>, i: usize, first: u32| pair.same(side, i, &pair.old, first as usize);
        Self::build(
            pair.old_hashes(),
            pair.new_hashes(),
            |i, first| same(&pair.old, i, first),
            |j, first| same(&pair.new, j, first),
        )
    }

    /// Renumbers arbitrary tokens.
    pub(crate) fn of_tokens(old: &[u32], new: &[u32]) -> Self {
        Self::build(
            old,
            new,
            |i, first| old[i] == old[first as usize],
            |j, first| new[j] == old[first as usize],
        )
    }

    fn build(
        old_hashes: &[u32],
        new_hashes: &[u32],
        same_old: impl Fn(usize, u32) -> bool,
        same_new: impl Fn(usize, u32) -> bool,
    ) -> Self {
        let mut table = Table::new(old_hashes.len());
        // The first line of each id.
        let mut firsts: Vec<u32> = Vec::new();
        let mut old = Vec::with_capacity(old_hashes.len());
        for (i, &hash) in old_hashes.iter().enumerate() {
            let id = match table.find(hash, |id| same_old(i, firsts[id as usize])) {
                Ok(id) => id,
                Err(free) => {
                    let id = firsts.len() as u32;
                    firsts.push(i as u32);
                    table.fill(free, hash, id);
                    id
                }
            };
            old.push(id);
        }
        let new = new_hashes
            .iter()
            .enumerate()
            .map(|(j, &hash)| {
                table
                    .find(hash, |id| same_new(j, firsts[id as usize]))
                    .unwrap_or(UNMATCHED)
            })
            .collect();
        Self {
            old,
            new,
            distinct: firsts.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CompareOptions;

    #[test]
    fn equal_lines_share_an_id_and_strangers_are_unmatched() {
        let pair = LinePair::new(b"x\na\nb\na\n", b"y\nb\na\nc\n", CompareOptions::default())
            .expect("small texts");
        let ids = Ids::of_lines(&pair);
        assert_eq!(ids.old, [0, 1, 2, 1]);
        assert_eq!(ids.new, [UNMATCHED, 2, 1, UNMATCHED]);
        assert_eq!(ids.distinct, 3);
    }
}
