//! Cuts text into pieces, as the regex of an encoding does. One scanner a pattern, in files of their own; this one has what
//! they share.

mod ascii;
mod cl100k;
mod o200k;
mod r50k;

use std::ops::ControlFlow;

use crate::classes::{
    END, NEWLINE, NUMBER, ascii_letters, class_at, ideographs, is_letter, is_space, is_symbol,
};

/// The three patterns.
#[derive(Clone, Copy)]
pub(crate) enum Pattern {
    O200k,
    Cl100k,
    R50k,
}

/// Calls `visit` with the start and the end of every piece, until it breaks.
#[inline]
pub(crate) fn pieces<B>(
    pattern: Pattern,
    text: &[u8],
    visit: impl FnMut(usize, usize) -> ControlFlow<B>,
) -> ControlFlow<B> {
    match pattern {
        Pattern::O200k => each(text, ascii::o200k, o200k::end, visit),
        Pattern::Cl100k => each(text, ascii::cl100k, cl100k::end, visit),
        Pattern::R50k => each(text, ascii::r50k, r50k::end, visit),
    }
}

#[inline(always)]
fn each<B>(
    text: &[u8],
    known_length: impl Fn(&[u8; ascii::WINDOW]) -> usize,
    end_of: impl Fn(&[u8], usize) -> usize,
    mut visit: impl FnMut(usize, usize) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let mut start = 0;
    while start < text.len() {
        let window = text.get(start..).and_then(<[u8]>::first_chunk);
        let end = match window.map_or(0, &known_length) {
            0 => end_of(text, start),
            length => start + length,
        };
        visit(start, end)?;
        start = end;
    }
    ControlFlow::Continue(())
}

/// Where a run of characters ends, all of which `belongs` takes.
#[inline(always)]
fn run(text: &[u8], mut at: usize, belongs: impl Fn(u8) -> bool) -> usize {
    loop {
        for _ in 0..16 {
            let (class, length) = class_at(text, at);
            if !belongs(class) || class == END {
                return at;
            }
            at += length;
        }
        at = same_bytes(text, at);
    }
}

/// `\p{L}*`
#[inline(always)]
fn letters(text: &[u8], start: usize) -> usize {
    let mut at = start;
    loop {
        let known = ascii_letters::<true>(text, at);
        at += known;
        if known == 8 {
            continue;
        }
        at = ideographs(text, at);
        let (class, length) = class_at(text, at);
        if !is_letter(class) {
            return at;
        }
        at += length;
    }
}

/// Where the byte before `at` stops being repeated, or a little before: a long run of one ASCII character is skipped by vectors.
#[inline]
fn same_bytes(text: &[u8], mut at: usize) -> usize {
    let Some(&byte) = text.get(at.wrapping_sub(1)) else {
        return at;
    };
    if byte < 0x80 {
        while let Some(block) = text.get(at..).and_then(<[u8]>::first_chunk::<32>)
            && *block == [byte; 32]
        {
            at += 32;
        }
    }
    at
}

/// `\p{N}{1,3}`, of which `first` bytes are known.
#[inline(always)]
fn up_to_three_numbers(text: &[u8], start: usize, first: usize) -> usize {
    let mut at = start + first;
    for _ in 0..2 {
        let (class, length) = class_at(text, at);
        if class != NUMBER {
            break;
        }
        at += length;
    }
    at
}

/// ` ?[^\s\p{L}\p{N}]+`, without what may follow. `class` and `length` are those of the first character.
#[inline(always)]
fn symbols(text: &[u8], start: usize, class: u8, length: usize) -> Option<usize> {
    if is_symbol(class) {
        return Some(run(text, start + length, is_symbol));
    }
    if text.get(start) == Some(&b' ') {
        let (next, next_length) = class_at(text, start + 1);
        if is_symbol(next) {
            return Some(run(text, start + 1 + next_length, is_symbol));
        }
    }
    None
}

/// `\s+(?!\S)|\s+`: a run of white space, without its last character where something follows.
#[inline(always)]
fn spaces(text: &[u8], start: usize) -> usize {
    let (mut at, mut last) = (start, start);
    loop {
        let (class, length) = class_at(text, at);
        if class == END {
            return at;
        }
        if !is_space(class) {
            return if last == start { at } else { last };
        }
        last = at;
        at += length;
        let skipped = same_bytes(text, at);
        if skipped > at {
            at = skipped;
            last = at - 1;
        }
    }
}

/// `\s*[\r\n]+|\s+(?!\S)|\s+`: the same, but up to the last line end where the run has one.
#[inline(always)]
fn lines_or_spaces(text: &[u8], start: usize) -> usize {
    let (mut at, mut last, mut line_end) = (start, start, None);
    loop {
        let (class, length) = class_at(text, at);
        if !is_space(class) {
            return match line_end {
                Some(end) => end,
                None if class == END || last == start => at,
                None => last,
            };
        }
        last = at;
        at += length;
        let skipped = same_bytes(text, at);
        if skipped > at {
            at = skipped;
            last = at - 1;
        }
        if class == NEWLINE {
            line_end = Some(at);
        }
    }
}

/// `(?i:'s|'t|'re|'ve|'m|'ll|'d)`: where one that starts at `at` ends. U+017F is an s to a regex without case.
#[inline(always)]
fn contraction(text: &[u8], at: usize) -> Option<usize> {
    if text.get(at) != Some(&b'\'') {
        return None;
    }
    let first = *text.get(at + 1)?;
    let second = text.get(at + 2).copied().unwrap_or(0);
    match (first | 0x20, second | 0x20) {
        (b's' | b't' | b'm' | b'd', _) => Some(at + 2),
        (b'r' | b'v', b'e') | (b'l', b'l') => Some(at + 3),
        _ if first == 0xc5 && second == 0xbf => Some(at + 3),
        _ => None,
    }
}
