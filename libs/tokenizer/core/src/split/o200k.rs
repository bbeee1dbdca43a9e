//! With `U` for `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`, `L` for `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`, `C` for `(?i:'s|'t|'re|'ve|'m|'ll|'d)?`:
//!
//! `[^\r\n\p{L}\p{N}]?U*L+C|[^\r\n\p{L}\p{N}]?U+L*C|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`

use super::{contraction, lines_or_spaces, symbols, up_to_three_numbers};
use crate::classes::{
    CASELESS, LOWER, MARK, NEWLINE, NUMBER, UPPER, ascii_letters, class_at, ideographs, is_letter,
};

/// Where the piece that starts at `start` ends.
#[inline(never)]
pub(super) fn end(text: &[u8], start: usize) -> usize {
    let (class, length) = class_at(text, start);
    if class == NUMBER {
        return up_to_three_numbers(text, start, length);
    }
    let word = match class {
        NEWLINE => None,
        MARK => after_mark(text, start, length),
        class if is_letter(class) => word(text, start).any(),
        _ => word(text, start + length).any(),
    };
    if let Some(end) = word {
        return contraction(text, end).unwrap_or(end);
    }
    match symbols(text, start, class, length) {
        Some(mut end) => {
            while let Some(b'\r' | b'\n' | b'/') = text.get(end) {
                end += 1;
            }
            end
        }
        None => lines_or_spaces(text, start),
    }
}

/// Where a word ends.
enum Word {
    /// By the first alternative, `U*L+`.
    First(usize),
    /// By the second one, `U+L*`, of which only capitals are left to match.
    Second(usize),
    None,
}

impl Word {
    #[inline(always)]
    fn any(self) -> Option<usize> {
        match self {
            Self::First(end) | Self::Second(end) => Some(end),
            Self::None => None,
        }
    }
}

#[inline(always)]
fn word(text: &[u8], start: usize) -> Word {
    let mut at = start;
    // `L+` gets at least one character: a lower-case letter, or the last one without case that `U*` gives back.
    let mut given_back = None;
    loop {
        let (class, length) = class_at(text, at);
        match class {
            LOWER => {
                at += length;
                break;
            }
            UPPER => at += length,
            CASELESS | MARK => {
                at = ideographs(text, at + length);
                given_back = Some(at);
            }
            _ => {
                return match given_back {
                    Some(end) => Word::First(end),
                    None if at > start => Word::Second(at),
                    None => Word::None,
                };
            }
        }
    }
    loop {
        at += ascii_letters::<false>(text, at);
        let (class, length) = class_at(text, at);
        if !matches!(class, LOWER | CASELESS | MARK) {
            return Word::First(at);
        }
        at += length;
    }
}

/// A mark may be what stands before the word, or its first character: the first alternative with either comes before the
/// second one.
fn after_mark(text: &[u8], start: usize, length: usize) -> Option<usize> {
    match word(text, start + length) {
        Word::First(end) => Some(end),
        _ => word(text, start).any(),
    }
}
