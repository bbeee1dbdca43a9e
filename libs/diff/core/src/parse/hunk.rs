//! One hunk: its header, and as many lines as that says.

use memchr::memmem;

use super::{ParseError, ParseErrorKind, Parser};
use crate::patch::{Hunk, HunkLine, LineKind};

/// Line numbers in hunk headers are cut to this (2^53, where JavaScript stops counting).
const MAX_NUMBER: usize = 1 << 53;

impl<'a> Parser<'a> {
    /// Reads the hunk whose header is the line at hand.
    pub(super) fn hunk(&mut self) -> Result<Hunk<'a>, ParseError> {
        let line = self.at + 1;
        let fail = |kind| Err(ParseError { kind, line });
        let numbers = hunk_numbers(self.lines[self.at]);
        let [old_start, mut old_lines, new_start, mut new_lines] = numbers.unwrap_or([0, 1, 0, 1]);
        // A side without lines is numbered by the line before it.
        let old_start = old_start + usize::from(old_lines == 0);
        let new_start = new_start + usize::from(new_lines == 0);
        let mut lines = Vec::new();
        let (mut added, mut removed) = (0, 0);
        self.at += 1;
        while let Some(&text) = self.lines.get(self.at) {
            let last = self.at + 1 == self.lines.len();
            let (kind, content) = match text {
                [b'\\', content @ ..] => (LineKind::NoNewline, content),
                _ if removed >= old_lines && added >= new_lines => break,
                [b'+', content @ ..] => (LineKind::Added, content),
                [b'-', content @ ..] => (LineKind::Removed, content),
                [b' ', content @ ..] => (LineKind::Context, content),
                [] if !last => (LineKind::Bare, text),
                _ => {
                    let content = String::from_utf8_lossy(&self.to_utf8(text)).into_owned();
                    return fail(ParseErrorKind::InvalidLine { content });
                }
            };
            added += usize::from(matches!(
                kind,
                LineKind::Added | LineKind::Context | LineKind::Bare
            ));
            removed += usize::from(matches!(
                kind,
                LineKind::Removed | LineKind::Context | LineKind::Bare
            ));
            lines.push(HunkLine { kind, content });
            self.at += 1;
        }
        if added == 0 && new_lines == 1 {
            new_lines = 0;
        }
        if removed == 0 && old_lines == 1 {
            old_lines = 0;
        }
        if added != new_lines {
            return fail(ParseErrorKind::AddedCount);
        }
        if removed != old_lines {
            return fail(ParseErrorKind::RemovedCount);
        }
        if let Some([b' ' | b'+' | b'-', ..]) = self.lines.get(self.at)
            && !self.is_file_header(self.lines[self.at])
        {
            return fail(ParseErrorKind::TooManyLines {
                old_lines,
                new_lines,
            });
        }
        if numbers.is_none() {
            let kind = ParseErrorKind::HunkHeader;
            self.unreadable.get_or_insert(ParseError { kind, line });
        }
        Ok(Hunk {
            old_start,
            old_lines,
            new_start,
            new_lines,
            lines,
        })
    }
}

/// Starts and counts in an `@@` line, wherever in it they stand; a count that is left out is 1.
fn hunk_numbers(line: &[u8]) -> Option<[usize; 4]> {
    memmem::find_iter(line, b"@@ -").find_map(|at| {
        let rest = &line[at + b"@@ -".len()..];
        let (old_start, rest) = number(rest)?;
        let (old_lines, rest) = count(rest);
        let (new_start, rest) = number(rest.strip_prefix(b" +")?)?;
        let (new_lines, rest) = count(rest);
        rest.starts_with(b" @@")
            .then_some([old_start, old_lines, new_start, new_lines])
    })
}

fn number(text: &[u8]) -> Option<(usize, &[u8])> {
    let len = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(len);
    let value = digits.iter().fold(0_usize, |value, &digit| {
        value
            .saturating_mul(10)
            .saturating_add(usize::from(digit - b'0'))
            .min(MAX_NUMBER)
    });
    (len > 0).then_some((value, rest))
}

fn count(text: &[u8]) -> (usize, &[u8]) {
    text.strip_prefix(b",")
        .and_then(number)
        .unwrap_or((1, text))
}
