//! Walks from row to row, nearer to a probe with every step.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::codes::{Codes, Probe};
use super::layer::Layer;

/// A row and how far it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Near {
    pub distance: f32,
    pub row: u32,
}

impl Eq for Near {}

impl Ord for Near {
    /// The farther one is greater; of two equally far the one with the higher number.
    fn cmp(&self, other: &Self) -> Ordering {
        self.distance
            .total_cmp(&other.distance)
            .then(self.row.cmp(&other.row))
    }
}

impl PartialOrd for Near {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The nearest first.
#[derive(PartialEq, Eq)]
struct Nearest(Near);

impl Ord for Nearest {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.cmp(&self.0)
    }
}

impl PartialOrd for Nearest {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Rows that a walk has seen, a bit each.
struct Seen(Vec<u64>);

impl Seen {
    /// True the first time.
    fn see(&mut self, row: u32) -> bool {
        let word = row as usize / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        let bit = 1 << (row % 64);
        let is_new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        is_new
    }
}

/// Steps to the nearest linked row for as long as there is a nearer one.
pub(super) fn descend(codes: &Codes, layer: &Layer, probe: &Probe, from: Near) -> Near {
    let mut best = from;
    loop {
        let here = best.row;
        for &row in layer.links(here) {
            let distance = codes.distance(probe, row);
            if distance < best.distance {
                best = Near { distance, row };
            }
        }
        if best.row == here {
            return best;
        }
    }
}

/// The nearest rows that are allowed, `count` at most, the nearest first; steps lead over all rows. Stops where no row that is left to be
/// looked at is nearer than the last one of them, or after `patience` rows.
pub(super) fn nearest(
    codes: &Codes,
    layer: &Layer,
    probe: &Probe,
    from: &[Near],
    count: usize,
    patience: usize,
    is_allowed: impl Fn(u32) -> bool,
) -> (Vec<Near>, bool) {
    let mut seen = Seen(Vec::new());
    let mut ahead = BinaryHeap::new();
    let mut found = BinaryHeap::new();
    for &near in from {
        if seen.see(near.row) {
            ahead.push(Nearest(near));
            if is_allowed(near.row) {
                found.push(near);
            }
        }
    }
    let mut left = patience;
    let mut fresh = Vec::new();
    while let Some(Nearest(step)) = ahead.pop() {
        let farthest = found.peek().map(|near: &Near| near.distance);
        if found.len() >= count && farthest.is_some_and(|farthest| step.distance > farthest) {
            break;
        }
        fresh.clear();
        fresh.extend(
            layer
                .links(step.row)
                .iter()
                .copied()
                .filter(|&row| seen.see(row)),
        );
        if fresh.len() > left {
            return (found.into_sorted_vec(), false);
        }
        left -= fresh.len();
        for &row in fresh.iter().take(4) {
            codes.prefetch(row);
        }
        for (at, &row) in fresh.iter().enumerate() {
            if let Some(&next) = fresh.get(at + 4) {
                codes.prefetch(next);
            }
            let distance = codes.distance(probe, row);
            let near = Near { distance, row };
            let is_full = found.len() >= count;
            if is_full && found.peek().is_some_and(|farthest| near >= *farthest) {
                continue;
            }
            ahead.push(Nearest(near));
            if is_allowed(row) {
                found.push(near);
                if found.len() > count {
                    found.pop();
                }
            }
        }
    }
    (found.into_sorted_vec(), true)
}
