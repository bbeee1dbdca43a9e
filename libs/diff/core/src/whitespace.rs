//! White space as JavaScript sees it: `String.prototype.trim` and `\s` in a regular expression.
//!
//! Works on bytes in either [`Encoding`]; nothing is decoded that need not be.

use crate::Encoding;

/// Length in bytes of the white space character that `bytes` starts with, 0 when there is none.
pub(crate) fn leading_len(bytes: &[u8], encoding: Encoding) -> usize {
    match (encoding, bytes) {
        (_, [b'\t'..=b'\r' | b' ', ..]) | (Encoding::Latin1, [0xa0, ..]) => 1,
        (Encoding::Utf8, [0xc2, 0xa0, ..]) => 2,
        (Encoding::Utf8, &[a, b, c, ..]) if is_wide(a, b, c) => 3,
        _ => 0,
    }
}

/// Length in bytes of the white space character that `bytes` ends with, 0 when there is none.
fn trailing_len(bytes: &[u8], encoding: Encoding) -> usize {
    match (encoding, bytes) {
        (_, [.., b'\t'..=b'\r' | b' ']) | (Encoding::Latin1, [.., 0xa0]) => 1,
        (Encoding::Utf8, [.., 0xc2, 0xa0]) => 2,
        (Encoding::Utf8, &[.., a, b, c]) if is_wide(a, b, c) => 3,
        _ => 0,
    }
}

/// The three-byte ones: U+1680, U+2000..U+200A, U+2028, U+2029, U+202F, U+205F, U+3000, U+FEFF.
fn is_wide(a: u8, b: u8, c: u8) -> bool {
    matches!(
        (a, b, c),
        (0xe1, 0x9a, 0x80)
            | (0xe2, 0x80, 0x80..=0x8a | 0xa8 | 0xa9 | 0xaf)
            | (0xe2, 0x81, 0x9f)
            | (0xe3, 0x80, 0x80)
            | (0xef, 0xbb, 0xbf)
    )
}

/// `bytes` without white space at its start.
pub(crate) fn trim_start(mut bytes: &[u8], encoding: Encoding) -> &[u8] {
    loop {
        match leading_len(bytes, encoding) {
            0 => return bytes,
            len => bytes = &bytes[len..],
        }
    }
}

/// `bytes` without white space at either end.
pub(crate) fn trim(bytes: &[u8], encoding: Encoding) -> &[u8] {
    let mut bytes = trim_start(bytes, encoding);
    loop {
        match trailing_len(bytes, encoding) {
            0 => return bytes,
            len => bytes = &bytes[..bytes.len() - len],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trims_what_javascript_trims() {
        let set = "\t\n\u{b}\u{c}\r \u{a0}\u{1680}\u{2000}\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}\u{feff}";
        let text = format!("{set}a{set}b{set}");
        let inner = format!("a{set}b");
        assert_eq!(trim(text.as_bytes(), Encoding::Utf8), inner.as_bytes());
        assert_eq!(trim(set.as_bytes(), Encoding::Utf8), b"");
    }

    #[test]
    fn leaves_other_characters_alone() {
        for c in ["\u{85}", "\u{180e}", "\u{200b}", "\u{1c}", "\u{0}"] {
            assert_eq!(trim(c.as_bytes(), Encoding::Utf8), c.as_bytes());
        }
        assert_eq!(trim(b"\xa0\xc2a", Encoding::Latin1), b"\xc2a");
        assert_eq!(trim(b"\xa0a", Encoding::Utf8), b"\xa0a");
    }
}
