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
        let hash = (u64::from(left) << 32 | u64::from(right)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut slot = (hash >> (64 - bits)) as usize;
        while slots[slot] != NONE {
            slot = (slot + 1) & mask;
        }
        slots[slot] = token | ((hash >> 24) as u32 & 0x3fff) << 18;
    }
    slots
}
