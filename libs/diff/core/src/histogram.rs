//! Histogram diff, as JGit made it and git took it over: split at the longest common run that holds the
//! rarest line, go on in the blocks before and after it.
//!
//! A line that occurs more than [`MAX_CHAIN`] times on the old side of a block anchors nothing; a block of
//! such lines alone goes to the [`Solver`]. So does what is left when the counted work is used up, since
//! the method is quadratic on texts that match in many short runs. Recursion is a stack on the heap.

use crate::block::{Block, Marks};
use crate::intern::{Ids, UNMATCHED};
use crate::meter::{Meter, Stop};
use crate::minimal::Solver;

/// Occurrences beyond which a line is too common to anchor a run; JGit's and git's number.
const MAX_CHAIN: u32 = 63;

/// No further occurrence.
const END: u32 = u32::MAX;

/// Diffs by histogram; blocks that are left when the clock stops stay wholly changed.
pub(crate) fn diff(ids: &Ids, marks: &mut Marks, meter: &mut Meter<'_>) -> Result<(), Stop> {
    let (old, new) = (&ids.old[..], &ids.new[..]);
    let mut histogram = Histogram::new(ids);
    let mut solver = Solver::new(ids);
    let work = 256 * (old.len() + new.len()) as u64 + (1 << 20);
    let mut own = meter.with_budget(work);
    let mut blocks = vec![Block::whole(old, new)];
    while let Some(mut block) = blocks.pop() {
        block.trim(old, new, |i, j| marks.keep(i, j));
        if block.is_one_sided() {
            continue;
        }
        match histogram.longest_rare_run(&block, &mut own) {
            Ok(Found::Run { i, j, len }) => {
                for step in 0..len {
                    marks.keep(i + step, j + step);
                }
                let after = Block {
                    old: i + len..block.old.end,
                    new: j + len..block.new.end,
                };
                let before = Block {
                    old: block.old.start..i,
                    new: block.new.start..j,
                };
                blocks.extend([after, before]);
            }
            Ok(Found::Nothing) => {}
            Ok(Found::TooCommon) | Err(Stop::Budget) => {
                solver.solve(block, marks, meter)?;
            }
            Err(stop) => return Err(stop),
        }
    }
    Ok(())
}

enum Found {
    Run {
        i: usize,
        j: usize,
        len: usize,
    },
    /// No line is on both sides.
    Nothing,
    /// Lines are on both sides, but all of them too often.
    TooCommon,
}

/// Occurrences of each id on the old side of a block.
struct Histogram<'i> {
    ids: &'i Ids,
    count: Vec<u32>,
    first: Vec<u32>,
    next: Vec<u32>,
}

impl<'i> Histogram<'i> {
    fn new(ids: &'i Ids) -> Self {
        Self {
            ids,
            count: vec![0; ids.distinct],
            first: vec![END; ids.distinct],
            next: vec![END; ids.old.len()],
        }
    }

    fn longest_rare_run(&mut self, block: &Block, meter: &mut Meter<'_>) -> Result<Found, Stop> {
        meter.spend((block.old.len() + block.new.len()) as u64)?;
        let old = &self.ids.old;
        for i in block.old.clone().rev() {
            let id = old[i] as usize;
            self.count[id] += 1;
            self.next[i] = self.first[id];
            self.first[id] = i as u32;
        }
        let found = self.scan(block, meter);
        for i in block.old.clone() {
            let id = old[i] as usize;
            self.count[id] = 0;
            self.first[id] = END;
        }
        found
    }

    fn scan(&self, block: &Block, meter: &mut Meter<'_>) -> Result<Found, Stop> {
        let (old, new) = (&self.ids.old, &self.ids.new);
        let mut common = false;
        let mut rarest = MAX_CHAIN + 1;
        let mut best: Option<(usize, usize, usize)> = None;
        let mut j = block.new.start;
        while j < block.new.end {
            let id = new[j];
            let count = if id == UNMATCHED {
                0
            } else {
                self.count[id as usize]
            };
            common |= count > 0;
            if count == 0 || count > rarest {
                j += 1;
                continue;
            }
            let mut next_j = j + 1;
            let mut i = self.first[id as usize];
            while i != END {
                let (mut from_i, mut from_j) = (i as usize, j);
                let mut occurrences = count;
                while from_i > block.old.start
                    && from_j > block.new.start
                    && old[from_i - 1] == new[from_j - 1]
                {
                    from_i -= 1;
                    from_j -= 1;
                    occurrences = occurrences.min(self.count[old[from_i] as usize]);
                }
                let (mut to_i, mut to_j) = (i as usize + 1, j + 1);
                while to_i < block.old.end && to_j < block.new.end && old[to_i] == new[to_j] {
                    occurrences = occurrences.min(self.count[old[to_i] as usize]);
                    to_i += 1;
                    to_j += 1;
                }
                let len = to_i - from_i;
                meter.spend(len as u64)?;
                if best.is_none_or(|(_, _, longest)| len > longest) || occurrences < rarest {
                    best = Some((from_i, from_j, len));
                    rarest = occurrences;
                }
                next_j = next_j.max(to_j);
                while i != END && (i as usize) < to_i {
                    i = self.next[i as usize];
                }
            }
            j = next_j;
        }
        Ok(match best {
            Some((i, j, len)) => Found::Run { i, j, len },
            None if common => Found::TooCommon,
            None => Found::Nothing,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(old: &[u32], new: &[u32]) -> Vec<u32> {
        let ids = Ids::of_tokens(old, new);
        let mut marks = Marks::new(old.len(), new.len());
        diff(&ids, &mut marks, &mut Meter::new(u64::MAX, None, None)).expect("no limit");
        let kept = old
            .iter()
            .zip(&marks.removed)
            .filter(|&(_, &removed)| !removed);
        kept.map(|(&id, _)| id).collect()
    }

    #[test]
    fn the_rarest_line_anchors() {
        // Three common lines before the rare one could be kept instead; histogram keeps the rare one.
        assert_eq!(
            kept(&[7, 1, 1, 1, 2], &[1, 1, 1, 2, 1, 1, 1, 7]),
            [1, 1, 1, 2]
        );
        assert_eq!(kept(&[1, 9, 1, 1], &[1, 1, 9]), [1, 9]);
    }

    #[test]
    fn lines_that_are_everywhere_go_to_the_solver() {
        let old = vec![1; 200];
        let new = [vec![2], vec![1; 150], vec![3], vec![1; 40]].concat();
        assert_eq!(kept(&old, &new).len(), 190);
    }
}
