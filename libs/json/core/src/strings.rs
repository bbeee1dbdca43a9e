//! Strings of JSON: their characters, their canonical spelling, their order.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;

use crate::wtf8::Units;

/// What stands between the quotes of a string.
#[inline]
pub(crate) fn inner<'a>(text: &'a [u8], range: &Range<usize>) -> &'a [u8] {
    text.get(range.start + 1..range.end.saturating_sub(1))
        .unwrap_or_default()
}

/// The characters of a string as WTF-8; `raw` is between its quotes, and well-formed.
#[inline]
pub(crate) fn unescaped(raw: &[u8], escaped: bool) -> Cow<'_, [u8]> {
    if !escaped {
        return Cow::Borrowed(raw);
    }
    let mut characters = Vec::with_capacity(raw.len());
    unescape(raw, &mut characters);
    Cow::Owned(characters)
}

/// Appends the characters of a string as WTF-8.
pub(crate) fn unescape(mut raw: &[u8], out: &mut Vec<u8>) {
    let floor = out.len();
    while let Some(plain) = memchr::memchr(b'\\', raw) {
        let (head, rest) = raw.split_at_checked(plain).unwrap_or((raw, &[]));
        out.extend_from_slice(head);
        let simple = match rest.get(1) {
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                push_unit(unit(rest), floor, out);
                raw = rest.get(6..).unwrap_or_default();
                continue;
            }
            Some(&same) => same,
            None => return,
        };
        out.push(simple);
        raw = rest.get(2..).unwrap_or_default();
    }
    out.extend_from_slice(raw);
}

/// The code unit of `\uXXXX`.
fn unit(escape: &[u8]) -> u32 {
    let digits = escape.get(2..6).unwrap_or_default();
    digits.iter().fold(0, |unit, &digit| {
        unit << 4 | (digit as char).to_digit(16).unwrap_or_default()
    })
}

/// A low surrogate joins the high one before it, which stands in `out` from `floor` on.
fn push_unit(unit: u32, floor: usize, out: &mut Vec<u8>) {
    if (0xdc00..0xe000).contains(&unit)
        && let Some(&[0xed, second @ 0xa0..=0xaf, third]) =
            out.get(floor..).and_then(<[u8]>::last_chunk)
    {
        let high = u32::from(second & 0x3f) << 6 | u32::from(third & 0x3f);
        let point = 0x10000 + ((high - 0x800) << 10) + (unit - 0xdc00);
        out.truncate(out.len() - 3);
        out.extend([
            byte(0xf0 | point >> 18),
            byte(0x80 | point >> 12 & 0x3f),
            byte(0x80 | point >> 6 & 0x3f),
            byte(0x80 | point & 0x3f),
        ]);
        return;
    }
    match unit {
        0..0x80 => out.push(byte(unit)),
        0x80..0x800 => out.extend([byte(0xc0 | unit >> 6), byte(0x80 | unit & 0x3f)]),
        _ => out.extend([
            byte(0xe0 | unit >> 12),
            byte(0x80 | unit >> 6 & 0x3f),
            byte(0x80 | unit & 0x3f),
        ]),
    }
}

fn byte(value: u32) -> u8 {
    value.to_le_bytes()[0]
}

/// Appends characters as `JSON.stringify` spells them, with quotes. False where there was a lone surrogate, which it
/// escapes.
pub(crate) fn quote(characters: &[u8], out: &mut Vec<u8>) -> bool {
    let mut whole = true;
    out.push(b'"');
    let mut rest = characters;
    while let Some(&first) = rest.first() {
        let plain = rest
            .iter()
            .position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\' || byte == 0xed)
            .unwrap_or(rest.len());
        let (head, tail) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
        out.extend_from_slice(head);
        rest = tail;
        if plain > 0 {
            continue;
        }
        let taken = match first {
            b'"' | b'\\' => escape(first, out),
            8 => escape(b'b', out),
            12 => escape(b'f', out),
            b'\n' => escape(b'n', out),
            b'\r' => escape(b'r', out),
            b'\t' => escape(b't', out),
            0xed => match rest.first_chunk() {
                Some(&[_, second @ 0xa0..=0xbf, third]) => {
                    whole = false;
                    let low = u32::from(second & 0x3f) << 6 | u32::from(third & 0x3f);
                    hex_escape(0xd000 | low, out);
                    3
                }
                _ => {
                    out.push(first);
                    1
                }
            },
            _ => {
                hex_escape(first.into(), out);
                1
            }
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    out.push(b'"');
    whole
}

fn escape(letter: u8, out: &mut Vec<u8>) -> usize {
    out.extend([b'\\', letter]);
    1
}

fn hex_escape(unit: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\\u");
    for shift in [12, 8, 4, 0] {
        let digit = char::from_digit(unit >> shift & 15, 16).unwrap_or('0');
        out.push(byte(digit.into()));
    }
}

/// Whether WTF-8 holds a lone surrogate.
pub(crate) fn has_surrogate(text: &[u8]) -> bool {
    memchr::memchr_iter(0xed, text).any(|at| matches!(text.get(at + 1), Some(0xa0..=0xbf)))
}

/// The order of two strings by their UTF-16 code units, as JavaScript compares them.
#[inline]
pub(crate) fn order(one: &[u8], other: &[u8]) -> Ordering {
    let differ = one.iter().zip(other).position(|(one, other)| one != other);
    let Some(at) = differ else {
        return one.len().cmp(&other.len());
    };
    match (one.get(at), other.get(at)) {
        // Bytes and code units sort alike below the surrogates.
        (Some(first), Some(second)) if *first < 0xed || *second < 0xed => first.cmp(second),
        (Some(_), Some(_)) => order_above(one, other, at),
        _ => one.len().cmp(&other.len()),
    }
}

/// At a byte where both are 0xed or more, which begins a character of each.
#[cold]
fn order_above(one: &[u8], other: &[u8], at: usize) -> Ordering {
    let units = |text| Units::from(text, at);
    units(one).cmp(units(other))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{order, quote, unescaped};

    proptest! {
        #[test]
        fn strings_sort_by_their_code_units(
            one in prop::collection::vec(prop_oneof![0..0x80_u16, 0xd7f0..0xe010_u16, 0xfff0..=0xffff_u16], 0..6),
            other in prop::collection::vec(prop_oneof![0..0x80_u16, 0xd7f0..0xe010_u16, 0xfff0..=0xffff_u16], 0..6),
        ) {
            prop_assert_eq!(order(&wtf8(&one), &wtf8(&other)), one.cmp(&other));
        }

        #[test]
        fn quoting_and_unescaping_give_the_characters_back(
            units in prop::collection::vec(prop_oneof![0..0x80_u16, any::<u16>(), 0xd7f0..0xe010_u16], 0..40),
        ) {
            let mut quoted = Vec::new();
            let whole = quote(&wtf8(&units), &mut quoted);
            prop_assert_eq!(whole, String::from_utf16(&units).is_ok());
            prop_assert!(std::str::from_utf8(&quoted).is_ok());
            let inner = quoted.get(1..quoted.len() - 1).unwrap_or_default();
            prop_assert_eq!(unescaped(inner, true).into_owned(), wtf8(&units));
        }
    }

    /// By way of escapes, which another function reads.
    fn wtf8(units: &[u16]) -> Vec<u8> {
        let mut escapes = Vec::new();
        for &unit in units {
            super::hex_escape(unit.into(), &mut escapes);
        }
        unescaped(&escapes, true).into_owned()
    }
}
