//! Which two tokens merge into which, as a hash table with open addressing.

use crate::merges::NONE;

/// The token in the lower 18 bits, bits of the hash above it; `NONE` where the slot is free. `src/bpe.rs` reads it.
pub fn build(halves: &[[u32; 2]]) -> Vec<u32> {
    let bits = (2 * halves.len()).next_power_of_two().ilog2();
    let mask = (1 << bits) - 1;
    let mut slots = vec![NONE; 1 << bits];
    for (token, &[left, right]) in (0..).zip(halves) {
        if left == NONE {
            continue;
        }
        let hash = hash(left, right);
        let mut slot = (hash >> (64 - bits)) as usize;
        while slots[slot] != NONE {
            slot = (slot + 1) & mask;
        }
        slots[slot] = token | ((hash >> 24) as u32 & 0x3fff) << 18;
    }
    slots
}

/// A bit for each hash that a pair has, in words of 32: 256 KiB, which stay in the processor's cache where the table does not. Most
/// pairs that are asked for do not merge, and most of those have no bit.
pub fn filter(halves: &[[u32; 2]]) -> Vec<u32> {
    let mut words = vec![0; 1 << 16];
    for &[left, right] in halves.iter().filter(|[left, _]| *left != NONE) {
        let bit = hash(left, right) >> 43;
        words[(bit >> 5) as usize] |= 1 << (bit & 31);
    }
    words
}

fn hash(left: u32, right: u32) -> u64 {
    (u64::from(left) << 32 | u64::from(right)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
