//! `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`

use super::{contraction, letters, lines_or_spaces, run, symbols, up_to_three_numbers};
use crate::classes::{NEWLINE, NUMBER, class_at, is_letter};

/// Where the piece that starts at `start` ends.
#[inline(never)]
pub(super) fn end(text: &[u8], start: usize) -> usize {
    let (class, length) = class_at(text, start);
    if is_letter(class) {
        return letters(text, start + length);
    }
    if class == NUMBER {
        return up_to_three_numbers(text, start, length);
    }
    if let Some(end) = contraction(text, start) {
        return end;
    }
    if class != NEWLINE {
        let (next, next_length) = class_at(text, start + length);
        if is_letter(next) {
            return letters(text, start + length + next_length);
        }
    }
    match symbols(text, start, class, length) {
        Some(end) => run(text, end, |class| class == NEWLINE),
        None => lines_or_spaces(text, start),
    }
}
