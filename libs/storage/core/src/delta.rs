//! Deltas between states: copies from a base and inserted bytes. See `docs/formats/storage.md`.
//!
//! States grow and change in a few places. So the common ends are taken off first, then an insertion or deletion is looked for
//! nearby, and only where that fails are the blocks of the rest of the base put into a table.

use std::collections::HashMap;

const BLOCK: usize = 64;
/// How far behind a difference the same bytes are looked for without a table.
const NEARBY: usize = 4096;
const PROBE: usize = 32;
/// Copies below this cost more than the bytes.
const SHORTEST: usize = 16;

/// A delta that makes `new` from `base`.
#[cfg(test)]
pub fn make(base: &[u8], new: &[u8]) -> Vec<u8> {
    make_behind(base, new, common_prefix(base, new))
}

/// A delta that makes `new` from `base`, of which the first `prefix` bytes are known to be the same.
pub fn make_behind(base: &[u8], new: &[u8], prefix: usize) -> Vec<u8> {
    let mut writer = Writer::new(new);
    let (old_rest, new_rest) = (
        base.get(prefix..).unwrap_or_default(),
        new.get(prefix..).unwrap_or_default(),
    );
    let suffix = common_suffix(old_rest, new_rest);
    if prefix > 0 {
        writer.copy(0, 0, prefix);
    }
    let old_end = base.len() - suffix;
    let new_end = new.len() - suffix;
    let mut table = None;
    let (mut old_at, mut new_at) = (prefix, prefix);
    while new_at < new_end {
        let (old_middle, new_middle) = (
            base.get(old_at..old_end).unwrap_or_default(),
            new.get(new_at..new_end).unwrap_or_default(),
        );
        let same = common_prefix(old_middle, new_middle);
        if same >= SHORTEST {
            writer.copy(new_at, old_at, same);
            old_at += same;
            new_at += same;
            continue;
        }
        if let Some((skip_old, skip_new)) = nearby(old_middle, new_middle) {
            old_at += skip_old;
            new_at += skip_new;
            continue;
        }
        let table = table.get_or_insert_with(|| Table::new(base, prefix, old_end));
        match table.find(base, new, new_at, new_end) {
            Some((old, found)) => {
                old_at = old;
                new_at = found;
            }
            None => break,
        }
    }
    if suffix > 0 {
        writer.copy(new_end, old_end, suffix);
    }
    writer.finish()
}

/// Makes the state from its base; `None` where the delta is not valid, or the result above `limit`.
pub fn apply(base: &[u8], delta: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut input = delta;
    let size = usize::try_from(read_number(&mut input)?)
        .ok()
        .filter(|&size| size <= limit)?;
    let mut result = Vec::with_capacity(size);
    let mut at = 0_i64;
    while result.len() < size {
        let copy = usize::try_from(read_number(&mut input)?).ok()?;
        if copy > 0 {
            let coded = read_number(&mut input)?;
            let relative = i64::try_from(coded >> 1).ok()? ^ -i64::try_from(coded & 1).ok()?;
            let from = usize::try_from(at.checked_add(relative)?).ok()?;
            let bytes = base.get(from..from.checked_add(copy)?)?;
            if copy > size - result.len() {
                return None;
            }
            result.extend_from_slice(bytes);
            at = i64::try_from(from + copy).ok()?;
        }
        let insert = usize::try_from(read_number(&mut input)?).ok()?;
        let (bytes, rest) = input.split_at_checked(insert)?;
        if insert > size - result.len() || (insert == 0 && copy == 0) {
            return None;
        }
        result.extend_from_slice(bytes);
        input = rest;
    }
    input.is_empty().then_some(result)
}

fn read_number(input: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..63).step_by(7) {
        let (&byte, rest) = input.split_first()?;
        *input = rest;
        value |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn write_number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Instructions, from copies in the order of the new state.
struct Writer<'a> {
    new: &'a [u8],
    out: Vec<u8>,
    /// Up to where the new state is described.
    done: usize,
    /// End of the last copy in the base.
    at: usize,
    /// A copy that may still grow: place in the new state, place in the base, length.
    pending: Option<(usize, usize, usize)>,
}

impl<'a> Writer<'a> {
    fn new(new: &'a [u8]) -> Self {
        let mut out = Vec::new();
        write_number(&mut out, new.len() as u64);
        Self {
            new,
            out,
            done: 0,
            at: 0,
            pending: None,
        }
    }

    fn copy(&mut self, new: usize, old: usize, length: usize) {
        if let Some((to, from, size)) = &mut self.pending
            && *to + *size == new
            && *from + *size == old
        {
            *size += length;
            return;
        }
        self.flush(new);
        self.pending = Some((new, old, length));
    }

    /// Writes the pending copy, and what is inserted between it and `until`.
    fn flush(&mut self, until: usize) {
        let (start, old, length) = self.pending.take().unwrap_or((self.done, self.at, 0));
        if length == 0 && until == start {
            return;
        }
        write_number(&mut self.out, length as u64);
        if length > 0 {
            let relative = old as i64 - self.at as i64;
            write_number(&mut self.out, ((relative << 1) ^ (relative >> 63)) as u64);
            self.at = old + length;
        }
        let inserted = self.new.get(start + length..until).unwrap_or_default();
        write_number(&mut self.out, inserted.len() as u64);
        self.out.extend_from_slice(inserted);
        self.done = until;
    }

    fn finish(mut self) -> Vec<u8> {
        self.flush(self.new.len());
        self.out
    }
}

/// How many bytes are the same from the beginning.
pub fn common_prefix(left: &[u8], right: &[u8]) -> usize {
    let most = left.len().min(right.len());
    let mut at = 0;
    // Large steps are compared with vector instructions; small ones find the place.
    for step in [16 << 10, 256] {
        while at + step <= most && left.get(at..at + step) == right.get(at..at + step) {
            at += step;
        }
    }
    at + left
        .iter()
        .zip(right)
        .skip(at)
        .take_while(|(left, right)| left == right)
        .count()
}

fn common_suffix(left: &[u8], right: &[u8]) -> usize {
    const STEP: usize = 256;
    let most = left.len().min(right.len());
    let end = |side: &[u8], at: usize| side.len() - at;
    let mut at = 0;
    while at + STEP <= most
        && left.get(end(left, at + STEP)..end(left, at))
            == right.get(end(right, at + STEP)..end(right, at))
    {
        at += STEP;
    }
    let (left, right) = (left.iter().rev().skip(at), right.iter().rev().skip(at));
    at + left
        .zip(right)
        .take_while(|(left, right)| left == right)
        .count()
}

/// How much to skip on both sides to find the same bytes: a small replacement, insertion or deletion.
fn nearby(old: &[u8], new: &[u8]) -> Option<(usize, usize)> {
    let old = old.get(..old.len().min(NEARBY))?;
    let new = new.get(..new.len().min(NEARBY))?;
    let mut places = HashMap::new();
    for (at, probe) in old.windows(PROBE).enumerate().step_by(4) {
        places.entry(probe).or_insert(at);
    }
    new.windows(PROBE)
        .enumerate()
        .find_map(|(at, probe)| places.get(probe).map(|&old| (old, at)))
}

/// Places of the blocks of a base, by a rolling hash.
struct Table {
    places: HashMap<u32, u32>,
}

impl Table {
    fn new(base: &[u8], from: usize, to: usize) -> Self {
        let blocks = base.get(from..to).unwrap_or_default().chunks_exact(BLOCK);
        let mut places = HashMap::with_capacity(blocks.len());
        for (index, block) in blocks.enumerate() {
            if let Ok(place) = u32::try_from(from + index * BLOCK) {
                places.entry(Rolling::of(block).value()).or_insert(place);
            }
        }
        Self { places }
    }

    /// The next place in the new state that begins a block of the base.
    fn find(&self, base: &[u8], new: &[u8], from: usize, to: usize) -> Option<(usize, usize)> {
        let window = new.get(from..to)?;
        let mut rolling = Rolling::of(window.get(..BLOCK)?);
        let mut at = 0;
        loop {
            let block = window.get(at..at + BLOCK)?;
            if let Some(&place) = self.places.get(&rolling.value()) {
                let place = place as usize;
                if base.get(place..place + BLOCK) == Some(block) {
                    return Some((place, from + at));
                }
            }
            rolling.roll(*window.get(at)?, *window.get(at + BLOCK)?);
            at += 1;
        }
    }
}

/// The checksum of rsync: sums that move on by one byte at a time.
struct Rolling {
    sum: u32,
    weighted: u32,
}

impl Rolling {
    fn of(block: &[u8]) -> Self {
        let (mut sum, mut weighted) = (0_u32, 0_u32);
        for &byte in block {
            sum = sum.wrapping_add(u32::from(byte) + 31);
            weighted = weighted.wrapping_add(sum);
        }
        Self { sum, weighted }
    }

    fn roll(&mut self, out: u8, into: u8) {
        self.sum = self
            .sum
            .wrapping_sub(u32::from(out))
            .wrapping_add(u32::from(into));
        self.weighted = self
            .weighted
            .wrapping_sub(BLOCK as u32 * (u32::from(out) + 31))
            .wrapping_add(self.sum);
    }

    fn value(&self) -> u32 {
        (self.sum & 0xFFFF) | (self.weighted << 16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_delta_makes_the_new_state(base in states(), new in states(), cuts in prop::collection::vec((0_usize..4000, 0_usize..4000), 0..4)) {
            prop_assert_eq!(apply(&base, &make(&base, &new), usize::MAX), Some(new.clone()));
            let mut pieces = new;
            for (from, to) in cuts {
                let (from, to) = (from.min(base.len()), to.min(base.len()));
                pieces.extend_from_slice(&base[from.min(to)..from.max(to)]);
            }
            prop_assert_eq!(apply(&base, &make(&base, &pieces), usize::MAX), Some(pieces));
        }

        #[test]
        fn any_bytes_are_a_delta_or_none(base in states(), delta in prop::collection::vec(any::<u8>(), 0..60)) {
            if let Some(state) = apply(&base, &delta, 10_000) {
                prop_assert!(state.len() <= 10_000);
            }
        }
    }

    fn states() -> impl Strategy<Value = Vec<u8>> {
        // Few letters, so that states have much in common.
        (prop::collection::vec(0_u8..3, 0..40), 1_usize..100)
            .prop_map(|(some, times)| some.repeat(times))
    }

    #[test]
    fn a_change_at_the_head_and_growth_at_the_end_cost_little() {
        let message = |index: u32| {
            format!(
                "{{\"index\":{index},\"text\":\"{}\"}},",
                index.wrapping_mul(2_654_435_761)
            )
        };
        let old: String = (0..20_000).map(message).collect();
        let base = format!("{{\"step\":5,\"messages\":[{old}]}}");
        let new = format!("{{\"step\":16,\"messages\":[{old}{}]}}", message(20_000));
        let delta = make(base.as_bytes(), new.as_bytes());
        assert!(delta.len() < 120, "{} bytes", delta.len());
        assert_eq!(
            apply(base.as_bytes(), &delta, usize::MAX),
            Some(new.into_bytes())
        );
    }

    #[test]
    fn moved_blocks_are_found() {
        let block = |seed: u32| -> Vec<u8> {
            (0..50_000_u32)
                .map(|at| (at.wrapping_mul(at ^ seed) >> 7) as u8)
                .collect()
        };
        let (first, second) = (block(1), block(99));
        let delta = make(
            &[first.clone(), second.clone()].concat(),
            &[second, first].concat(),
        );
        assert!(delta.len() < 1000, "{} bytes", delta.len());
    }
}
