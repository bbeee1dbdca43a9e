//! Patience diff (Bram Cohen): lines that occur once on both sides are matched first, in the longest run of
//! them that keeps its order; the blocks between them are treated the same way until none is left.
//!
//! What then remains is diffed minimally. Recursion is a stack of blocks on the heap.

use crate::block::{Block, Counts, Marks};
use crate::intern::{Ids, UNMATCHED};
use crate::meter::{Meter, Stop};
use crate::minimal::Solver;

/// Diffs by patience; blocks that are left when the meter stops stay wholly changed.
pub(crate) fn diff(ids: &Ids, marks: &mut Marks, meter: &mut Meter<'_>) -> Result<(), Stop> {
    let (old, new) = (&ids.old[..], &ids.new[..]);
    let mut anchors = Anchors::new(ids.distinct);
    let mut solver = Solver::new(ids);
    let mut blocks = vec![Block::whole(old, new)];
    while let Some(mut block) = blocks.pop() {
        block.trim(old, new, |i, j| marks.keep(i, j));
        if block.is_one_sided() {
            continue;
        }
        meter.spend((block.old.len() + block.new.len()) as u64)?;
        let pairs = anchors.find(old, new, &block).pairs;
        if pairs.is_empty() {
            solver.solve(block, marks, meter)?;
            continue;
        }
        for &(i, j) in &pairs {
            marks.keep(i as usize, j as usize);
        }
        blocks.extend(block.split_at(&pairs));
    }
    Ok(())
}

/// The lines that hold a block together.
#[derive(Debug, Default)]
pub(crate) struct Anchored {
    /// The longest run of pairs of lines that occur once on both sides, in ascending order.
    pub(crate) pairs: Vec<(u32, u32)>,
    /// How many lines occur once on both sides.
    pub(crate) common: usize,
    /// How often one of these comes before the one that is behind it on the new side. Few: whole blocks
    /// have moved, if anything.
    pub(crate) crossings: usize,
}

/// Finds the lines that hold a block together.
pub(crate) struct Anchors {
    counts: Counts,
    place: Vec<u32>,
}

impl Anchors {
    pub(crate) fn new(distinct: usize) -> Self {
        Self {
            counts: Counts::new(distinct),
            place: vec![0; distinct],
        }
    }

    /// The anchors of `block`. O(n log n).
    pub(crate) fn find(&mut self, old: &[u32], new: &[u32], block: &Block) -> Anchored {
        let (a, b) = (&old[block.old.clone()], &new[block.new.clone()]);
        self.counts.add(a, b);
        for (i, &id) in a.iter().enumerate() {
            self.place[id as usize] = (block.old.start + i) as u32;
        }
        let once = |id: u32| {
            id != UNMATCHED
                && self.counts.old[id as usize] == 1
                && self.counts.new[id as usize] == 1
        };
        let pairs: Vec<(u32, u32)> = b
            .iter()
            .enumerate()
            .filter(|&(_, &id)| once(id))
            .map(|(j, &id)| (self.place[id as usize], (block.new.start + j) as u32))
            .collect();
        self.counts.clear(a, b);
        Anchored {
            common: pairs.len(),
            crossings: pairs
                .windows(2)
                .filter(|pair| pair[0].0 > pair[1].0)
                .count(),
            pairs: longest_increasing(&pairs),
        }
    }
}

/// The longest subsequence whose first numbers rise, by patience sorting; `pairs` rise in the second.
fn longest_increasing(pairs: &[(u32, u32)]) -> Vec<(u32, u32)> {
    const NONE: u32 = u32::MAX;
    let mut tops: Vec<u32> = Vec::new();
    let mut below: Vec<u32> = Vec::with_capacity(pairs.len());
    for (at, &(i, _)) in pairs.iter().enumerate() {
        let pile = tops.partition_point(|&top| pairs[top as usize].0 < i);
        below.push(if pile == 0 { NONE } else { tops[pile - 1] });
        match tops.get_mut(pile) {
            Some(top) => *top = at as u32,
            None => tops.push(at as u32),
        }
    }
    let mut chain = Vec::with_capacity(tops.len());
    let mut at = tops.last().copied().unwrap_or(NONE);
    while at != NONE {
        chain.push(pairs[at as usize]);
        at = below[at as usize];
    }
    chain.reverse();
    chain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longest_run_keeps_its_order() {
        let pairs = [(5, 0), (1, 1), (2, 2), (9, 3), (3, 4)];
        assert_eq!(longest_increasing(&pairs), [(1, 1), (2, 2), (3, 4)]);
        assert_eq!(longest_increasing(&[]), []);
    }

    #[test]
    fn anchors_occur_once_on_both_sides() {
        let (old, new) = ([0, 1, 2, 1], [1, 0, UNMATCHED, 2]);
        let found = Anchors::new(3).find(&old, &new, &Block::whole(&old, &new));
        assert_eq!(found.pairs, [(0, 1), (2, 3)]);
        assert_eq!((found.common, found.crossings), (2, 0));
    }
}
