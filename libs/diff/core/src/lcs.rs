//! Longest common subsequences when Myers would visit too many cells.
//!
//! - When few pairs of lines match: J. W. Hunt and T. G. Szymanski, *A fast algorithm for computing longest
//!   common subsequences* (1977), O(p log n) for p matching pairs.
//! - Otherwise: one bit a column (H. Hyyrö, *Bit-parallel LCS-length computation revisited*, 2004), 64
//!   columns a step, in the linear space of D. S. Hirschberg (1975) once the rows no longer fit.
//!
//! Both give a longest common subsequence; which of several is their own choice, the same each time.

mod bits;
mod sparse;

use self::bits::{Bits, KEPT_WORDS};
use self::sparse::sparse;
use crate::block::Counts;
use crate::meter::{Meter, Stop};

/// Steps that one matching pair costs in the first method, compared to one word in the second.
const PAIR_COST: u64 = 8;

/// Which method suits two sequences, and what it costs at most, in steps of about a nanosecond.
pub(crate) struct Plan {
    sparse: bool,
    cost: u64,
}

impl Plan {
    /// Counts matching pairs; O(n + m).
    pub(crate) fn new(old: &[u32], new: &[u32], counts: &mut Counts) -> Self {
        counts.add(old, new);
        let pairs: u64 = old
            .iter()
            .map(|&id| u64::from(counts.new[id as usize]))
            .sum();
        counts.clear(old, new);
        let words = old.len() as u64 * new.len().div_ceil(64) as u64;
        let rounds = if words > KEPT_WORDS as u64 { 2 } else { 1 };
        let dense_cost = 2 * rounds * words + (old.len() + new.len()) as u64;
        let sparse_cost = PAIR_COST * pairs + (old.len() + new.len()) as u64;
        // A node is 12 bytes: the number of pairs is bounded as well.
        let sparse = sparse_cost <= dense_cost && pairs < 1 << 23;
        Self {
            sparse,
            cost: if sparse { sparse_cost } else { dense_cost },
        }
    }

    /// Steps at most.
    pub(crate) fn cost(&self) -> u64 {
        self.cost
    }

    /// The pairs of a longest common subsequence, in ascending order.
    pub(crate) fn run(
        &self,
        old: &[u32],
        new: &[u32],
        distinct: usize,
        meter: &mut Meter<'_>,
    ) -> Result<Vec<(u32, u32)>, Stop> {
        let places = Places::new(new, distinct);
        if self.sparse {
            sparse(old, &places, meter)
        } else {
            let mut bits = Bits::new(old, new, &places);
            bits.solve(meter)?;
            Ok(bits.pairs)
        }
    }
}

/// Where each id stands in a sequence, ascending.
struct Places {
    first: Vec<u32>,
    places: Vec<u32>,
}

impl Places {
    fn new(seq: &[u32], distinct: usize) -> Self {
        let mut first = vec![0; distinct + 2];
        for &id in seq {
            first[id as usize + 2] += 1;
        }
        for i in 2..first.len() {
            first[i] += first[i - 1];
        }
        let mut places = vec![0; seq.len()];
        for (at, &id) in seq.iter().enumerate() {
            let next = &mut first[id as usize + 1];
            places[*next as usize] = at as u32;
            *next += 1;
        }
        first.pop();
        Self { first, places }
    }

    fn of(&self, id: u32) -> &[u32] {
        &self.places[self.first[id as usize] as usize..self.first[id as usize + 1] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table_length(old: &[u32], new: &[u32]) -> usize {
        let mut row = vec![0; new.len() + 1];
        for &a in old {
            let mut diagonal = 0;
            for (j, &b) in new.iter().enumerate() {
                let up = row[j + 1];
                row[j + 1] = if a == b { diagonal + 1 } else { up.max(row[j]) };
                diagonal = up;
            }
        }
        row[new.len()]
    }

    fn check(old: &[u32], new: &[u32], pairs: &[(u32, u32)]) {
        assert!(pairs.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 < w[1].1));
        assert!(
            pairs
                .iter()
                .all(|&(i, j)| old[i as usize] == new[j as usize])
        );
        assert_eq!(pairs.len(), table_length(old, new));
    }

    proptest! {
        #[test]
        fn both_methods_find_a_longest_subsequence(
            old in prop::collection::vec(0_u32..12, 0..300),
            new in prop::collection::vec(0_u32..12, 0..300),
        ) {
            let mut meter = Meter::new(u64::MAX, None, None);
            for sparse in [true, false] {
                let plan = Plan { sparse, cost: 0 };
                let pairs = plan.run(&old, &new, 12, &mut meter).expect("no limit");
                check(&old, &new, &pairs);
            }
        }

        #[test]
        fn splitting_finds_the_same_length(
            old in prop::collection::vec(0_u32..40, 2..200),
            new in prop::collection::vec(0_u32..40, 1..200),
        ) {
            let mut meter = Meter::new(u64::MAX, None, None);
            let places = Places::new(&new, 40);
            let mut bits = Bits::new(&old, &new, &places);
            let middle = old.len() / 2;
            let columns = 0..new.len();
            let head = bits.last_row(0..middle, columns.clone(), false, &mut meter).expect("no limit");
            let tail =
                bits.last_row(middle..old.len(), columns, true, &mut meter).expect("no limit");
            let at = bits::best_split(&head, &tail, new.len());
            bits.trace(0..middle, 0..at, &mut meter).expect("no limit");
            bits.trace(middle..old.len(), at..new.len(), &mut meter).expect("no limit");
            check(&old, &new, &bits.pairs);
        }
    }
}
