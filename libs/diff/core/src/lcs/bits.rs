//! The bit-parallel method: a row of bits for each old line, 64 new lines a word.

use std::collections::HashMap;
use std::ops::Range;

use super::Places;
use crate::meter::{Meter, Stop};

/// Words of bit rows that are kept at once: 16 MiB.
pub(super) const KEPT_WORDS: usize = 2 << 20;

/// The bit-parallel method.
pub(super) struct Bits<'s> {
    old: &'s [u32],
    new: &'s [u32],
    places: &'s Places,
    /// What has been found, in ascending order.
    pub(super) pairs: Vec<(u32, u32)>,
}

impl<'s> Bits<'s> {
    pub(super) fn new(old: &'s [u32], new: &'s [u32], places: &'s Places) -> Self {
        Self {
            old,
            new,
            places,
            pairs: Vec::new(),
        }
    }

    /// Finds the pairs of a longest common subsequence.
    pub(super) fn solve(&mut self, meter: &mut Meter<'_>) -> Result<(), Stop> {
        let mut blocks = vec![(0..self.old.len(), 0..self.new.len())];
        while let Some((rows, columns)) = blocks.pop() {
            if rows.is_empty() || columns.is_empty() {
                continue;
            }
            let words = columns.len().div_ceil(64);
            if rows.len() == 1 || rows.len() * words <= KEPT_WORDS {
                self.trace(rows, columns, meter)?;
                continue;
            }
            let middle = rows.start + rows.len() / 2;
            let head = self.last_row(rows.start..middle, columns.clone(), false, meter)?;
            let tail = self.last_row(middle..rows.end, columns.clone(), true, meter)?;
            let at = columns.start + best_split(&head, &tail, columns.len());
            blocks.push((middle..rows.end, at..columns.end));
            blocks.push((rows.start..middle, columns.start..at));
        }
        Ok(())
    }

    /// Keeps every row and walks back through them.
    pub(super) fn trace(
        &mut self,
        rows: Range<usize>,
        columns: Range<usize>,
        meter: &mut Meter<'_>,
    ) -> Result<(), Stop> {
        let words = columns.len().div_ceil(64);
        let mut masks = Masks::new(self.places, columns.clone(), false);
        let mut kept: Vec<u64> = Vec::with_capacity(rows.len() * words);
        let mut row = vec![u64::MAX; words];
        for &id in &self.old[rows.clone()] {
            meter.spend(2 * words as u64 + 1)?;
            masks.step(id, &mut row);
            kept.extend_from_slice(&row);
        }
        let is_set = |i: usize, j: usize| kept[i * words + j / 64] >> (j % 64) & 1 == 1;
        let first = self.pairs.len();
        let (mut i, mut j) = (rows.len(), columns.len());
        while i > 0 && j > 0 {
            if is_set(i - 1, j - 1) {
                j -= 1;
                continue;
            }
            i -= 1;
            if i == 0 || is_set(i - 1, j - 1) {
                j -= 1;
                self.pairs
                    .push(((rows.start + i) as u32, (columns.start + j) as u32));
            }
        }
        self.pairs[first..].reverse();
        Ok(())
    }

    /// The row behind `rows`: a clear bit for each column at which the common subsequence grows. With
    /// `back`, rows and columns count from their ends.
    pub(super) fn last_row(
        &self,
        rows: Range<usize>,
        columns: Range<usize>,
        back: bool,
        meter: &mut Meter<'_>,
    ) -> Result<Vec<u64>, Stop> {
        let words = columns.len().div_ceil(64);
        let mut masks = Masks::new(self.places, columns, back);
        let mut row = vec![u64::MAX; words];
        for step in 0..rows.len() {
            let i = if back {
                rows.end - 1 - step
            } else {
                rows.start + step
            };
            meter.spend(2 * words as u64 + 1)?;
            masks.step(self.old[i], &mut row);
        }
        Ok(row)
    }
}

/// The column at which head and tail together are longest.
pub(super) fn best_split(head: &[u64], tail: &[u64], columns: usize) -> usize {
    let grows = |row: &[u64], j: usize| i64::from(row[j / 64] >> (j % 64) & 1 == 0);
    let mut length: i64 = (0..columns).map(|j| grows(tail, j)).sum();
    let (mut best, mut best_at) = (length, 0);
    for j in 0..columns {
        length += grows(head, j) - grows(tail, columns - 1 - j);
        if length > best {
            (best, best_at) = (length, j + 1);
        }
    }
    best_at
}

/// Columns of each id as bits, made when first asked for.
struct Masks<'p> {
    places: &'p Places,
    columns: Range<usize>,
    back: bool,
    words: usize,
    /// Masks of the ids that have many columns, in order of first use.
    masks: Vec<u64>,
    known: HashMap<u32, usize>,
}

impl<'p> Masks<'p> {
    fn new(places: &'p Places, columns: Range<usize>, back: bool) -> Self {
        let words = columns.len().div_ceil(64);
        Self {
            places,
            columns,
            back,
            words,
            masks: Vec::new(),
            known: Default::default(),
        }
    }

    /// One row: `row = (row + (row & mask)) | (row & !mask)`.
    fn step(&mut self, id: u32, row: &mut [u64]) {
        let all = self.places.of(id);
        let from = all.partition_point(|&j| (j as usize) < self.columns.start);
        let to = all.partition_point(|&j| (j as usize) < self.columns.end);
        let places = &all[from..to];
        if places.len() * 2 > self.words {
            let mask = self.mask(id, places);
            let mut carry = false;
            for (word, &mask) in row.iter_mut().zip(&self.masks[mask..mask + self.words]) {
                carry = add_masked(word, mask, carry);
            }
            return;
        }
        let columns = self.columns.clone();
        if self.back {
            sparse_step(
                row,
                places.iter().rev().map(|&j| columns.end - 1 - j as usize),
            );
        } else {
            sparse_step(row, places.iter().map(|&j| j as usize - columns.start));
        }
    }

    fn mask(&mut self, id: u32, places: &[u32]) -> usize {
        *self.known.entry(id).or_insert_with(|| {
            let at = self.masks.len();
            self.masks.resize(at + self.words, 0);
            for &j in places {
                let j = j as usize;
                let column = if self.back {
                    self.columns.end - 1 - j
                } else {
                    j - self.columns.start
                };
                self.masks[at + column / 64] |= 1 << (column % 64);
            }
            at
        })
    }
}

/// One word of a row; takes and gives the carry.
#[inline]
fn add_masked(word: &mut u64, mask: u64, carry: bool) -> bool {
    let (sum, over) = word.overflowing_add(*word & mask);
    let (sum, again) = sum.overflowing_add(u64::from(carry));
    *word = sum | (*word & !mask);
    over | again
}

/// One row for few columns, ascending: only the words they reach are touched.
fn sparse_step(row: &mut [u64], columns: impl Iterator<Item = usize>) {
    let mut columns = columns.peekable();
    let mut at = 0;
    let mut carry = false;
    while let Some(&next) = columns.peek() {
        let word = next / 64;
        while carry && at < word {
            carry = add_masked(&mut row[at], 0, carry);
            at += 1;
        }
        at = word;
        let mut mask = 0;
        while let Some(column) = columns.next_if(|column| column / 64 == word) {
            mask |= 1 << (column % 64);
        }
        carry = add_masked(&mut row[at], mask, carry);
        at += 1;
    }
    while carry && at < row.len() {
        carry = add_masked(&mut row[at], 0, carry);
        at += 1;
    }
}
