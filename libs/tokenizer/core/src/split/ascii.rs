//! Pieces of ASCII that end within sixteen bytes: most pieces of most texts. A bit a byte says of what class each is, so that the
//! end of a run is one count of bits, where a loop over characters would have a branch for each.

/// Bytes that are looked at.
pub(super) const WINDOW: usize = 16;

/// Behind the last byte, where nothing is known.
const BEYOND: u32 = 1 << WINDOW;

/// A bit for each byte, the first one lowest.
#[derive(Debug, PartialEq, Eq)]
struct Classes {
    lower: u32,
    upper: u32,
    number: u32,
    /// White space with the line ends.
    space: u32,
    newline: u32,
    quote: u32,
    /// Of characters beyond ASCII.
    wide: u32,
}

impl Classes {
    #[inline(always)]
    fn other(&self) -> u32 {
        !(self.lower | self.upper | self.number | self.space | self.wide) & (BEYOND - 1)
    }
}

/// The length of a piece of `o200k_base` that starts here; 0 where more has to be looked at.
#[inline(always)]
pub(super) fn o200k(window: &[u8; WINDOW]) -> usize {
    let classes = classes(window);
    let letters = classes.lower | classes.upper;
    // What may stand before a word.
    let before = !letters & 1;
    if (classes.number | classes.newline | classes.wide) & 1 == 0 && bit(letters, before) {
        let capitals = before + (classes.upper >> before).trailing_ones();
        let end = capitals + (classes.lower >> capitals).trailing_ones();
        // A contraction may follow.
        return known(end, classes.wide | classes.quote | BEYOND);
    }
    let slashes = bits_of(window, b'/');
    rest(window, &classes, classes.newline | slashes)
}

/// The same for `cl100k_base`.
#[inline(always)]
pub(super) fn cl100k(window: &[u8; WINDOW]) -> usize {
    let classes = classes(window);
    let letters = classes.lower | classes.upper;
    let before = !letters & 1;
    let not_before = classes.number | classes.newline | classes.wide | classes.quote;
    if not_before & 1 == 0 && bit(letters, before) {
        let end = before + (letters >> before).trailing_ones();
        return known(end, classes.wide | BEYOND);
    }
    if classes.quote & 1 == 1 {
        return 0;
    }
    rest(window, &classes, classes.newline)
}

/// The same for `r50k_base`.
#[inline(always)]
pub(super) fn r50k(window: &[u8; WINDOW]) -> usize {
    let classes = classes(window);
    if (classes.quote | classes.wide) & 1 == 1 {
        return 0;
    }
    let before = u32::from(window[0] == b' ');
    for class in [
        classes.lower | classes.upper,
        classes.number,
        classes.other(),
    ] {
        if bit(class, before) {
            let end = before + (class >> before).trailing_ones();
            return known(end, classes.wide | BEYOND);
        }
    }
    spaces(&classes, 0)
}

/// Numbers, symbols with what of `tail` follows them, white space.
#[inline(always)]
fn rest(window: &[u8; WINDOW], classes: &Classes, tail: u32) -> usize {
    if classes.wide & 1 == 1 {
        return 0;
    }
    if classes.number & 1 == 1 {
        let end = classes.number.trailing_ones().min(3);
        return known(end, if end < 3 { classes.wide } else { 0 });
    }
    let other = classes.other();
    let before = u32::from(window[0] == b' ');
    if bit(other, before) {
        let symbols = before + (other >> before).trailing_ones();
        if bit(classes.wide | BEYOND, symbols) {
            return 0;
        }
        let end = symbols + (tail >> symbols).trailing_ones();
        return known(end, BEYOND);
    }
    spaces(classes, classes.newline)
}

/// A run of white space: up to the last of `line_ends`, else without its last character where something follows.
#[inline(always)]
fn spaces(classes: &Classes, line_ends: u32) -> usize {
    let end = classes.space.trailing_ones();
    if bit(classes.wide | BEYOND, end) {
        return 0;
    }
    let lines = line_ends & ((1 << end) - 1);
    let end = if lines == 0 {
        end.max(2) - 1
    } else {
        u32::BITS - lines.leading_zeros()
    };
    end as usize
}

#[inline(always)]
fn bit(bits: u32, place: u32) -> bool {
    bits >> place & 1 == 1
}

/// The end, unless what stands there is among the doubtful.
#[inline(always)]
fn known(end: u32, doubtful: u32) -> usize {
    if bit(doubtful, end) { 0 } else { end as usize }
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn classes(window: &[u8; WINDOW]) -> Classes {
    // SAFETY: SSE2 is a part of x86-64.
    unsafe { vectors::classes(window) }
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn bits_of(window: &[u8; WINDOW], byte: u8) -> u32 {
    // SAFETY: SSE2 is a part of x86-64.
    unsafe { vectors::bits_of(window, byte) }
}

#[cfg(target_arch = "x86_64")]
#[expect(
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::cast_possible_truncation,
    reason = "vectors are of signed numbers; bytes beyond ASCII are below all others there"
)]
mod vectors {
    use std::arch::x86_64::{
        __m128i, _mm_and_si128, _mm_cmpeq_epi8, _mm_cmpgt_epi8, _mm_movemask_epi8, _mm_or_si128,
        _mm_set_epi64x, _mm_set1_epi8,
    };

    use super::{Classes, WINDOW};

    #[target_feature(enable = "sse2")]
    #[inline]
    pub(super) fn classes(window: &[u8; WINDOW]) -> Classes {
        let bytes = vector(window);
        let bits = |vector: __m128i| _mm_movemask_epi8(vector) as u32;
        let is = |byte: u8| _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte as i8));
        let within = |first: u8, last: u8| {
            _mm_and_si128(
                _mm_cmpgt_epi8(bytes, _mm_set1_epi8(first as i8 - 1)),
                _mm_cmpgt_epi8(_mm_set1_epi8(last as i8 + 1), bytes),
            )
        };
        Classes {
            lower: bits(within(b'a', b'z')),
            upper: bits(within(b'A', b'Z')),
            number: bits(within(b'0', b'9')),
            space: bits(_mm_or_si128(is(b' '), within(b'\t', b'\r'))),
            newline: bits(_mm_or_si128(is(b'\n'), is(b'\r'))),
            quote: bits(is(b'\'')),
            wide: bits(bytes),
        }
    }

    #[target_feature(enable = "sse2")]
    #[inline]
    pub(super) fn bits_of(window: &[u8; WINDOW], byte: u8) -> u32 {
        _mm_movemask_epi8(_mm_cmpeq_epi8(vector(window), _mm_set1_epi8(byte as i8))) as u32
    }

    #[target_feature(enable = "sse2")]
    #[inline]
    fn vector(window: &[u8; WINDOW]) -> __m128i {
        let both = u128::from_le_bytes(*window);
        _mm_set_epi64x((both >> 64) as i64, both as i64)
    }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn classes(window: &[u8; WINDOW]) -> Classes {
    one_by_one(window)
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn bits_of(window: &[u8; WINDOW], byte: u8) -> u32 {
    bits_where(window, |other| other == byte)
}

#[cfg(any(test, not(target_arch = "x86_64")))]
#[inline(always)]
fn one_by_one(window: &[u8; WINDOW]) -> Classes {
    Classes {
        lower: bits_where(window, |byte| byte.is_ascii_lowercase()),
        upper: bits_where(window, |byte| byte.is_ascii_uppercase()),
        number: bits_where(window, |byte| byte.is_ascii_digit()),
        space: bits_where(window, |byte| matches!(byte, b' ' | b'\t'..=b'\r')),
        newline: bits_where(window, |byte| matches!(byte, b'\n' | b'\r')),
        quote: bits_where(window, |byte| byte == b'\''),
        wide: bits_where(window, |byte| byte >= 0x80),
    }
}

#[cfg(any(test, not(target_arch = "x86_64")))]
#[inline(always)]
fn bits_where(window: &[u8; WINDOW], belongs: impl Fn(u8) -> bool) -> u32 {
    let mut bits = 0;
    for (place, &byte) in window.iter().enumerate() {
        bits |= u32::from(belongs(byte)) << place;
    }
    bits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{bits_of, bits_where, cl100k, classes, o200k, one_by_one, r50k};

    proptest! {
        #[test]
        fn vectors_say_what_bytes_say(window in any::<[u8; 16]>()) {
            prop_assert_eq!(classes(&window), one_by_one(&window));
            prop_assert_eq!(bits_of(&window, window[3]), bits_where(&window, |byte| byte == window[3]));
        }

        #[test]
        fn ends_are_those_of_the_scanners(
            text in "[ -~\n\r\t\u{b}\u{c}\u{1c}]{0,6}|[a-zA-Z' ]{0,20}|[ \n\r\t/.]{0,20}|[0-9 ]{0,20}|[ é中²\u{85}\u{a0}\u{301}.]{0,4}",
            more in "[ -~\n\r]{0,20}|\\PC{0,16}",
        ) {
            let text = [text, more, " and so on, until it is long enough".into()].concat();
            let bytes = text.as_bytes();
            let mut start = 0;
            while let Some(window) = bytes[start..].first_chunk() {
                let found = [o200k(window), cl100k(window), r50k(window)];
                let ends = [
                    super::super::o200k::end(bytes, start),
                    super::super::cl100k::end(bytes, start),
                    super::super::r50k::end(bytes, start),
                ];
                for (length, end) in found.into_iter().zip(ends) {
                    prop_assert!(length == 0 || start + length == end, "{text:?} from {start}: {length} for {end}");
                }
                start += text[start..].chars().next().map_or(1, char::len_utf8);
            }
        }
    }

    #[test]
    fn usual_pieces_are_known() {
        for (text, length) in [
            (b" the quick brown", 4),
            (b"HTTPServer, and ", 10),
            (b"(value) and more", 6),
            (b"2026-11-30 23:00", 3),
            (b"=> {\n    return ", 2),
            (b"\n    return this", 1),
            (b" {\n\n/ return thi", 5),
        ] {
            assert_eq!(o200k(text), length, "{}", String::from_utf8_lossy(text));
        }
    }
}
