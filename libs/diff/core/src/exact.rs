//! Greedy Myers (E. W. Myers, *An O(ND) Difference Algorithm and Its Variations*, 1986) with npm diff's
//! choices, so that the script is the same as npm diff's, line for line.
//!
//! - The furthest old position wins; on a tie a removal goes before an addition.
//! - Diagonals beyond an edge of the grid that has been reached are left out.
//! - A common head may be cut off first (the greedy snake would eat it anyway), a common tail may not: that
//!   changes ties.
//!
//! Only one bit is kept for each cell (edit length, diagonal): whether it was reached by an addition. The
//! bits give the moves from back to front; playing them forward with greedy snakes gives the script.

use crate::edit::{EditKind, Script};
use crate::lines::LinePair;
use crate::meter::{Meter, Stop};

/// Most that the record of steps may take, in bytes: enough for edit lengths of some 90,000.
pub const TRACE_LIMIT_BYTES: usize = 512 << 20;

/// Two sequences that can be compared item by item.
pub(crate) trait Sequences {
    /// Numbers of the old and of the new items that are equal when the items are.
    fn numbers(&self) -> (&[u32], &[u32]);

    /// Whether old item `x` and new item `y`, whose numbers are equal, are equal themselves.
    #[inline]
    fn confirm(&self, _x: usize, _y: usize) -> bool {
        true
    }

    /// Number of equal items from old item `x` and new item `y` on.
    #[inline]
    fn common_from(&self, x: usize, y: usize) -> usize {
        let (old, new) = self.numbers();
        let pairs = old[x..].iter().zip(&new[y..]).enumerate();
        pairs
            .take_while(|&(i, (a, b))| a == b && self.confirm(x + i, y + i))
            .count()
    }
}

impl Sequences for LinePair<'_> {
    #[inline]
    fn numbers(&self) -> (&[u32], &[u32]) {
        (self.old_hashes(), self.new_hashes())
    }

    #[inline]
    fn confirm(&self, x: usize, y: usize) -> bool {
        self.same(&self.old, x, &self.new, y)
    }
}

impl Sequences for (&[u32], &[u32]) {
    #[inline]
    fn numbers(&self) -> (&[u32], &[u32]) {
        *self
    }
}

/// Why a search ended before the end of both sequences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfinished {
    /// The edit length has reached its limit.
    EditLength,
    /// The record of steps has reached its limit; the edit length then.
    TraceFull(usize),
    /// The meter said so.
    Stopped(Stop),
}

/// The moves of a path: `true` adds, `false` removes. Snakes are implied.
pub(crate) type Moves = Vec<bool>;

/// Finds the shortest script from the start of both sequences to their end.
pub(crate) fn search(
    seqs: &impl Sequences,
    max_edit_length: usize,
    meter: &mut Meter<'_>,
) -> Result<Moves, Unfinished> {
    search_as(Goal::End, seqs, max_edit_length, meter)
}

/// As [`search`], but gives up once a quarter of the meter's budget has shown that all of it would be far
/// too little.
pub(crate) fn search_while_promising(
    seqs: &impl Sequences,
    max_edit_length: usize,
    meter: &mut Meter<'_>,
) -> Result<Moves, Unfinished> {
    search_as(
        Goal::EndInBudget(meter.left()),
        seqs,
        max_edit_length,
        meter,
    )
}

/// As [`search`], for callers that need any shortest script and know that there is none longer than
/// `bound`, or do not want it then. Half the cells at most: diagonals from which the end is out of reach
/// are left out.
pub(crate) fn search_within(
    seqs: &impl Sequences,
    bound: usize,
    meter: &mut Meter<'_>,
) -> Result<Moves, Unfinished> {
    search_as(Goal::EndInReach, seqs, bound, meter)
}

fn search_as(
    goal: Goal,
    seqs: &impl Sequences,
    max_edit_length: usize,
    meter: &mut Meter<'_>,
) -> Result<Moves, Unfinished> {
    Search::new(seqs, (0, 0))
        .run(goal, max_edit_length, meter)
        .map_err(|(why, _)| why)
}

/// What a search does besides looking for the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Goal {
    End,
    /// Look at the course once, for this budget.
    EndInBudget(u64),
    /// Bound the diagonals by the longest edit length.
    EndInReach,
}

/// As [`search`] from `start` on; when it has to stop, the path to the cell that came furthest.
pub(crate) fn search_partly(
    seqs: &impl Sequences,
    start: (usize, usize),
    max_edit_length: usize,
    meter: &mut Meter<'_>,
) -> (Moves, Option<Unfinished>) {
    let mut search = Search::new(seqs, start);
    match search.run(Goal::End, max_edit_length, meter) {
        Ok(moves) => (moves, None),
        Err((why, row)) => (search.furthest(row), Some(why)),
    }
}

/// Plays `moves` from `start` with greedy snakes: calls `emit` for each run, gives the end of the path.
pub(crate) fn replay(
    seqs: &impl Sequences,
    start: (usize, usize),
    moves: &[bool],
    mut emit: impl FnMut(EditKind, usize),
) -> (usize, usize) {
    let (mut x, mut y) = start;
    let snake = |x: &mut usize, y: &mut usize, emit: &mut dyn FnMut(EditKind, usize)| {
        let len = seqs.common_from(*x, *y);
        emit(EditKind::Equal, len);
        *x += len;
        *y += len;
    };
    snake(&mut x, &mut y, &mut emit);
    for &add in moves {
        if add {
            emit(EditKind::Added, 1);
            y += 1;
        } else {
            emit(EditKind::Removed, 1);
            x += 1;
        }
        snake(&mut x, &mut y, &mut emit);
    }
    (x, y)
}

/// Writes the script of a whole path.
pub(crate) fn write_script(seqs: &impl Sequences, moves: &[bool], script: &mut Script) {
    replay(seqs, (0, 0), moves, |kind, len| script.push(kind, len));
}

/// The cells of one edit length: diagonals `lo`, `lo + 2`, ...
struct Row {
    first_word: usize,
    lo: i32,
    cells: u32,
}

struct Search<'s, S> {
    seqs: &'s S,
    start: (usize, usize),
    old_len: i32,
    new_len: i32,
    /// Furthest old position on diagonal `k` (old minus new position), at `k + origin`.
    furthest: Vec<i32>,
    origin: i32,
    bits: Vec<u64>,
    rows: Vec<Row>,
}

impl<'s, S: Sequences> Search<'s, S> {
    fn new(seqs: &'s S, start: (usize, usize)) -> Self {
        let (old, new) = seqs.numbers();
        Self {
            seqs,
            start,
            old_len: (old.len() - start.0) as i32,
            new_len: (new.len() - start.1) as i32,
            furthest: Vec::new(),
            origin: 0,
            bits: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Makes room for edit length `d`, doubling.
    fn reserve(&mut self, d: i32) {
        if d + 1 < self.origin {
            return;
        }
        let limit = self.old_len.max(0) + self.new_len.max(0) + 2;
        let origin = (self.origin * 2).max(d + 2).max(64).min(limit.max(d + 2));
        let mut furthest = vec![-1; 2 * origin as usize + 1];
        let shift = (origin - self.origin) as usize;
        furthest[shift..shift + self.furthest.len()].copy_from_slice(&self.furthest);
        (self.furthest, self.origin) = (furthest, origin);
    }

    /// Runs until both ends are met. On failure: why, and the last edit length with complete cells.
    fn run(
        &mut self,
        goal: Goal,
        max_edit_length: usize,
        meter: &mut Meter<'_>,
    ) -> Result<Moves, (Unfinished, i32)> {
        let bounded = goal == Goal::EndInReach;
        let mut checkpoint = match goal {
            Goal::EndInBudget(budget) => budget - budget / 4,
            Goal::End | Goal::EndInReach => 0,
        };
        let (old_len, new_len) = (self.old_len, self.new_len);
        let seqs = self.seqs;
        let start = self.start;
        let (old, new) = (&seqs.numbers().0[start.0..], &seqs.numbers().1[start.1..]);
        self.reserve(0);
        let x = seqs.common_from(start.0, start.1) as i32;
        self.furthest[self.origin as usize] = x;
        if x >= old_len && x >= new_len {
            return Ok(Moves::new());
        }
        let last_diagonal = old_len - new_len;
        let longest = max_edit_length.min((old_len + new_len) as usize) as i32;
        // Nothing is left on one side: the rest of the other is all there is.
        if (x >= old_len || x >= new_len) && last_diagonal.abs() <= longest {
            return Ok(vec![
                last_diagonal < 0;
                last_diagonal.unsigned_abs() as usize
            ]);
        }
        let (mut min_diagonal, mut max_diagonal) = (i32::MIN, i32::MAX);
        // An edit length as odd or even as the last diagonal.
        let longest = longest - i32::from(bounded && (longest ^ last_diagonal) & 1 == 1);
        for d in 1..=longest {
            let (mut lo, mut hi) = (min_diagonal.max(-d), max_diagonal.min(d));
            if bounded {
                lo = lo.max(last_diagonal - (longest - d));
                hi = hi.min(last_diagonal + (longest - d));
            }
            if lo > hi {
                break;
            }
            self.reserve(d);
            let trace = 8 * self.bits.len() + size_of::<Row>() * self.rows.len();
            if trace > TRACE_LIMIT_BYTES {
                return Err((Unfinished::TraceFull(d as usize - 1), d - 1));
            }
            let first_word = self.bits.len();
            let origin = self.origin;
            self.furthest[(origin - d - 1) as usize] = -1;
            self.furthest[(origin + d + 1) as usize] = -1;
            // Diagonals lo - 1 to hi + 1. Each cell reads its two neighbours; the right one is the left one
            // of the next cell.
            let cells = &mut self.furthest[(origin + lo - 1) as usize..=(origin + hi + 1) as usize];
            let (mut word, mut bit, mut matched) = (0_u64, 0_u32, 0_u64);
            let mut removed_from = cells[0];
            let mut k = lo;
            let mut done = false;
            for pair in cells[1..].chunks_exact_mut(2) {
                let added_from = pair[1];
                let add = removed_from < added_from;
                let from = if add { added_from } else { removed_from + 1 };
                removed_from = added_from;
                let (mut x, mut y) = (from, from - k);
                while let (Some(a), Some(b)) = (old.get(x as usize), new.get(y as usize))
                    && a == b
                    && seqs.confirm(start.0 + x as usize, start.1 + y as usize)
                {
                    x += 1;
                    y += 1;
                }
                matched += (x - from) as u64;
                pair[0] = x;
                word |= u64::from(add) << bit;
                bit += 1;
                if bit == 64 {
                    self.bits.push(word);
                    (word, bit) = (0, 0);
                }
                if x >= old_len {
                    if y >= new_len {
                        done = true;
                    } else {
                        max_diagonal = k - 1;
                    }
                    break;
                }
                if y >= new_len {
                    min_diagonal = k + 1;
                }
                k += 2;
            }
            if bit > 0 {
                self.bits.push(word);
            }
            let count = (k.min(hi) - lo) / 2 + 1;
            self.rows.push(Row {
                first_word,
                lo,
                cells: count as u32,
            });
            if done {
                return Ok(self.moves_to(d, k));
            }
            if let Err(stop) = meter.spend(count as u64 + matched) {
                return Err((Unfinished::Stopped(stop), d));
            }
            if meter.left() < checkpoint {
                if !self.is_on_course(d, checkpoint) {
                    return Err((Unfinished::Stopped(Stop::Budget), d));
                }
                checkpoint = 0;
            }
        }
        Err((Unfinished::EditLength, self.rows.len() as i32))
    }

    /// Whether the end will be reached with about `left` cells more, if the rest differs as much as what
    /// has been covered up to edit length `d`.
    fn is_on_course(&self, d: i32, left: u64) -> bool {
        let row = &self.rows[d as usize - 1];
        let whole = i64::from(self.old_len) + i64::from(self.new_len);
        let covered = (0..row.cells as i32)
            .map(|cell| self.reach(row.lo + 2 * cell))
            .max();
        let times = whole as f64 / covered.unwrap_or(0).max(1) as f64;
        let cells = f64::from(d) * f64::from(d) / 2.0;
        cells * (times * times - 1.0) <= 1.5 * left as f64
    }

    /// Old and new items consumed on diagonal `k`.
    fn reach(&self, k: i32) -> i64 {
        2 * i64::from(self.furthest[(self.origin + k) as usize]) - i64::from(k)
    }

    /// Reads the moves to diagonal `k` at edit length `d` from the bits.
    fn moves_to(&self, d: i32, mut k: i32) -> Moves {
        let mut moves = vec![false; d as usize];
        for (row, add) in self.rows[..d as usize].iter().zip(&mut moves).rev() {
            let cell = ((k - row.lo) / 2) as usize;
            *add = self.bits[row.first_word + cell / 64] >> (cell % 64) & 1 == 1;
            k += if *add { 1 } else { -1 };
        }
        moves
    }

    /// Moves to the cell of edit length `d` that has consumed most of both sequences.
    fn furthest(&self, d: i32) -> Moves {
        if d == 0 {
            return Moves::new();
        }
        let row = &self.rows[d as usize - 1];
        let diagonals = (0..row.cells as i32).map(|cell| row.lo + 2 * cell);
        let best = diagonals.max_by_key(|&k| self.reach(k)).unwrap_or(row.lo);
        self.moves_to(d, best)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(old: &[u32], new: &[u32]) -> String {
        let mut meter = Meter::new(u64::MAX, None, None);
        let moves = search(&(old, new), usize::MAX, &mut meter).expect("no limit");
        let mut text = String::new();
        replay(&(old, new), (0, 0), &moves, |kind, len| {
            let letter = match kind {
                EditKind::Equal => '=',
                EditKind::Removed => '-',
                EditKind::Added => '+',
            };
            text.extend(std::iter::repeat_n(letter, len));
        });
        text
    }

    #[test]
    fn a_removal_goes_before_an_addition() {
        assert_eq!(script(&[1], &[2]), "-+");
        assert_eq!(script(&[1, 2], &[3, 4]), "--++");
    }

    #[test]
    fn ties_are_broken_towards_the_old_side() {
        // The example of Myers' paper: ABCABBA to CBABAC.
        assert_eq!(
            script(&[1, 2, 3, 1, 2, 2, 1], &[3, 2, 1, 2, 1, 3]),
            "--=+==-=+"
        );
    }

    #[test]
    fn an_edge_of_the_grid_ends_the_search_on_its_diagonals() {
        assert_eq!(script(&[1, 2], &[1, 2, 3, 4, 5]), "==+++");
        assert_eq!(script(&[9, 9, 9, 1], &[1]), "---=");
        assert_eq!(script(&[], &[1, 1]), "++");
    }

    #[test]
    fn a_bounded_search_is_as_short_or_finds_nothing() {
        let (old, new) = ([1, 2, 3, 1, 2, 2, 1], [3, 2, 1, 2, 1, 3]);
        let seqs = (&old[..], &new[..]);
        let mut meter = Meter::new(u64::MAX, None, None);
        for bound in 5..9 {
            assert_eq!(
                search_within(&seqs, bound, &mut meter).map(|moves| moves.len()),
                Ok(5)
            );
        }
        let shorter = search_within(&seqs, 4, &mut meter);
        assert_eq!(shorter, Err(Unfinished::EditLength));
    }

    #[test]
    fn a_partial_search_reaches_the_furthest_cell() {
        let old: Vec<u32> = (0..100).collect();
        let new: Vec<u32> = (0..100)
            .map(|n| if n % 10 == 5 { 1000 + n } else { n })
            .collect();
        let seqs = (&old[..], &new[..]);
        let mut meter = Meter::new(u64::MAX, None, None);
        let (moves, unfinished) = search_partly(&seqs, (0, 0), 6, &mut meter);
        assert_eq!(unfinished, Some(Unfinished::EditLength));
        assert_eq!(replay(&seqs, (0, 0), &moves, |_, _| {}), (35, 35));
    }
}
