//! Reads unified diffs and git's extensions, as npm diff 9's `parsePatch` does.
//!
//! Reads one line after the other and never goes back, so any text is read in linear time. What is not
//! understood between files and hunks is passed over, as GNU patch does; inside a hunk it is an error.
//! Nothing is looked up or applied here.

use std::borrow::Cow;

use memchr::{memchr_iter, memmem};

mod error;
mod git;
mod hunk;

pub use error::{ParseError, ParseErrorKind, Side};

use crate::Encoding;
use crate::patch::FilePatch;
use crate::quote::unquote_name;
use crate::whitespace::{leading_len, trim};

/// Reads a patch of any number of files. As [`parse_patch_in`] with [`Encoding::Utf8`].
///
/// # Errors
/// [`ParseError`] for a hunk that does not hold what its header says, or a file with half a header.
///
/// ```
/// let text = b"--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n";
/// let patches = fishplate_diff::parse_patch(text)?;
/// assert_eq!(patches.len(), 1);
/// assert_eq!(patches[0].old_name.as_deref(), Some(&b"a"[..]));
/// assert_eq!(patches[0].hunks[0].lines[1].content, b"y");
///
/// let wrong = fishplate_diff::parse_patch(b"@@ -1,2 +1 @@\n-x\n+y\n").unwrap_err();
/// assert_eq!(wrong.to_string(), "Hunk at line 1 contained invalid line ");
/// # Ok::<(), fishplate_diff::ParseError>(())
/// ```
pub fn parse_patch(text: &[u8]) -> Result<Vec<FilePatch<'_>>, ParseError> {
    parse_patch_in(text, Encoding::Utf8)
}

/// Reads a patch of any number of files.
///
/// There is at least one patch in the answer, an empty one for an empty text. Names, headers and the index
/// are given as UTF-8 in either encoding; contents of lines are slices of `text`. O(bytes).
///
/// # Errors
/// As [`parse_patch`].
pub fn parse_patch_in(text: &[u8], encoding: Encoding) -> Result<Vec<FilePatch<'_>>, ParseError> {
    let mut lines = Vec::with_capacity(text.len() / 32 + 1);
    let mut start = 0;
    for end in memchr_iter(b'\n', text) {
        lines.push(&text[start..end]);
        start = end + 1;
    }
    lines.push(&text[start..]);
    let mut parser = Parser {
        lines,
        at: 0,
        encoding,
        unreadable: None,
    };
    let mut patches = Vec::new();
    while parser.at < parser.lines.len() {
        patches.push(parser.file()?);
    }
    parser.unreadable.map_or(Ok(patches), Err)
}

struct Parser<'a> {
    lines: Vec<&'a [u8]>,
    at: usize,
    encoding: Encoding,
    /// The first hunk header without numbers. Told only when nothing else is wrong.
    unreadable: Option<ParseError>,
}

impl<'a> Parser<'a> {
    fn file(&mut self) -> Result<FilePatch<'a>, ParseError> {
        let mut patch = FilePatch::default();
        let mut seen_header = false;
        while let Some(&line) = self.lines.get(self.at) {
            if self.is_file_header(line) || self.is_hunk_header(line) {
                break;
            }
            if self.is_diff_header(line) {
                if seen_header {
                    return Ok(patch);
                }
                seen_header = true;
                if let Some(rest) = line.strip_prefix(b"diff --git ") {
                    self.git_headers(rest, &mut patch);
                    continue;
                }
                patch.index = self.index_name(line).map(|name| self.to_utf8(name));
            }
            self.at += 1;
        }
        self.file_header(&mut patch);
        self.file_header(&mut patch);
        let half = match (&patch.old_name, &patch.new_name) {
            (Some(name), None) => Some((Side::New, name)),
            (None, Some(name)) => Some((Side::Old, name)),
            _ => None,
        };
        if let Some((side, name)) = half {
            let name = String::from_utf8_lossy(name).into_owned();
            let kind = ParseErrorKind::MissingFileHeader { side, name };
            return Err(ParseError {
                kind,
                line: self.at + 1,
            });
        }
        while let Some(&line) = self.lines.get(self.at) {
            let underline = b"===================================================================";
            if self.is_diff_header(line) || self.is_file_header(line) || line.starts_with(underline)
            {
                break;
            }
            if self.is_hunk_header(line) {
                patch.hunks.push(self.hunk()?);
            } else {
                self.at += 1;
            }
        }
        Ok(patch)
    }

    fn is_file_header(&self, line: &[u8]) -> bool {
        let rest = line
            .strip_prefix(b"---")
            .or_else(|| line.strip_prefix(b"+++"));
        rest.is_some_and(|rest| leading_len(rest, self.encoding) > 0)
    }

    fn is_hunk_header(&self, line: &[u8]) -> bool {
        line.strip_prefix(b"@@")
            .is_some_and(|rest| leading_len(rest, self.encoding) > 0)
    }

    /// A line that starts the section of a file: `diff --git`, `Index:` or `diff -r`.
    fn is_diff_header(&self, line: &[u8]) -> bool {
        line.starts_with(b"diff --git ") || self.index_name(line).is_some()
    }

    /// What an `Index:` or `diff -r revision` line names.
    fn index_name(&self, line: &'a [u8]) -> Option<&'a [u8]> {
        if let Some(rest) = line.strip_prefix(b"Index:") {
            return (leading_len(rest, self.encoding) > 0).then(|| trim(rest, self.encoding));
        }
        let mut rest = line.strip_prefix(b"diff")?;
        let mut before_last = None;
        while let Some(word) = rest.strip_prefix(b" -r ") {
            let len = word
                .iter()
                .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
                .count();
            if len == 0 {
                break;
            }
            before_last = Some(rest);
            rest = &word[len..];
        }
        let last = before_last?;
        if leading_len(rest, self.encoding) > 0 {
            return Some(trim(rest, self.encoding));
        }
        // Nothing follows the last revision: it is the name then, if there is another revision.
        (last.len() < line.len() - b"diff".len()).then(|| trim(last, self.encoding))
    }

    fn file_header(&mut self, patch: &mut FilePatch<'a>) {
        let Some(&line) = self.lines.get(self.at) else {
            return;
        };
        if !self.is_file_header(line) {
            return;
        }
        let mut parts = trim(&line[3..], self.encoding).split(|&b| b == b'\t');
        let name = parts.next().unwrap_or_default();
        let header = trim(parts.next().unwrap_or_default(), self.encoding);
        let name = if name.starts_with(b"\"") {
            self.unquoted(name)
        } else {
            self.unescaped(name)
        };
        let header = self.to_utf8(header);
        if line.starts_with(b"---") {
            (patch.old_name, patch.old_header) = (Some(name), Some(header));
        } else {
            (patch.new_name, patch.new_header) = (Some(name), Some(header));
        }
        self.at += 1;
    }

    /// The name in `text`, which is given back when it is not well quoted.
    fn unquoted(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let text = self.to_utf8(text);
        match unquote_name(&text) {
            Some((name, _)) => Cow::Owned(name),
            None => text,
        }
    }

    /// `name` with each pair of backslashes made one.
    fn unescaped(&self, name: &'a [u8]) -> Cow<'a, [u8]> {
        let name = self.to_utf8(name);
        let pairs: Vec<usize> = memmem::find_iter(&name[..], b"\\\\").collect();
        if pairs.is_empty() {
            return name;
        }
        let mut out = Vec::with_capacity(name.len());
        let mut from = 0;
        for pair in pairs {
            out.extend_from_slice(&name[from..=pair]);
            from = pair + 2;
        }
        out.extend_from_slice(&name[from..]);
        Cow::Owned(out)
    }

    fn to_utf8(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        match self.encoding {
            Encoding::Latin1 if !text.is_ascii() => Cow::Owned(
                text.iter()
                    .map(|&b| char::from(b))
                    .collect::<String>()
                    .into_bytes(),
            ),
            _ => Cow::Borrowed(text),
        }
    }
}
