//! Texts as words, cut as npm diff cuts them, and the difference of two of them.
//!
//! Works on characters (code points, and code units where they are lone surrogates), since what is a word is
//! a question of characters. Latin letters make words; any other character is a word of its own.

use std::collections::HashMap;
use std::ops::Range;

use crate::edit::Edit;
use crate::{AlgorithmUsed, DiffError, DiffOptions, diff_tokens};

/// What counts as a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WordKind {
    /// Words and punctuation, each with the white space on both of its sides, which is not compared: npm
    /// diff's `diffWords`.
    Padded,
    /// Words, punctuation, newlines, and runs of other white space: npm diff's `diffWordsWithSpace`.
    Plain,
}

/// The difference between two texts by words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordDiff {
    /// Runs of equal, removed and added words in order; indices into the word lists.
    pub edits: Vec<Edit>,
    /// Where the old words stand, in characters. Neighbours overlap in [`WordKind::Padded`].
    pub old_words: Vec<Range<usize>>,
    /// Where the new words stand.
    pub new_words: Vec<Range<usize>>,
    /// The engine that made this diff.
    pub algorithm: AlgorithmUsed,
}

/// Compares two texts word by word.
///
/// `compare` of the options is not looked at; otherwise as [`diff_tokens`].
///
/// # Errors
/// As [`diff_tokens`].
///
/// ```
/// use fishplate_diff::{DiffOptions, EditKind, WordKind, diff_words};
///
/// let text = |s: &str| s.chars().map(u32::from).collect::<Vec<_>>();
/// let (old, new) = (text("one  two"), text("one three"));
/// let diff = diff_words(&old, &new, WordKind::Padded, &DiffOptions::default())?.expect("not strict");
/// assert_eq!(diff.old_words, [0..5, 3..8]);
/// let kinds: Vec<_> = diff.edits.iter().map(|edit| edit.kind).collect();
/// assert_eq!(kinds, [EditKind::Equal, EditKind::Removed, EditKind::Added]);
/// # Ok::<(), fishplate_diff::DiffError>(())
/// ```
pub fn diff_words(
    old: &[u32],
    new: &[u32],
    kind: WordKind,
    options: &DiffOptions<'_>,
) -> Result<Option<WordDiff>, DiffError> {
    let (old_parts, new_parts) = (parts(old, kind), parts(new, kind));
    let mut numbers = HashMap::new();
    let old_ids = number(old, &old_parts, &mut numbers);
    let new_ids = number(new, &new_parts, &mut numbers);
    let diff = diff_tokens(&old_ids, &new_ids, options)?;
    let words = |parts: Vec<Part>| parts.into_iter().map(|part| part.whole).collect();
    Ok(diff.map(|diff| WordDiff {
        edits: diff.edits,
        old_words: words(old_parts),
        new_words: words(new_parts),
        algorithm: diff.algorithm,
    }))
}

/// Gives each distinct word a number; a single character is its own.
fn number<'t>(text: &'t [u32], parts: &[Part], numbers: &mut HashMap<&'t [u32], u32>) -> Vec<u32> {
    const BEHIND_CHARACTERS: u32 = 0x11_0000;
    let number = |part: &Part| match &text[part.compared.clone()] {
        &[character] => character,
        word => {
            let next = BEHIND_CHARACTERS + numbers.len() as u32;
            *numbers.entry(word).or_insert(next)
        }
    };
    parts.iter().map(number).collect()
}

/// A word: what is compared of it, and all of it.
struct Part {
    compared: Range<usize>,
    whole: Range<usize>,
}

fn parts(text: &[u32], kind: WordKind) -> Vec<Part> {
    match kind {
        WordKind::Plain => plain(text),
        WordKind::Padded => padded(text),
    }
}

fn plain(text: &[u32]) -> Vec<Part> {
    const CR: u32 = b'\r' as u32;
    const LF: u32 = b'\n' as u32;
    let mut parts = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let run = |is: fn(u32) -> bool| text[at..].iter().take_while(|&&c| is(c)).count();
        let len = match text[at..] {
            [CR, LF, ..] => 2,
            [CR | LF, ..] => 1,
            [c, ..] if is_letter(c) => run(is_letter),
            [c, ..] if is_space(c) => run(|c| is_space(c) && c != CR && c != LF),
            _ => 1,
        };
        let whole = at..at + len;
        parts.push(Part {
            compared: whole.clone(),
            whole,
        });
        at += len;
    }
    parts
}

fn padded(text: &[u32]) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut at = 0;
    // Where the white space before the next word starts.
    let mut space = 0;
    while at < text.len() {
        let run = |is: fn(u32) -> bool| text[at..].iter().take_while(|&&c| is(c)).count();
        if is_space(text[at]) {
            space = at;
            at += run(is_space);
            if let Some(last) = parts.last_mut() {
                last.whole.end = at;
            }
            continue;
        }
        let len = run(is_letter).max(1);
        let start = if at > 0 && is_space(text[at - 1]) {
            space
        } else {
            at
        };
        parts.push(Part {
            compared: at..at + len,
            whole: start..at + len,
        });
        at += len;
    }
    if parts.is_empty() && !text.is_empty() {
        parts.push(Part {
            compared: 0..0,
            whole: 0..text.len(),
        });
    }
    parts
}

/// Letters, digits and `_` of the Latin script, with the ranges that npm diff names.
fn is_letter(c: u32) -> bool {
    matches!(
        c,
        0x30..=0x39
            | 0x41..=0x5a
            | 0x5f
            | 0x61..=0x7a
            | 0xad
            | 0xc0..=0xd6
            | 0xd8..=0xf6
            | 0xf8..=0x2c6
            | 0x2c8..=0x2d7
            | 0x2de..=0x2ff
            | 0x1e00..=0x1eff
    )
}

/// `\s` of JavaScript's regular expressions.
fn is_space(c: u32) -> bool {
    matches!(
        c,
        0x09..=0x0d
            | 0x20
            | 0xa0
            | 0x1680
            | 0x2000..=0x200a
            | 0x2028
            | 0x2029
            | 0x202f
            | 0x205f
            | 0x3000
            | 0xfeff
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, kind: WordKind) -> Vec<String> {
        let text: Vec<u32> = text.chars().map(u32::from).collect();
        let string = |range: &Range<usize>| {
            text[range.clone()]
                .iter()
                .filter_map(|&c| char::from_u32(c))
                .collect()
        };
        parts(&text, kind)
            .iter()
            .map(|part| string(&part.whole))
            .collect()
    }

    #[test]
    fn padded_words_share_their_white_space() {
        assert_eq!(
            cut(" foo  bar,\nbaz ", WordKind::Padded),
            [" foo  ", "  bar", ",\n", "\nbaz "]
        );
        assert_eq!(cut(" \n", WordKind::Padded), [" \n"]);
        assert_eq!(cut("", WordKind::Padded), [""; 0]);
        assert_eq!(cut("日本é_1", WordKind::Padded), ["日", "本", "é_1"]);
    }

    #[test]
    fn plain_words_leave_newlines_alone() {
        assert_eq!(
            cut("a \t\r\n\n\r b.", WordKind::Plain),
            ["a", " \t", "\r\n", "\n", "\r", " ", "b", "."]
        );
    }
}
