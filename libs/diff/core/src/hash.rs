//! A fast 32-bit hash of a line, seeded once a process.
//!
//! Every use compares the bytes as well before it calls two lines equal, so no result depends on the hash
//! or its seed; the seed only keeps a hostile text from filling one bucket.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

/// Secrets of the hash.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LineHasher {
    seed: u64,
    key: u64,
}

impl LineHasher {
    /// The hasher of this process.
    pub(crate) fn shared() -> Self {
        static SHARED: OnceLock<LineHasher> = OnceLock::new();
        *SHARED.get_or_init(|| {
            let random = RandomState::new();
            Self {
                seed: random.hash_one(1_u8),
                key: random.hash_one(2_u8) | 1,
            }
        })
    }

    /// Hashes `bytes`, 16 at a time, by folded multiplication.
    #[inline]
    pub(crate) fn hash(self, bytes: &[u8]) -> u32 {
        let mut state = self.seed ^ bytes.len() as u64;
        let mut rest = bytes;
        while let Some((chunk, tail)) = rest.split_first_chunk::<16>() {
            if tail.is_empty() {
                break;
            }
            state = self.mix(state, word(chunk, 0), word(chunk, 8));
            rest = tail;
        }
        let (low, high) = match bytes.len() {
            16.. => {
                let tail = bytes.last_chunk::<16>().expect("16 bytes at least");
                (word(tail, 0), word(tail, 8))
            }
            8.. => (ends::<8>(rest).0, ends::<8>(rest).1),
            4.. => ends::<4>(rest),
            1.. => {
                let middle = u64::from(rest[rest.len() / 2]) << 8;
                (u64::from(rest[0]) | middle, u64::from(rest[rest.len() - 1]))
            }
            0 => (0, 0),
        };
        state = self.mix(state, low, high);
        (state ^ (state >> 32)) as u32
    }

    #[inline]
    fn mix(self, state: u64, low: u64, high: u64) -> u64 {
        let product = u128::from(low ^ state) * u128::from(high ^ self.key);
        (product as u64) ^ ((product >> 64) as u64)
    }
}

#[inline]
fn word(chunk: &[u8; 16], at: usize) -> u64 {
    u64::from_le_bytes(chunk[at..at + 8].try_into().expect("8 bytes"))
}

/// The first and the last `N` bytes (4 or 8) as numbers; they may overlap.
#[inline]
fn ends<const N: usize>(bytes: &[u8]) -> (u64, u64) {
    let number = |part: &[u8; N]| part.iter().rev().fold(0, |n, &b| n << 8 | u64::from(b));
    (
        bytes.first_chunk::<N>().map_or(0, number),
        bytes.last_chunk::<N>().map_or(0, number),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_of_each_length_counts() {
        let hasher = LineHasher::shared();
        for len in 0..70 {
            let text: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let hash = hasher.hash(&text);
            assert_eq!(hash, hasher.hash(&text.clone()));
            for i in 0..text.len() {
                let mut other = text.clone();
                other[i] ^= 0x40;
                assert_ne!(hash, hasher.hash(&other), "length {len}, byte {i}");
            }
        }
    }
}
