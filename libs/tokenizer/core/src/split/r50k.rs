//! `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

use super::{letters, run, spaces, symbols};
use crate::classes::{NUMBER, class_at, is_letter};

/// Where the piece that starts at `start` ends.
#[inline(never)]
pub(super) fn end(text: &[u8], start: usize) -> usize {
    let (class, length) = class_at(text, start);
    if let Some(end) = contraction(text, start) {
        return end;
    }
    let word = if text.get(start) == Some(&b' ') {
        start + 1
    } else {
        start
    };
    let (first, _) = class_at(text, word);
    if is_letter(first) {
        return letters(text, word);
    }
    if first == NUMBER {
        return run(text, word, |class| class == NUMBER);
    }
    symbols(text, start, class, length).unwrap_or_else(|| spaces(text, start))
}

/// With its case, other than in the later patterns.
#[inline(always)]
fn contraction(text: &[u8], at: usize) -> Option<usize> {
    if text.get(at) != Some(&b'\'') {
        return None;
    }
    match (text.get(at + 1)?, text.get(at + 2)) {
        (b's' | b't' | b'm' | b'd', _) => Some(at + 2),
        (b'r' | b'v', Some(b'e')) | (b'l', Some(b'l')) => Some(at + 3),
        _ => None,
    }
}
