//! The embedded tables, as `build/` lays them out. They are pages of the binary: what nobody touches costs nothing.

use bytemuck::cast_slice;

/// Marks what is absent, in all tables.
pub(crate) const NONE: u32 = u32::MAX;

/// Bytes that begin where words of any size may.
#[repr(C, align(64))]
struct Aligned<B: ?Sized>(B);

/// A vocabulary.
pub(crate) struct Tables {
    trie: &'static Aligned<[u8]>,
    prefixes: &'static Aligned<[u8]>,
    pairs: &'static Aligned<[u8]>,
    filter: &'static Aligned<[u8]>,
    halves: &'static Aligned<[u8]>,
    ends: &'static Aligned<[u8]>,
    bytes: &'static [u8],
    lengths: &'static [u8],
}

/// The same, as words.
#[derive(Clone, Copy)]
pub(crate) struct Vocabulary {
    /// Slots of base and label, and of the token.
    pub trie: &'static [[u32; 2]],
    /// The longest shorter token that each token begins with.
    pub prefixes: &'static [u32],
    /// Hash table of which two tokens merge into which.
    pub pairs: &'static [u32],
    /// Bits of the hashes of those pairs.
    pub filter: &'static [u32],
    /// The two tokens that each is merged from.
    pub halves: &'static [[u32; 2]],
    /// Where each token ends in `bytes`; the first word is 0.
    pub ends: &'static [u32],
    pub bytes: &'static [u8],
    pub lengths: &'static [u8],
}

impl Tables {
    pub(crate) fn vocabulary(&self) -> Vocabulary {
        Vocabulary {
            trie: cast_slice(&self.trie.0),
            prefixes: cast_slice(&self.prefixes.0),
            pairs: cast_slice(&self.pairs.0),
            filter: cast_slice(&self.filter.0),
            halves: cast_slice(&self.halves.0),
            ends: cast_slice(&self.ends.0),
            bytes: self.bytes,
            lengths: self.lengths,
        }
    }
}

impl Vocabulary {
    /// The bytes of a token; none where it is no token.
    pub(crate) fn bytes_of(&self, token: u32) -> Option<&'static [u8]> {
        let token = token as usize;
        let (start, end) = (*self.ends.get(token)?, *self.ends.get(token + 1)?);
        let bytes = self.bytes.get(start as usize..end as usize)?;
        (!bytes.is_empty()).then_some(bytes)
    }
}

macro_rules! embedded {
    ($file:expr) => {
        include_bytes!(concat!(env!("OUT_DIR"), "/", $file))
    };
}
pub(crate) use embedded;

macro_rules! tables {
    ($name:literal) => {
        Tables {
            trie: &Aligned(*embedded!(concat!($name, ".trie"))),
            prefixes: &Aligned(*embedded!(concat!($name, ".prefixes"))),
            pairs: &Aligned(*embedded!(concat!($name, ".pairs"))),
            filter: &Aligned(*embedded!(concat!($name, ".filter"))),
            halves: &Aligned(*embedded!(concat!($name, ".halves"))),
            ends: &Aligned(*embedded!(concat!($name, ".ends"))),
            bytes: embedded!(concat!($name, ".bytes")),
            lengths: embedded!(concat!($name, ".lengths")),
        }
    };
}

pub(crate) static O200K: Tables = tables!("o200k_base");
pub(crate) static CL100K: Tables = tables!("cl100k_base");
pub(crate) static P50K: Tables = tables!("p50k_base");
