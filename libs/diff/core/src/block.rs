//! What the engines on ids share: marks for kept lines, blocks of both sides, and counts of ids.

use std::ops::Range;

use crate::intern::UNMATCHED;

/// Which lines are changed. All are until an engine keeps them.
#[derive(Debug)]
pub(crate) struct Marks {
    pub(crate) removed: Vec<bool>,
    pub(crate) added: Vec<bool>,
}

impl Marks {
    pub(crate) fn new(old_len: usize, new_len: usize) -> Self {
        Self {
            removed: vec![true; old_len],
            added: vec![true; new_len],
        }
    }

    /// Old line `i` and new line `j` are the same line.
    #[inline]
    pub(crate) fn keep(&mut self, i: usize, j: usize) {
        self.removed[i] = false;
        self.added[j] = false;
    }
}

/// A range of old and one of new lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) old: Range<usize>,
    pub(crate) new: Range<usize>,
}

impl Block {
    pub(crate) fn whole(old: &[u32], new: &[u32]) -> Self {
        Self {
            old: 0..old.len(),
            new: 0..new.len(),
        }
    }

    pub(crate) fn is_one_sided(&self) -> bool {
        self.old.is_empty() || self.new.is_empty()
    }

    /// Cuts off the common head and tail, keeping their lines through `keep`.
    pub(crate) fn trim(&mut self, old: &[u32], new: &[u32], mut keep: impl FnMut(usize, usize)) {
        while !self.is_one_sided() && old[self.old.start] == new[self.new.start] {
            keep(self.old.start, self.new.start);
            self.old.start += 1;
            self.new.start += 1;
        }
        while !self.is_one_sided() && old[self.old.end - 1] == new[self.new.end - 1] {
            self.old.end -= 1;
            self.new.end -= 1;
            keep(self.old.end, self.new.end);
        }
    }

    /// The blocks between matching pairs of lines, which stand in ascending order.
    pub(crate) fn split_at(&self, pairs: &[(u32, u32)]) -> Vec<Self> {
        let mut blocks = Vec::with_capacity(pairs.len() + 1);
        let (mut i, mut j) = (self.old.start, self.new.start);
        let end = (self.old.end as u32, self.new.end as u32);
        for &(x, y) in pairs.iter().chain([&end]) {
            let block = Self {
                old: i..x as usize,
                new: j..y as usize,
            };
            if !block.is_one_sided() {
                blocks.push(block);
            }
            (i, j) = (x as usize + 1, y as usize + 1);
        }
        blocks
    }
}

/// How often each id occurs in the two sides of a block; reset after use at the cost of the block only.
#[derive(Debug)]
pub(crate) struct Counts {
    pub(crate) old: Vec<u32>,
    pub(crate) new: Vec<u32>,
}

impl Counts {
    pub(crate) fn new(distinct: usize) -> Self {
        Self {
            old: vec![0; distinct],
            new: vec![0; distinct],
        }
    }

    pub(crate) fn add(&mut self, old: &[u32], new: &[u32]) {
        for &id in old {
            self.old[id as usize] += 1;
        }
        for &id in new {
            if id != UNMATCHED {
                self.new[id as usize] += 1;
            }
        }
    }

    pub(crate) fn clear(&mut self, old: &[u32], new: &[u32]) {
        for &id in old.iter().chain(new) {
            if id != UNMATCHED {
                self.old[id as usize] = 0;
                self.new[id as usize] = 0;
            }
        }
    }
}
