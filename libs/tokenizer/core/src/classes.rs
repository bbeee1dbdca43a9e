//! What the patterns ask of a character, from Unicode 16.0, as tiktoken's regexes do.

use crate::tables::embedded;

/// Neither of the others: punctuation, symbols, controls, what is not assigned.
pub(crate) const OTHER: u8 = 0;
/// White space, but for the line ends.
pub(crate) const SPACE: u8 = 1;
/// Carriage return and line feed.
pub(crate) const NEWLINE: u8 = 2;
/// `\p{N}`.
pub(crate) const NUMBER: u8 = 3;
/// `\p{Lu}` and `\p{Lt}`.
pub(crate) const UPPER: u8 = 4;
/// `\p{Ll}`.
pub(crate) const LOWER: u8 = 5;
/// `\p{Lm}` and `\p{Lo}`.
pub(crate) const CASELESS: u8 = 6;
/// `\p{M}`.
pub(crate) const MARK: u8 = 7;
/// The end of the text.
pub(crate) const END: u8 = 8;

static BLOCKS: &[u8] = embedded!("blocks.bin");
static CLASSES: &[u8] = embedded!("classes.bin");

/// The class and the length in bytes of the character that starts at `at`.
#[inline(always)]
pub(crate) fn class_at(text: &[u8], at: usize) -> (u8, usize) {
    match text.get(at) {
        None => (END, 0),
        Some(&byte) if byte < 0x80 => (ASCII[usize::from(byte)], 1),
        Some(&lead) => beyond_ascii(text, at, lead),
    }
}

/// How many of the next eight bytes are lower-case ASCII letters, up to the first that is none; with `EITHER` capitals count
/// too. Most words end within them, at a fraction of the cost of eight steps.
#[inline(always)]
pub(crate) fn ascii_letters<const EITHER: bool>(text: &[u8], at: usize) -> usize {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    const ONES: u64 = 0x0101_0101_0101_0101;
    let Some(bytes) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) else {
        return 0;
    };
    let word = u64::from_le_bytes(*bytes);
    let folded = if EITHER { word | (0x20 * ONES) } else { word };
    // The high bit of a byte of each difference says whether that byte is in the range; no byte borrows from the next.
    let from_a = (folded | HIGH) - 0x61 * ONES;
    let to_z = (0xfa * ONES) - (folded & !HIGH);
    let others = !(from_a & to_z & !word) & HIGH;
    others.trailing_zeros() as usize / 8
}

/// Where a run of ideographs and Hangul syllables ends, or a little before: of most of these characters the first two bytes
/// tell the class, which is [`CASELESS`].
#[inline(always)]
pub(crate) fn ideographs(text: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some([one, two, _, four, five, _]) = text.get(at..).and_then(<[u8]>::first_chunk)
        && is_caseless([*one, *two])
        && is_caseless([*four, *five])
    {
        at += 6;
    }
    at
}

/// U+4E00 to U+9FFF, and U+AC00 to U+D77F.
#[inline(always)]
fn is_caseless(start: [u8; 2]) -> bool {
    let start = u16::from_be_bytes(start);
    start.wrapping_sub(0xe4b8) <= 0xe9bf - 0xe4b8 || start.wrapping_sub(0xeab0) <= 0xed9d - 0xeab0
}

/// `\p{L}`.
#[inline(always)]
pub(crate) fn is_letter(class: u8) -> bool {
    matches!(class, UPPER | LOWER | CASELESS)
}

/// `[^\s\p{L}\p{N}]`.
#[inline(always)]
pub(crate) fn is_symbol(class: u8) -> bool {
    matches!(class, OTHER | MARK)
}

/// `\s`.
#[inline(always)]
pub(crate) fn is_space(class: u8) -> bool {
    matches!(class, SPACE | NEWLINE)
}

fn beyond_ascii(text: &[u8], at: usize, lead: u8) -> (u8, usize) {
    let next = |offset: usize| {
        text.get(at + offset)
            .map_or(0, |&byte| usize::from(byte & 0x3f))
    };
    let lead = usize::from(lead);
    let (point, length) = match lead {
        0..0xe0 => ((lead & 0x1f) << 6 | next(1), 2),
        0xe0..0xf0 => ((lead & 0x0f) << 12 | next(1) << 6 | next(2), 3),
        _ => (
            (lead & 0x07) << 18 | next(1) << 12 | next(2) << 6 | next(3),
            4,
        ),
    };
    (class_of(point), length)
}

fn class_of(point: usize) -> u8 {
    let block = BLOCKS
        .get(point >> 8)
        .map_or(0, |&block| usize::from(block));
    CLASSES
        .get(block << 8 | point & 0xff)
        .copied()
        .unwrap_or(OTHER)
}

/// Long enough for any byte, so that no check of bounds is left.
static ASCII: [u8; 256] = ascii();

const fn ascii() -> [u8; 256] {
    let mut classes = [OTHER; 256];
    let mut byte = 0;
    while byte < 128 {
        classes[byte] = match byte as u8 {
            b'\t' | 0x0b | 0x0c | b' ' => SPACE,
            b'\n' | b'\r' => NEWLINE,
            b'0'..=b'9' => NUMBER,
            b'A'..=b'Z' => UPPER,
            b'a'..=b'z' => LOWER,
            _ => OTHER,
        };
        byte += 1;
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::{ASCII, CASELESS, ascii_letters, class_of, is_caseless};

    #[test]
    fn two_bytes_tell_the_class_of_ideographs() {
        for start in 0xe0_80..=0xef_bf_u16 {
            let bytes = start.to_be_bytes();
            if bytes[1] & 0xc0 == 0x80 && is_caseless(bytes) {
                let first = usize::from(bytes[0] & 0xf) << 12 | usize::from(bytes[1] & 0x3f) << 6;
                assert!(
                    (first..first + 64).all(|point| class_of(point) == CASELESS),
                    "{first:x}"
                );
            }
        }
        assert!(is_caseless([0xe4, 0xb8]) && is_caseless([0xed, 0x9d]));
    }

    #[test]
    fn the_short_table_agrees_with_the_long_one() {
        for (byte, &class) in ASCII.iter().enumerate().take(128) {
            assert_eq!(class, class_of(byte), "{byte}");
        }
    }

    #[test]
    fn letters_are_found_eight_at_a_time() {
        for byte in 0..=255_u8 {
            for place in 0..8 {
                let mut text = *b"azbycxdw";
                text[place] = byte;
                let lower = if byte.is_ascii_lowercase() { 8 } else { place };
                let either = if byte.is_ascii_alphabetic() { 8 } else { place };
                assert_eq!(ascii_letters::<false>(&text, 0), lower, "{byte} at {place}");
                assert_eq!(ascii_letters::<true>(&text, 0), either, "{byte} at {place}");
            }
        }
        assert_eq!(ascii_letters::<true>(b"short", 0), 0);
    }
}
