//! One line that shows how something is used.

use std::ops::Range;

/// Longest signature, in characters.
const MAX_SIGNATURE: usize = 200;

/// Longest text that is looked at for one, in bytes: white space is not counted.
const MAX_LOOKED_AT: usize = 2000;

/// What of a definition a signature is made of.
pub(super) struct Parts<'source> {
    pub source: &'source str,
    pub whole: Range<usize>,
    pub name: usize,
    /// Where its body begins.
    pub body: Option<usize>,
    /// Where the line begins that the definition begins in.
    pub line: usize,
    /// Whether all up to the body belongs to it, and not the first line alone.
    pub spans_lines: bool,
}

/// The words before a name: those of its line before the definition, as `export` and `const`, and those in it.
pub(super) fn words_before<'source>(
    parts: &Parts<'source>,
) -> impl Iterator<Item = &'source str> + use<'source> {
    let start = start_of(parts).min(parts.name);
    let start = floor(parts.source, start.max(parts.name.saturating_sub(400)));
    let text = parts.source.get(start..parts.name).unwrap_or_default();
    text.split(|char: char| !char.is_alphanumeric() && char != '_' && char != '@')
}

pub(super) fn signature(parts: &Parts<'_>) -> String {
    let start = skip_annotations(parts.source, start_of(parts)..parts.name);
    let end = parts.body.unwrap_or(parts.whole.end).max(start);
    let end = floor(parts.source, end.min(start + MAX_LOOKED_AT));
    let mut text = parts.source.get(start..end).unwrap_or_default();
    if !parts.spans_lines {
        // The line of the name, which may stand below its type.
        let lead = parts.name.saturating_sub(start).min(text.len());
        let rest = text.get(lead..).unwrap_or_default();
        text = text.get(..lead + line_end(rest)).unwrap_or(text);
    }
    let mut line = String::with_capacity(text.len().min(MAX_SIGNATURE + 8));
    let mut chars = 0;
    for word in text.split_whitespace() {
        if chars >= MAX_SIGNATURE {
            line.push('…');
            return line;
        }
        if chars > 0 {
            line.push(' ');
            chars += 1;
        }
        for char in word.chars() {
            if chars >= MAX_SIGNATURE {
                line.push('…');
                return line;
            }
            line.push(char);
            chars += 1;
        }
    }
    for ending in ["=>", "{", ";", ",", ":", "="] {
        if let Some(shorter) = line.strip_suffix(ending) {
            let length = shorter.trim_end().len();
            line.truncate(length);
        }
    }
    line
}

/// The start of the definition, or of its line where only words stand between: `export const`.
fn start_of(parts: &Parts<'_>) -> usize {
    let before = parts.source.get(parts.line..parts.whole.start);
    let before = before.filter(|text| text.len() <= 80).unwrap_or_default();
    let trimmed = before.trim_start();
    let is_word = |char: char| char.is_ascii_lowercase() || char == ' ';
    if trimmed.chars().all(is_word) {
        parts.whole.start - trimmed.len()
    } else {
        parts.whole.start
    }
}

/// Where what stands behind annotations begins, with or without arguments: `@Override`, `@Input({ ... })`.
fn skip_annotations(source: &str, range: Range<usize>) -> usize {
    let bytes = source.as_bytes();
    let mut at = range.start;
    let byte = |at: usize| bytes.get(at).copied().filter(|_| at < range.end);
    while byte(at) == Some(b'@') && source.get(at..at + 10) != Some("@interface") {
        at += 1;
        while byte(at).is_some_and(|it| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'.')) {
            at += 1;
        }
        if byte(at) == Some(b'(') {
            at += closing(bytes.get(at..range.end).unwrap_or_default());
        }
        while byte(at).is_some_and(|it| it.is_ascii_whitespace()) {
            at += 1;
        }
    }
    floor(source, at)
}

/// Where the parenthesis that a text begins with has been closed; strings may hold others.
fn closing(text: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut quote = None;
    for (at, byte) in text.iter().enumerate() {
        match (quote, byte) {
            (Some(open), byte) if open == byte => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'(') => depth += 1,
            (None, b')') if depth <= 1 => return at + 1,
            (None, b')') => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

/// Where the first line ends that does not end in parentheses.
fn line_end(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b'\n' if depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

/// The nearest boundary of a character at or before `at`.
fn floor(source: &str, at: usize) -> usize {
    let at = at.min(source.len());
    (0..=at)
        .rev()
        .find(|at| source.is_char_boundary(*at))
        .unwrap_or_default()
}
