//! Names that differ from the query by a letter or two: added, left out, replaced, or swapped with its neighbour.
//!
//! The distance is that of optimal string alignment. It is counted for all prefixes of a name in one pass over its
//! units, with a bit for each letter of the query (Hyyrö, "A bit-vector algorithm for computing Levenshtein and Damerau
//! edit distances", 2003).

use crate::fold::{HUMP, Letter, ONCE, is_same, length_of, mask, unit};
use crate::matcher::{Match, MatchTier, Needle, left_behind, skipped};
use crate::names::Names;
use crate::packed::{self, is_narrow};
use crate::weights::{TYPO, TYPO_FIRST, TYPO_LENGTH};

/// Letters of the longest query that is looked for with typos.
const LONGEST: usize = 64;

/// A query, ready for counting typos.
pub(crate) struct TypoNeedle {
    /// A bit for each place of a letter; ASCII.
    ascii: Vec<u64>,
    /// The same for packed letters.
    packed: Vec<u64>,
    others: Vec<(u16, u64)>,
    length: usize,
    /// The bits of the first two letters.
    begins: u64,
    /// Most typos in a whole name.
    most: u32,
    /// Most typos in a part of a name.
    most_in_part: u32,
}

/// A part of a name that has the query in it, but for typos.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TypoPart {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl TypoNeedle {
    /// None where a query is too short to be told from others by typos, or too long.
    pub(crate) fn new(needle: &Needle) -> Option<Self> {
        let length = needle.len();
        let (most, most_in_part) = match length {
            0..=3 => return None,
            4..=5 => (1, 0),
            6..=7 => (1, 1),
            8..=LONGEST => (2, 1),
            _ => return None,
        };
        let mut ascii = vec![0; 128];
        let mut others: Vec<(u16, u64)> = Vec::new();
        for (at, &letter) in needle.letters.iter().enumerate() {
            let unit = unit(letter);
            let bit = 1_u64 << at;
            if let Some(bits) = ascii.get_mut(usize::from(unit)) {
                *bits |= bit;
            } else if let Some((_, bits)) = others.iter_mut().find(|(other, _)| *other == unit) {
                *bits |= bit;
            } else {
                others.push((unit, bit));
            }
        }
        let of_packed = |byte| {
            let letter = usize::from(unit(packed::letter(byte)));
            ascii.get(letter).copied().unwrap_or(0)
        };
        Some(Self {
            packed: (0..=u8::MAX).map(of_packed).collect(),
            ascii,
            others,
            length,
            begins: mask(needle.letters.get(..2).unwrap_or_default()) & ONCE,
            most,
            most_in_part,
        })
    }

    /// Whether a name is looked at: by the letters that one has and the other has not, and by its length. A part of a name
    /// has to begin with the first or the second letter of the query.
    pub(crate) fn may_match(&self, wanted: u64, mask: u64, head: u64) -> bool {
        // A typo takes one letter away from each at most.
        let missing = wanted & !mask;
        if has_more_than(missing, self.most) {
            return false;
        }
        let length = length_of(head);
        head & self.begins != 0
            && length + 1 >= self.length
            && !has_more_than(missing, self.most_in_part)
            || self.may_be_whole(length) && !has_more_than(mask & !wanted, self.most)
    }

    /// Names that may match by the letters they have, and by their length where no parts are looked at.
    pub(crate) fn select(&self, names: &Names, wanted: u64, ids: &mut Vec<u32>) {
        match (self.most, self.most_in_part) {
            (1, 0) => names.select(
                |mask, head| {
                    (length_of(head).abs_diff(self.length) <= 1)
                        & !has_more::<1>(wanted & !mask)
                        & !has_more::<1>(mask & !wanted)
                },
                ids,
            ),
            (1, _) => names.select(|mask, _| !has_more::<1>(wanted & !mask), ids),
            _ => names.select(|mask, _| !has_more::<2>(wanted & !mask), ids),
        }
    }

    /// Most typos in a name of so many letters.
    pub(crate) fn most_in(&self, length: usize) -> u32 {
        if self.may_be_whole(length) {
            self.most
        } else {
            self.most_in_part
        }
    }

    /// The most that a name of so many letters is worth.
    pub(crate) fn highest(&self, length: usize) -> i32 {
        let [[whole, part, _], _] = TYPO;
        if self.may_be_whole(length) {
            whole
        } else {
            part
        }
    }

    fn may_be_whole(&self, length: usize) -> bool {
        length.abs_diff(self.length) <= self.most as usize
    }

    /// Whether some part of a packed name is near enough, or that is not known. Most names are left out by this.
    pub(crate) fn may_be_near(&self, packed: &[u8]) -> bool {
        if !is_narrow(packed) {
            return true;
        }
        let most = self.most_in(packed.len());
        let places = packed
            .iter()
            .map(|&byte| self.packed.get(usize::from(byte)).copied().unwrap_or(0));
        self.distances(places, false).1 <= most
    }

    /// The best match with typos, and the part that it is in.
    pub(crate) fn match_name(&self, needle: &Needle, name: &[Letter]) -> Option<(Match, TypoPart)> {
        let width = name.len();
        // No part of a name is further away than any other way to look at it.
        let most = self.most_in(width);
        let (_, nearest, _) = self.distances(self.all_places(name), false);
        if nearest > most {
            return None;
        }
        let mut best: Option<(Match, TypoPart)> = None;
        let mut offer = |place: usize, distance: u32, lost: i32, part: TypoPart| {
            let Some(base) = (distance as usize)
                .checked_sub(1)
                .and_then(|wrong| TYPO.get(wrong)?.get(place))
            else {
                return;
            };
            let first = match (name.get(part.start), needle.letters.first()) {
                (Some(&own), Some(&wanted)) if is_same(own, wanted) => 0,
                _ => TYPO_FIRST,
            };
            let found = Match {
                tier: MatchTier::Typo,
                base: *base,
                fit: -lost - first,
            };
            if best.is_none_or(|(best, _)| found.total() > best.total()) {
                best = Some((found, part));
            }
        };
        let (whole, part, end) = self.distances(self.all_places(name), true);
        if whole <= self.most {
            let lost = i32::try_from(width.abs_diff(self.length)).unwrap_or(i32::MAX / 64);
            let part = TypoPart {
                start: 0,
                end: width,
            };
            offer(0, whole, lost * TYPO_LENGTH, part);
        }
        if self.most_in_part == 0 {
            return best;
        }
        if part <= self.most_in_part {
            offer(1, part, left_behind(name, end), TypoPart { start: 0, end });
        }
        if whole <= self.most || part <= self.most_in_part || nearest > self.most_in_part {
            return best;
        }
        for (start, _) in name
            .iter()
            .enumerate()
            .skip(1)
            .filter(|(_, letter)| **letter & HUMP != 0)
        {
            let rest = name.get(start..).unwrap_or_default();
            let (_, distance, end) = self.distances(self.all_places(rest), true);
            if distance <= self.most_in_part {
                let end = start + end;
                let lost = skipped(name, start) + left_behind(name, end);
                offer(2, distance, lost, TypoPart { start, end });
            }
        }
        best
    }

    fn all_places(&self, letters: &[Letter]) -> impl Iterator<Item = u64> {
        letters.iter().map(|&letter| self.places(unit(letter)))
    }

    /// Distance to all of a name, of which `letters` has the places of each letter in the query; the smallest one to a prefix of it (to any part of it, where it is not anchored), and
    /// the first place where that ends.
    fn distances(&self, letters: impl Iterator<Item = u64>, anchored: bool) -> (u32, u32, usize) {
        let last = 1_u64 << (self.length - 1);
        let (mut plus, mut minus) = (u64::MAX, 0_u64);
        let (mut diagonal, mut places_before) = (0_u64, 0_u64);
        // Lengths are 64 at most.
        let mut distance = u32::try_from(self.length).unwrap_or(u32::MAX);
        let (mut smallest, mut end) = (distance, 0);
        for (at, places) in letters.enumerate() {
            let swapped = ((!diagonal & places) << 1) & places_before;
            diagonal = (((places & plus).wrapping_add(plus)) ^ plus) | places | minus | swapped;
            let mut more = minus | !(diagonal | plus);
            let mut less = plus & diagonal;
            if more & last != 0 {
                distance += 1;
            }
            if less & last != 0 {
                distance -= 1;
            }
            more = more << 1 | u64::from(anchored);
            less <<= 1;
            plus = less | !(diagonal | more);
            minus = more & diagonal;
            places_before = places;
            if distance < smallest {
                smallest = distance;
                end = at + 1;
            }
        }
        (distance, smallest, end)
    }

    fn places(&self, unit: u16) -> u64 {
        match self.ascii.get(usize::from(unit)) {
            Some(&bits) => bits,
            None => {
                let found = self.others.iter().find(|(other, _)| *other == unit);
                found.map_or(0, |&(_, bits)| bits)
            }
        }
    }
}

/// Whether a set has more than so many bits, which are 2 at most. Counting all of them takes longer on processors without
/// an instruction for it.
fn has_more<const MOST: u32>(set: u64) -> bool {
    let mut rest = set;
    for _ in 0..MOST {
        rest &= rest.wrapping_sub(1);
    }
    rest != 0
}

fn has_more_than(set: u64, most: u32) -> bool {
    match most {
        0 => has_more::<0>(set),
        1 => has_more::<1>(set),
        _ => has_more::<2>(set),
    }
}

/// Which letters of the query stand in the part of the name, by an alignment that has the fewest typos: places in the
/// name.
pub(crate) fn kept_letters(needle: &Needle, name: &[Letter], part: TypoPart) -> Vec<usize> {
    let units_of = |letters: &[Letter]| letters.iter().map(|&letter| unit(letter)).collect();
    let query: Vec<u16> = units_of(&needle.letters);
    let units: Vec<u16> = units_of(name.get(part.start..part.end).unwrap_or_default());
    let width = units.len() + 1;
    let mut table = vec![0_u32; (query.len() + 1) * width];
    let at = |row: usize, column: usize| row * width + column;
    let get = |table: &[u32], index: usize| table.get(index).copied().unwrap_or(u32::MAX / 2);
    for row in 0..=query.len() {
        for column in 0..width {
            let value = if row == 0 || column == 0 {
                row + column
            } else {
                let (above, left) = (at(row - 1, column), at(row, column - 1));
                let same = query.get(row - 1) == units.get(column - 1);
                let mut value = get(&table, at(row - 1, column - 1)) + u32::from(!same);
                value = value.min(get(&table, above) + 1).min(get(&table, left) + 1);
                if is_swap(&query, &units, row, column) {
                    value = value.min(get(&table, at(row - 2, column - 2)) + 1);
                }
                value as usize
            };
            if let Some(cell) = table.get_mut(at(row, column)) {
                *cell = u32::try_from(value).unwrap_or(u32::MAX / 2);
            }
        }
    }
    let (mut row, mut column) = (query.len(), units.len());
    let mut kept = Vec::new();
    while row > 0 && column > 0 {
        let value = get(&table, at(row, column));
        let same = query.get(row - 1) == units.get(column - 1);
        if same && value == get(&table, at(row - 1, column - 1)) {
            kept.push(part.start + column - 1);
            (row, column) = (row - 1, column - 1);
        } else if is_swap(&query, &units, row, column)
            && value == get(&table, at(row - 2, column - 2)) + 1
        {
            kept.extend([part.start + column - 1, part.start + column - 2]);
            (row, column) = (row - 2, column - 2);
        } else if value == get(&table, at(row - 1, column - 1)) + 1 {
            (row, column) = (row - 1, column - 1);
        } else if value == get(&table, at(row - 1, column)) + 1 {
            row -= 1;
        } else {
            column -= 1;
        }
    }
    kept.reverse();
    kept
}

fn is_swap(query: &[u16], units: &[u16], row: usize, column: usize) -> bool {
    row > 1
        && column > 1
        && query.get(row - 1) == units.get(column - 2)
        && query.get(row - 2) == units.get(column - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::TypoNeedle;
    use crate::fold::{Folded, unit};
    use crate::matcher::Needle;

    /// The distance as its definition has it, to every prefix.
    fn defined(query: &[u16], units: &[u16], anchored: bool) -> Vec<u32> {
        let mut rows: Vec<Vec<u32>> = Vec::new();
        for row in 0..=query.len() {
            let mut values = Vec::new();
            for column in 0..=units.len() {
                let value = if row == 0 {
                    if anchored { column as u32 } else { 0 }
                } else if column == 0 {
                    row as u32
                } else {
                    let same = query[row - 1] == units[column - 1];
                    let mut value = rows[row - 1][column - 1] + u32::from(!same);
                    value = value
                        .min(rows[row - 1][column] + 1)
                        .min(values[column - 1] + 1);
                    if super::is_swap(query, units, row, column) {
                        value = value.min(rows[row - 2][column - 2] + 1);
                    }
                    value
                };
                values.push(value);
            }
            rows.push(values);
        }
        rows.pop().unwrap_or_default()
    }

    proptest! {
        #[test]
        fn distances_are_those_of_the_definition(query in "[abcé]{4,64}", name in "[abcdé]{0,80}", anchored: bool) {
            let needle = Needle::new(&query);
            let letters = Folded::of(&name).letters;
            let units: Vec<u16> = letters.iter().map(|&letter| unit(letter)).collect();
            let query: Vec<u16> = needle.letters.iter().map(|&letter| unit(letter)).collect();
            let typos = TypoNeedle::new(&needle).expect("its length is within bounds");
            let (whole, smallest, end) = typos.distances(typos.all_places(&letters), anchored);
            let expected = defined(&query, &units, anchored);
            prop_assert_eq!(whole, expected[units.len()]);
            let least = expected.iter().min().copied().unwrap_or(0);
            prop_assert_eq!(smallest, least);
            prop_assert_eq!(end, expected.iter().position(|value| *value == least).unwrap_or(0));
        }
    }
}
