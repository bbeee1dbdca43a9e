//! Which rows can be among the best, by scores that are not exact.
//!
//! Of each row a rank and a slack are offered: its true rank is within the slack. A row whose highest possible rank is below the
//! lowest possible one of `count` others is out, so those that stay hold the true best ones.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// A rank that is a number.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rank(f64);

impl Eq for Rank {}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Rows that can be among the best `count`.
#[derive(Debug)]
pub(crate) struct Finalists {
    count: usize,
    /// The best lower bounds, `count` at most.
    lowest: BinaryHeap<Reverse<Rank>>,
    /// What a row must reach.
    bar: f64,
    rows: Vec<(u32, f64)>,
    /// Rows are sorted out again when there are that many.
    most: usize,
}

impl Finalists {
    /// For the best `count` rows of rank `least` or higher.
    pub fn new(count: usize, least: f64) -> Self {
        Self {
            count,
            lowest: BinaryHeap::new(),
            bar: if count == 0 { f64::INFINITY } else { least },
            rows: Vec::new(),
            most: 4096,
        }
    }

    /// A row of about that rank. What is NaN stays in: nothing is known of it.
    #[inline]
    pub fn offer(&mut self, row: u32, rank: f64, slack: f64) {
        let highest = rank + slack;
        if highest < self.bar || self.count == 0 {
            return;
        }
        self.take(row, highest, rank - slack);
    }

    /// A row of which nothing is known.
    pub fn offer_unknown(&mut self, row: u32) {
        self.offer(row, f64::NAN, 0.0);
    }

    fn take(&mut self, row: u32, highest: f64, lowest: f64) {
        self.rows.push((row, highest));
        if lowest.is_finite() {
            if self.lowest.len() < self.count {
                self.lowest.push(Reverse(Rank(lowest)));
            } else if self.lowest.peek().is_some_and(|least| least.0.0 < lowest) {
                self.lowest.pop();
                self.lowest.push(Reverse(Rank(lowest)));
            }
            if self.lowest.len() == self.count {
                let least = self
                    .lowest
                    .peek()
                    .map_or(f64::NEG_INFINITY, |least| least.0.0);
                self.bar = self.bar.max(least);
            }
        }
        if self.rows.len() >= self.most {
            self.sort_out();
            self.most = self.most.max(self.rows.len() * 2);
        }
    }

    /// The rows of both.
    pub fn join(&mut self, other: Self) {
        for (row, highest) in other.rows {
            self.rows.push((row, highest));
        }
        for Reverse(Rank(lowest)) in other.lowest {
            self.lowest.push(Reverse(Rank(lowest)));
        }
        while self.lowest.len() > self.count {
            self.lowest.pop();
        }
        if self.lowest.len() == self.count
            && let Some(Reverse(Rank(least))) = self.lowest.peek()
        {
            self.bar = self.bar.max(*least);
        }
        self.bar = self.bar.max(other.bar);
    }

    /// The rows that are left.
    pub fn rows(mut self) -> Vec<u32> {
        self.sort_out();
        self.rows.into_iter().map(|(row, _)| row).collect()
    }

    fn sort_out(&mut self) {
        let bar = self.bar;
        self.rows
            .retain(|&(_, highest)| highest >= bar || highest.is_nan());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Finalists;

    proptest! {
        #[test]
        fn the_true_best_are_among_them(
            rows in proptest::collection::vec((-1.0..1.0_f64, 0.0..0.3_f64, -1.0..1.0_f64), 0..300),
            count in 0_usize..20,
            split in 0_usize..300,
        ) {
            let mut all = [Finalists::new(count, f64::NEG_INFINITY), Finalists::new(count, f64::NEG_INFINITY)];
            let mut truth = Vec::new();
            for (row, &(rank, slack, share)) in (0_u32..).zip(&rows) {
                all[usize::from(row as usize >= split)].offer(row, rank, slack);
                truth.push((rank + slack * share * 0.999, row));
            }
            truth.sort_by(|left, right| right.0.total_cmp(&left.0));
            let [mut first, second] = all;
            first.join(second);
            let found = first.rows();
            for (_, row) in truth.iter().take(count) {
                prop_assert!(found.contains(row));
            }
            prop_assert!(count > 0 || found.is_empty());
        }
    }

    #[test]
    fn what_is_unknown_stays_in_and_keeps_nobody_out() {
        let mut finalists = Finalists::new(1, f64::NEG_INFINITY);
        finalists.offer_unknown(7);
        finalists.offer(8, 0.1, 0.0);
        finalists.offer(9, 0.2, 0.0);
        finalists.offer_unknown(10);
        assert_eq!(finalists.rows(), [7, 9, 10]);
    }

    #[test]
    fn ranks_below_the_least_are_out() {
        let mut finalists = Finalists::new(5, 0.5);
        finalists.offer(0, 0.4, 0.05);
        finalists.offer(1, 0.4, 0.2);
        finalists.offer(2, 0.5, 0.0);
        assert_eq!(finalists.rows(), [1, 2]);
    }
}
