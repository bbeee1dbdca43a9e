//! File names in patches: C strings with octal UTF-8, as git and GNU diff write them.

use std::borrow::Cow;

/// Quotes `name` when it holds anything but printable ASCII, or `"` or `\`; else gives it back.
///
/// Works on bytes: each one outside printable ASCII becomes an escape of its own. O(n).
///
/// ```
/// assert_eq!(&*fishplate_diff::quote_name(b"a b.txt"), b"a b.txt");
/// assert_eq!(&*fishplate_diff::quote_name("ä\t".as_bytes()), br#""\303\244\t""#);
/// ```
#[must_use]
pub fn quote_name(name: &[u8]) -> Cow<'_, [u8]> {
    let plain = |&b: &u8| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\';
    if name.iter().all(plain) {
        return Cow::Borrowed(name);
    }
    let mut out = Vec::with_capacity(name.len() + 8);
    out.push(b'"');
    for &byte in name {
        let letter = match byte {
            0x07 => b'a',
            0x08 => b'b',
            b'\t' => b't',
            b'\n' => b'n',
            0x0b => b'v',
            0x0c => b'f',
            b'\r' => b'r',
            b'"' | b'\\' => byte,
            b' '..=b'~' => {
                out.push(byte);
                continue;
            }
            _ => {
                let digit = |shift: u32| b'0' + (byte >> shift & 7);
                out.extend_from_slice(&[b'\\', digit(6), digit(3), digit(0)]);
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', letter]);
    }
    out.push(b'"');
    Cow::Owned(out)
}

/// Reads a quoted name at the start of `text`: the name, and how many bytes it took with its quotes.
///
/// `None` when `text` does not start with `"`, the closing quote is missing, or an escape is not one that
/// git or GNU diff write. Runs of octal escapes are decoded as UTF-8, with U+FFFD for what is not. O(n).
///
/// ```
/// let (name, len) = fishplate_diff::unquote_name(br#""\303\244" rest"#).expect("well quoted");
/// assert_eq!((name, len), ("ä".as_bytes().to_vec(), 10));
/// assert_eq!(fishplate_diff::unquote_name(br#""\x41""#), None);
/// ```
#[must_use]
pub fn unquote_name(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    if text.first() != Some(&b'"') {
        return None;
    }
    let mut name = Vec::new();
    let mut at = 1;
    loop {
        match text.get(at)? {
            b'"' => return Some((name, at + 1)),
            b'\\' => match *text.get(at + 1)? {
                b'0'..=b'7' => {
                    let mut bytes = Vec::new();
                    while let Some([b'\\', b'0'..=b'7', ..]) = text.get(at..) {
                        bytes.push(octal(text.get(at + 1..at + 4)?)?);
                        at += 4;
                    }
                    // A byte order mark is dropped, as the decoders of JavaScript do.
                    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
                    name.extend_from_slice(String::from_utf8_lossy(bytes).as_bytes());
                    continue;
                }
                letter => {
                    name.push(match letter {
                        b'a' => 0x07,
                        b'b' => 0x08,
                        b't' => b'\t',
                        b'n' => b'\n',
                        b'v' => 0x0b,
                        b'f' => 0x0c,
                        b'r' => b'\r',
                        b'"' | b'\\' => letter,
                        _ => return None,
                    });
                    at += 2;
                }
            },
            &byte => {
                name.push(byte);
                at += 1;
            }
        }
    }
}

/// Three octal digits as a byte, wrapping beyond 255.
fn octal(digits: &[u8]) -> Option<u8> {
    digits.iter().try_fold(0_u8, |value, &digit| match digit {
        b'0'..=b'7' => Some(value << 3 | (digit - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_utf8_comes_back() {
        let name = "\u{7}\u{8}\t\n\u{b}\u{c}\r\"\\ a\u{1}\u{7f}ä€😀";
        let quoted = quote_name(name.as_bytes());
        assert_eq!(
            unquote_name(&quoted),
            Some((name.as_bytes().to_vec(), quoted.len()))
        );
    }

    #[test]
    fn broken_quotes_are_refused() {
        for text in [
            "", "a", "\"", "\"a", "\"a\\", "\"\\", "\"\\q\"", "\"\\18\"", "\"\\1", "\"\\12\"",
        ] {
            assert_eq!(unquote_name(text.as_bytes()), None, "{text}");
        }
    }
}
