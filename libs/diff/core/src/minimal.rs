//! The engine behind the exact one: as short a script as the counted work allows.
//!
//! Lines that are not on the other side of a block are dropped first (they are changed in any case, so the
//! longest common subsequence stays as long as it is), then the common head and tail. What is left goes to
//! the first of these that its budget allows:
//!
//! 0. a short run of greedy Myers, which is all that it takes when little is left;
//! 1. a draft: [`Anchors`], and short Myers runs between them. Its length bounds the shortest one's, and so
//!    what a search for a shorter one costs;
//!    Where lines that occur once are many and mostly in order, it is the answer;
//! 2. greedy Myers within that bound, or one of the methods of [`lcs`], whichever is cheaper.
//!    Both find a shortest script, or find that the draft is one;
//! 3. the blocks between a few pairs of the draft, as few as the budget asks for, when the whole costs too
//!    much; near the shortest, not always there.
//!
//! Where a draft finds no anchors it goes on in short legs of Myers, each from the furthest point of the one
//! before: always linear, and good enough to say where to split.

use crate::block::{Block, Counts, Marks};
use crate::edit::EditKind;
use crate::exact::{Unfinished, replay, search, search_partly, search_within};
use crate::intern::{Ids, UNMATCHED};
use crate::lcs;
use crate::meter::{Meter, Stop};
use crate::patience::{Anchored, Anchors};

/// Edit length of one leg.
const LEG: usize = 128;

/// Cells a line that the first run may visit.
const TRIAL_CELLS: u64 = 4;

/// Steps a line that must be left for a block to be split further.
const SPLIT_STEPS: u64 = 64;

/// Lines a crossing from which on blocks count as large.
const IN_ORDER: usize = 64;

/// Lines of a block from which on a draft looks for anchors in it.
const SMALL: u64 = 64;

/// Cells a line that a draft may visit between two anchors.
const DRAFT_CELLS: u64 = 32;

/// Whether a script is known to be as short as can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quality {
    Shortest,
    Coarse,
}

/// What became of a block.
enum Step {
    Done(Quality),
    /// These blocks of it are left.
    Split(Vec<Block>),
}

/// Diffs blocks of one pair of texts.
pub(crate) struct Solver<'i> {
    ids: &'i Ids,
    counts: Counts,
    anchors: Anchors,
}

/// A block without lines that have no partner: ids and where they stood.
#[derive(Default)]
struct Dense {
    old: Vec<u32>,
    new: Vec<u32>,
    old_at: Vec<u32>,
    new_at: Vec<u32>,
}

impl<'i> Solver<'i> {
    pub(crate) fn new(ids: &'i Ids) -> Self {
        Self {
            ids,
            counts: Counts::new(ids.distinct),
            anchors: Anchors::new(ids.distinct),
        }
    }

    /// Marks what is kept in `block`. When the meter stops, what is not done yet stays changed.
    pub(crate) fn solve(
        &mut self,
        block: Block,
        marks: &mut Marks,
        meter: &mut Meter<'_>,
    ) -> Result<Quality, Stop> {
        let mut quality = Quality::Shortest;
        let mut blocks = vec![block];
        while let Some(block) = blocks.pop() {
            let dense = self.dense(&block);
            let mut rest = Block::whole(&dense.old, &dense.new);
            rest.trim(&dense.old, &dense.new, |i, j| dense.keep(i, j, marks));
            if rest.is_one_sided() {
                continue;
            }
            match self.solve_dense(&dense, &rest, marks, meter)? {
                Step::Done(Quality::Shortest) => {}
                Step::Done(Quality::Coarse) => quality = Quality::Coarse,
                Step::Split(parts) => {
                    quality = Quality::Coarse;
                    blocks.extend(parts.iter().map(|part| dense.outer(part)));
                }
            }
        }
        Ok(quality)
    }

    fn solve_dense(
        &mut self,
        dense: &Dense,
        rest: &Block,
        marks: &mut Marks,
        meter: &mut Meter<'_>,
    ) -> Result<Step, Stop> {
        const SHORTEST: Step = Step::Done(Quality::Shortest);
        let (old, new) = (&dense.old[rest.old.clone()], &dense.new[rest.new.clone()]);
        let lines = (old.len() + new.len()) as u64;
        let keep = |pairs: &[(u32, u32)], marks: &mut Marks| {
            for &(i, j) in pairs {
                dense.keep(
                    rest.old.start + i as usize,
                    rest.new.start + j as usize,
                    marks,
                );
            }
        };
        let mut trial = meter.with_budget((TRIAL_CELLS * lines).min(meter.left()));
        match search(&(old, new), usize::MAX, &mut trial) {
            Ok(moves) => {
                keep(&kept_pairs(old, new, &moves), marks);
                meter.spend(lines)?;
                return Ok(SHORTEST);
            }
            Err(Unfinished::Stopped(stop @ (Stop::Timeout | Stop::Cancelled))) => return Err(stop),
            Err(_) => {}
        }
        let anchored = self.anchors.find(old, new, &Block::whole(old, new));
        let in_order = is_in_order(&anchored, old.len().min(new.len()));
        let draft = self.draft(old, new, anchored.pairs, false, meter)?;
        let length = lines - 2 * draft.len() as u64;
        let surplus = (old.len() as u64).abs_diff(new.len() as u64);
        if length == surplus || in_order {
            keep(&draft, marks);
            return Ok(if length == surplus {
                SHORTEST
            } else {
                Step::Done(Quality::Coarse)
            });
        }
        let plan = lcs::Plan::new(old, new, &mut self.counts);
        let myers_cost = length * length / 4 + lines;
        let cost = plan.cost().min(myers_cost);
        if cost > meter.left() {
            let anchored = self.anchors.find(old, new, &Block::whole(old, new));
            let draft = self.draft(old, new, anchored.pairs, true, meter)?;
            let splits = splits(&draft, old.len(), cost, meter.left());
            if splits.is_empty() {
                keep(&draft, marks);
                return Ok(Step::Done(Quality::Coarse));
            }
            keep(&splits, marks);
            let base = (rest.old.start as u32, rest.new.start as u32);
            let splits: Vec<_> = splits
                .iter()
                .map(|&(i, j)| (base.0 + i, base.1 + j))
                .collect();
            return Ok(Step::Split(rest.split_at(&splits)));
        }
        if plan.cost() < myers_cost {
            keep(&plan.run(old, new, self.ids.distinct, meter)?, marks);
            return Ok(SHORTEST);
        }
        match search_within(&(old, new), length as usize - 2, meter) {
            Ok(moves) => keep(&kept_pairs(old, new, &moves), marks),
            Err(Unfinished::Stopped(stop)) => return Err(stop),
            Err(Unfinished::EditLength | Unfinished::TraceFull(_)) => keep(&draft, marks),
        }
        Ok(SHORTEST)
    }

    /// Pairs of equal lines in ascending order, found at linear cost.
    fn draft(
        &mut self,
        old: &[u32],
        new: &[u32],
        anchors: Vec<(u32, u32)>,
        with_legs: bool,
        meter: &mut Meter<'_>,
    ) -> Result<Vec<(u32, u32)>, Stop> {
        let mut blocks = Block::whole(old, new).split_at(&anchors);
        let mut pairs = anchors;
        while let Some(mut block) = blocks.pop() {
            block.trim(old, new, |i, j| pairs.push((i as u32, j as u32)));
            if block.is_one_sided() {
                continue;
            }
            let lines = (block.old.len() + block.new.len()) as u64;
            if lines > SMALL {
                let anchors = self.anchors.find(old, new, &block).pairs;
                blocks.extend(block.split_at(&anchors).into_iter().filter(|b| *b != block));
                if !anchors.is_empty() {
                    pairs.extend(anchors);
                    continue;
                }
            }
            let seqs = (&old[block.old.clone()], &new[block.new.clone()]);
            let mut trial = meter.with_budget(DRAFT_CELLS * lines);
            match search(&seqs, usize::MAX, &mut trial) {
                Ok(moves) => {
                    let base = (block.old.start as u32, block.new.start as u32);
                    let found = kept_pairs(seqs.0, seqs.1, &moves);
                    pairs.extend(found.iter().map(|&(i, j)| (base.0 + i, base.1 + j)));
                }
                Err(Unfinished::Stopped(stop @ (Stop::Timeout | Stop::Cancelled))) => {
                    return Err(stop);
                }
                Err(_) if with_legs => legs(old, new, &block, &mut pairs, meter)?,
                Err(_) => {}
            }
        }
        pairs.sort_unstable();
        Ok(pairs)
    }

    fn dense(&mut self, block: &Block) -> Dense {
        let (old, new) = (
            &self.ids.old[block.old.clone()],
            &self.ids.new[block.new.clone()],
        );
        self.counts.add(old, new);
        let counts = &self.counts;
        let mut dense = Dense::default();
        for (i, &id) in old.iter().enumerate() {
            if counts.new[id as usize] > 0 {
                dense.old.push(id);
                dense.old_at.push((block.old.start + i) as u32);
            }
        }
        for (j, &id) in new.iter().enumerate() {
            if id != UNMATCHED && counts.old[id as usize] > 0 {
                dense.new.push(id);
                dense.new_at.push((block.new.start + j) as u32);
            }
        }
        self.counts.clear(old, new);
        dense
    }
}

impl Dense {
    fn keep(&self, i: usize, j: usize, marks: &mut Marks) {
        marks.keep(self.old_at[i] as usize, self.new_at[j] as usize);
    }

    /// A block of this one's lines in the numbers of the whole text. It is not one-sided.
    fn outer(&self, block: &Block) -> Block {
        let range = |at: &[u32], range: &std::ops::Range<usize>| {
            at[range.start] as usize..at[range.end - 1] as usize + 1
        };
        Block {
            old: range(&self.old_at, &block.old),
            new: range(&self.new_at, &block.new),
        }
    }
}

/// Whether lines that occur once make up much of a block and have moved in large blocks only, if at all. A
/// draft is as good as shortest then, and to prove it costs more than it could gain.
fn is_in_order(anchored: &Anchored, lines: usize) -> bool {
    4 * anchored.pairs.len() >= lines && IN_ORDER * anchored.crossings <= anchored.common
}

/// Pairs of `draft`, evenly spread over `len` old lines, between which blocks are so small that work of
/// `cost` for the whole becomes half of what is left. None when little is left.
fn splits(draft: &[(u32, u32)], len: usize, cost: u64, left: u64) -> Vec<(u32, u32)> {
    if left < SPLIT_STEPS * len as u64 {
        return Vec::new();
    }
    let parts = (2 * cost / left + 2).min(len as u64 / SMALL + 2);
    let mut splits: Vec<(u32, u32)> = (1..parts)
        .filter_map(|part| {
            let target = (len as u64 * part / parts) as u32;
            draft
                .get(draft.partition_point(|&(i, _)| i < target))
                .copied()
        })
        .collect();
    splits.dedup();
    splits
}

/// Adds the pairs of a path through `block`, found with Myers up to [`LEG`] edits at a time.
fn legs(
    old: &[u32],
    new: &[u32],
    block: &Block,
    pairs: &mut Vec<(u32, u32)>,
    meter: &Meter<'_>,
) -> Result<(), Stop> {
    let mut meter = meter.with_budget(u64::MAX);
    let seqs = (&old[..block.old.end], &new[..block.new.end]);
    let mut at = (block.old.start, block.new.start);
    loop {
        let (moves, unfinished) = search_partly(&seqs, at, LEG, &mut meter);
        at = push_pairs(&seqs, at, &moves, pairs);
        match unfinished {
            None => return Ok(()),
            Some(Unfinished::Stopped(stop)) => return Err(stop),
            Some(_) => {}
        }
    }
}

/// The equal items on a path from the start of both sequences.
fn kept_pairs(old: &[u32], new: &[u32], moves: &[bool]) -> Vec<(u32, u32)> {
    let mut pairs = Vec::with_capacity(old.len().saturating_sub(moves.len()));
    push_pairs(&(old, new), (0, 0), moves, &mut pairs);
    pairs
}

/// Appends the equal items on a path from `start`, gives its end.
fn push_pairs(
    seqs: &(&[u32], &[u32]),
    start: (usize, usize),
    moves: &[bool],
    pairs: &mut Vec<(u32, u32)>,
) -> (usize, usize) {
    let (mut i, mut j) = (start.0 as u32, start.1 as u32);
    replay(seqs, start, moves, |kind, len| {
        let len = len as u32;
        match kind {
            EditKind::Equal => {
                pairs.extend((0..len).map(|step| (i + step, j + step)));
                i += len;
                j += len;
            }
            EditKind::Removed => i += len,
            EditKind::Added => j += len,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Solves with a budget; checks that the marks are a script; gives quality and changed lines.
    fn solve(old: &[u32], new: &[u32], budget: u64) -> (Quality, usize) {
        let ids = Ids::of_tokens(old, new);
        let mut marks = Marks::new(old.len(), new.len());
        let mut meter = Meter::new(budget, None, None);
        let block = Block::whole(&ids.old, &ids.new);
        let quality = match Solver::new(&ids).solve(block, &mut marks, &mut meter) {
            Ok(quality) => quality,
            Err(stop) => panic!("stopped by {stop:?}"),
        };
        let kept = |side: &[u32], marks: &[bool]| -> Vec<u32> {
            side.iter()
                .zip(marks)
                .filter(|&(_, &changed)| !changed)
                .map(|(&id, _)| id)
                .collect()
        };
        assert_eq!(kept(old, &marks.removed), kept(new, &marks.added));
        let changed = |marks: &[bool]| marks.iter().filter(|&&changed| changed).count();
        (quality, changed(&marks.removed) + changed(&marks.added))
    }

    /// Every second pair of neighbours swapped, with a line between that is everywhere.
    fn swapped(lines: u32) -> (Vec<u32>, Vec<u32>) {
        let old: Vec<u32> = (0..lines)
            .map(|n| if n % 5 == 4 { 0 } else { n + 1 })
            .collect();
        let mut new = old.clone();
        for pair in new.chunks_exact_mut(4) {
            pair.swap(0, 1);
        }
        (old, new)
    }

    #[test]
    fn a_small_budget_gives_a_coarse_but_near_diff() {
        let (old, new) = swapped(20_000);
        let (quality, least) = solve(&old, &new, u64::MAX);
        assert_eq!(quality, Quality::Shortest);
        let (quality, found) = solve(&old, &new, 3_000_000);
        assert_eq!(quality, Quality::Coarse);
        assert!(
            found >= least && found * 100 <= least * 102,
            "{found} changed, {least} would do"
        );
    }

    proptest! {
        #[test]
        fn any_budget_gives_a_script(
            old in prop::collection::vec(0_u32..30, 0..400),
            new in prop::collection::vec(0_u32..30, 0..400),
            budget in 0_u64..20_000,
        ) {
            let (_, least) = solve(&old, &new, u64::MAX);
            let (quality, found) = solve(&old, &new, budget);
            prop_assert!(found >= least);
            if quality == Quality::Shortest {
                prop_assert_eq!(found, least);
            }
        }
    }
}
