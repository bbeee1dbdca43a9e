//! Searches, and filters that let few rows through.

use std::collections::BinaryHeap;

use super::walk::{Near, descend, nearest};
use super::{LayeredGraph, SEARCH_EFFORT};
use crate::kernels::kernels;
use crate::metric::Metric;
use crate::neighbours::Wanted;
use crate::precise;
use crate::rows::Rows;

/// Rows that are asked whether they are allowed, to tell how many are.
const ASKED: u32 = 256;

/// Up to so many rows a look at all of them is as fast as a walk.
const FEW: usize = 1000;

/// A walk that has looked at one in so many rows and is not done gives way to a look at all that are allowed.
const SHARE: usize = 4;

impl LayeredGraph {
    /// The rows that are wanted, scored by the arena's vectors.
    pub(super) fn find(&self, wanted: &Wanted<'_>, rows: &Rows) -> Vec<u32> {
        let count = wanted.count.min(self.len());
        let Some(entry) = self.entry else {
            return Vec::new();
        };
        if count == 0 {
            return Vec::new();
        }
        let effort = wanted
            .effort
            .unwrap_or(SEARCH_EFFORT.max(count + count / 2));
        let effort = effort.max(count);
        if self.len() <= FEW.max(effort * 2) || self.is_narrow(wanted, rows, effort) {
            return self.all(wanted, rows, count);
        }
        let probe = self.codes.probe(wanted.query);
        let mut from = Near {
            distance: self.codes.distance(&probe, entry),
            row: entry,
        };
        let Some((lowest, upper)) = self.layers.split_first() else {
            return Vec::new();
        };
        for layer in upper.iter().rev() {
            from = descend(&self.codes, layer, &probe, from);
        }
        let patience = (self.len() / SHARE).max(effort * 64);
        let (near, is_whole) = nearest(
            &self.codes,
            lowest,
            &probe,
            &[from],
            effort,
            patience,
            wanted.is_allowed,
        );
        if !is_whole || near.len() < count {
            return self.all(wanted, rows, count);
        }
        self.scored(wanted, rows, near.into_iter().map(|near| near.row), count)
    }

    /// Whether so few rows are allowed that a walk would meet too few of them.
    fn is_narrow(&self, wanted: &Wanted<'_>, rows: &Rows, effort: usize) -> bool {
        // Scattered, not at even steps: what is said of rows may come round in steps as well.
        let end = u64::from(rows.end().max(1));
        let asked = (0..ASKED).map(|at| (u64::from(at) * 0x9e37_79b9_7f4b) % end);
        let (mut all, mut allowed) = (0_usize, 0_usize);
        for row in asked.filter_map(|row| u32::try_from(row).ok()) {
            if rows.is_live(row) {
                all += 1;
                allowed += usize::from((wanted.is_allowed)(row));
            }
        }
        // A walk looks at some twenty new rows a step, and takes as many steps as it needs to meet `effort` allowed ones.
        allowed * self.len() < all * effort * 20 && allowed < all
    }

    /// The best of all rows that are allowed.
    fn all(&self, wanted: &Wanted<'_>, rows: &Rows, count: usize) -> Vec<u32> {
        let allowed = rows.live().filter(|&row| (wanted.is_allowed)(row));
        self.scored(wanted, rows, allowed, count)
    }

    /// The best rows, by the arena's vectors.
    fn scored(
        &self,
        wanted: &Wanted<'_>,
        rows: &Rows,
        candidates: impl Iterator<Item = u32>,
        count: usize,
    ) -> Vec<u32> {
        let query = wanted.query;
        let norm = precise::squared_norm(query).sqrt();
        let mut best = BinaryHeap::with_capacity(count + 1);
        for row in candidates {
            let (Some(vector), Some(measures)) = (rows.vector(row), rows.measures(row)) else {
                continue;
            };
            let score = match self.metric {
                Metric::Dot => (kernels().dot)(query, &vector),
                Metric::Cosine => {
                    let norms = norm * f64::from(measures.norm);
                    if norms > 0.0 {
                        (kernels().dot)(query, &vector) / norms
                    } else {
                        0.0
                    }
                }
                Metric::Euclidean | Metric::SquaredEuclidean => {
                    (kernels().squared_distance)(query, &vector)
                }
            };
            let distance = -self.metric.rank(score) as f32;
            best.push(Near { distance, row });
            if best.len() > count {
                best.pop();
            }
        }
        best.into_iter().map(|near| near.row).collect()
    }
}
