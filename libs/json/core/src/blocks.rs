//! Bytes by sixteen and sixty-four at once.

use wide::u8x16;

/// Bytes of which one mask is made.
pub(crate) const BLOCK: usize = 64;

/// The first byte from `at` on that ends a run of plain characters in a string: a quote, a backslash, a control character.
/// The end of the text where there is none.
#[inline]
pub(crate) fn plain_end(text: &[u8], mut at: usize) -> usize {
    let (quote, backslash, control) = (splat(b'"'), splat(b'\\'), splat(0x1f));
    while let Some(chunk) = text.get(at..).and_then(<[u8]>::first_chunk::<16>) {
        let bytes = u8x16::new(*chunk);
        let ends =
            bytes.simd_eq(quote) | bytes.simd_eq(backslash) | bytes.min(control).simd_eq(bytes);
        let mask = ends.to_bitmask();
        if mask != 0 {
            return at + mask.trailing_zeros() as usize;
        }
        at += 16;
    }
    let rest = text.get(at..).unwrap_or_default();
    let ends = |&byte: &u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    at + rest.iter().position(ends).unwrap_or(rest.len())
}

/// Where the bytes of a block stand that matter for finding the end of a container.
pub(crate) struct Masks {
    pub(crate) quotes: u64,
    pub(crate) backslashes: u64,
    pub(crate) opens: u64,
    pub(crate) closes: u64,
}

impl Masks {
    #[inline]
    pub(crate) fn of(block: &[u8; BLOCK]) -> Self {
        let mut masks = Self {
            quotes: 0,
            backslashes: 0,
            opens: 0,
            closes: 0,
        };
        let (chunks, _) = block.as_chunks::<16>();
        for (index, chunk) in chunks.iter().enumerate() {
            let bytes = u8x16::new(*chunk);
            // Both kinds of brackets differ in this bit only.
            let folded = bytes | splat(0x20);
            let shift = 16 * index;
            let mask = |found: u8x16| u64::from(found.to_bitmask()) << shift;
            masks.quotes |= mask(bytes.simd_eq(splat(b'"')));
            masks.backslashes |= mask(bytes.simd_eq(splat(b'\\')));
            masks.opens |= mask(folded.simd_eq(splat(b'{')));
            masks.closes |= mask(folded.simd_eq(splat(b'}')));
        }
        masks
    }
}

#[inline]
fn splat(byte: u8) -> u8x16 {
    u8x16::splat(byte)
}
