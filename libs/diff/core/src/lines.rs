//! A text cut into lines, and when two lines are the same.
//!
//! `\n` alone ends a line. Offsets are 32-bit, so an index costs 4 bytes a line; hashes cost 4 more and are
//! kept only while a diff is being made.

use std::borrow::Cow;

use memchr::{memchr_iter, memrchr};

use crate::hash::LineHasher;
use crate::whitespace::trim;
use crate::{CompareOptions, DiffError};

/// Largest text in bytes: offsets are 32-bit and one more than the length must fit.
pub(crate) const MAX_BYTES: usize = u32::MAX as usize - 1;
/// Largest number of lines of one side: sums and differences of two line numbers must fit 32 bits.
pub(crate) const MAX_LINES: usize = (1 << 30) - 2;

/// Where the lines of a text start.
#[derive(Debug, Clone)]
pub(crate) struct Lines<'a> {
    text: &'a [u8],
    /// Start of each line, and the length of the text.
    starts: Vec<u32>,
    strip_cr: bool,
}

impl<'a> Lines<'a> {
    /// Number of lines.
    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Line `i` with its newline, as it stands in the text.
    #[inline]
    pub(crate) fn raw(&self, i: usize) -> &'a [u8] {
        &self.text[self.starts[i] as usize..self.starts[i + 1] as usize]
    }

    /// Line `i` without its newline (and without a `\r` before it, when those are stripped), and whether
    /// there was one.
    #[inline]
    pub(crate) fn content(&self, i: usize) -> (&'a [u8], bool) {
        let raw = self.raw(i);
        let Some((b'\n', line)) = raw.split_last() else {
            return (raw, false);
        };
        match line.split_last() {
            Some((b'\r', line)) if self.strip_cr => (line, true),
            _ => (line, true),
        }
    }

    /// Length in bytes of the lines `from` to `to`.
    pub(crate) fn bytes(&self, from: usize, to: usize) -> usize {
        (self.starts[to] - self.starts[from]) as usize
    }

    /// Lines `from` to `to` as they stand in the output.
    pub(crate) fn text(&self, from: usize, to: usize) -> Cow<'a, [u8]> {
        let range = &self.text[self.starts[from] as usize..self.starts[to] as usize];
        if !self.strip_cr || memchr::memchr(b'\r', range).is_none() {
            return Cow::Borrowed(range);
        }
        let mut out = Vec::with_capacity(range.len());
        for i in from..to {
            let (line, newline) = self.content(i);
            out.extend_from_slice(line);
            if newline {
                out.push(b'\n');
            }
        }
        Cow::Owned(out)
    }

    /// Whether the lines can be copied from the text as they are.
    pub(crate) fn is_verbatim(&self) -> bool {
        !self.strip_cr
    }
}

/// Both sides of a comparison, cut into lines, with the hashes of the lines behind the common head.
pub(crate) struct LinePair<'a> {
    pub(crate) old: Lines<'a>,
    pub(crate) new: Lines<'a>,
    /// Lines at the start that are byte for byte the same.
    pub(crate) head: usize,
    old_hashes: Vec<u32>,
    new_hashes: Vec<u32>,
    compare: CompareOptions,
}

impl<'a> LinePair<'a> {
    /// Cuts both texts. Lines of the common head are found once, and not hashed.
    pub(crate) fn new(
        old: &'a [u8],
        new: &'a [u8],
        compare: CompareOptions,
    ) -> Result<Self, DiffError> {
        let bytes = old.len().max(new.len());
        if bytes > MAX_BYTES {
            return Err(DiffError::TooLarge {
                bytes,
                limit: MAX_BYTES,
            });
        }
        let mut same = common_prefix(old, new);
        if same < old.len() || same < new.len() {
            same = memrchr(b'\n', &old[..same]).map_or(0, |at| at + 1);
        }
        let hasher = KeyHasher {
            compare,
            hasher: LineHasher::shared(),
        };
        let mut starts = Vec::with_capacity(estimate_lines(old));
        starts.push(0);
        starts.extend(memchr_iter(b'\n', &old[..same]).map(|at| at as u32 + 1));
        if starts.last().is_some_and(|&last| (last as usize) < same) {
            starts.push(same as u32);
        }
        let head = starts.len() - 1;
        let mut new_starts = Vec::with_capacity(estimate_lines(new));
        new_starts.extend_from_slice(&starts);
        let mut pair = Self {
            old: Lines {
                text: old,
                starts,
                strip_cr: compare.strip_trailing_cr,
            },
            new: Lines {
                text: new,
                starts: new_starts,
                strip_cr: compare.strip_trailing_cr,
            },
            head,
            old_hashes: Vec::new(),
            new_hashes: Vec::new(),
            compare,
        };
        pair.old_hashes = hasher.split(&mut pair.old, same);
        pair.new_hashes = hasher.split(&mut pair.new, same);
        let lines = pair.old.len().max(pair.new.len());
        if lines > MAX_LINES {
            return Err(DiffError::TooManyLines {
                lines,
                limit: MAX_LINES,
            });
        }
        Ok(pair)
    }

    /// Hashes of the old lines behind the head.
    pub(crate) fn old_hashes(&self) -> &[u32] {
        &self.old_hashes
    }

    /// Hashes of the new lines behind the head.
    pub(crate) fn new_hashes(&self) -> &[u32] {
        &self.new_hashes
    }

    /// Whether lines `i` and `j` behind the head of two sides are the same.
    #[inline]
    pub(crate) fn same(&self, a: &Lines<'a>, i: usize, b: &Lines<'a>, j: usize) -> bool {
        let (i, j) = (self.head + i, self.head + j);
        if self.compare.by_bytes() {
            return a.raw(i) == b.raw(j);
        }
        key(a, i, self.compare) == key(b, j, self.compare)
    }

    /// Takes up to `lines` lines of the common head back among the lines to be compared.
    pub(crate) fn shorten_head(&mut self, lines: usize) {
        let from = self.head.saturating_sub(lines);
        let hasher = KeyHasher {
            compare: self.compare,
            hasher: LineHasher::shared(),
        };
        let taken: Vec<u32> = (from..self.head)
            .map(|i| hasher.hash(&self.old, i))
            .collect();
        self.old_hashes.splice(0..0, taken.iter().copied());
        self.new_hashes.splice(0..0, taken);
        self.head = from;
    }

    /// Gives the hashes back to the allocator, keeping the lines.
    pub(crate) fn into_lines(self) -> (Lines<'a>, Lines<'a>) {
        (self.old, self.new)
    }
}

/// What is compared of a line: bytes, and whether there is a newline (always true where that is not to
/// count).
fn key<'a>(lines: &Lines<'a>, i: usize, compare: CompareOptions) -> (&'a [u8], bool) {
    let (line, newline) = lines.content(i);
    if compare.ignore_whitespace {
        (trim(line, compare.encoding), true)
    } else {
        (line, newline || compare.ignore_newline_at_eof)
    }
}

struct KeyHasher {
    compare: CompareOptions,
    hasher: LineHasher,
}

impl KeyHasher {
    /// Appends the line starts behind `from` and gives the hashes of those lines.
    fn split(&self, lines: &mut Lines<'_>, from: usize) -> Vec<u32> {
        let text = lines.text;
        let first = lines.starts.len() - 1;
        let plain = self.compare.by_bytes();
        let mut hashes = Vec::with_capacity(lines.starts.capacity().saturating_sub(first));
        let mut start = from;
        for at in memchr_iter(b'\n', &text[from..]) {
            let end = from + at + 1;
            lines.starts.push(end as u32);
            if plain {
                hashes.push(self.hasher.hash(&text[start..end]));
            }
            start = end;
        }
        if start < text.len() {
            lines.starts.push(text.len() as u32);
            if plain {
                hashes.push(self.hasher.hash(&text[start..]));
            }
        }
        if !plain {
            hashes.extend((first..lines.len()).map(|i| self.hash(lines, i)));
        }
        hashes
    }

    fn hash(&self, lines: &Lines<'_>, i: usize) -> u32 {
        if self.compare.by_bytes() {
            return self.hasher.hash(lines.raw(i));
        }
        let (bytes, newline) = key(lines, i, self.compare);
        self.hasher.hash(bytes) ^ u32::from(!newline)
    }
}

/// Length of the longest common start of two texts.
fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    const STEP: usize = 64;
    let len = a.len().min(b.len());
    let blocks = a[..len].chunks_exact(STEP).zip(b[..len].chunks_exact(STEP));
    let at = STEP * blocks.take_while(|(x, y)| x == y).count();
    at + a[at..len]
        .iter()
        .zip(&b[at..len])
        .take_while(|(x, y)| x == y)
        .count()
}

/// A guess at the number of lines that rarely needs a second allocation, from the first few kilobytes.
fn estimate_lines(text: &[u8]) -> usize {
    let sample = &text[..text.len().min(4096)];
    let newlines = memchr_iter(b'\n', sample).count() + 1;
    let guess = text.len() / sample.len().max(1) * newlines;
    // Few texts have lines so short; more are pushed, not reserved.
    (guess + guess / 16 + 2).min(text.len() / 8 + 1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Encoding;
    use crate::exact::Sequences as _;

    fn pair<'a>(old: &'a [u8], new: &'a [u8], compare: CompareOptions) -> LinePair<'a> {
        LinePair::new(old, new, compare).expect("small texts")
    }

    #[test]
    fn only_a_line_feed_ends_a_line() {
        let lines = pair(b"a\rb\r\n\nc\x0cd", b"x", CompareOptions::default()).old;
        let contents: Vec<_> = (0..lines.len()).map(|i| lines.content(i)).collect();
        assert_eq!(
            contents,
            [
                (&b"a\rb\r"[..], true),
                (&b""[..], true),
                (&b"c\x0cd"[..], false)
            ]
        );
    }

    #[test]
    fn common_head_ends_at_a_line_end() {
        let pair = pair(b"a\nbb\nc", b"a\nbc\nc", CompareOptions::default());
        assert_eq!(pair.head, 1);
        assert_eq!((pair.old.len(), pair.new.len()), (3, 3));
        assert_eq!(pair.common_from(0, 0), 0);
        assert_eq!(pair.common_from(1, 1), 1);
    }

    #[test]
    fn equal_texts_are_all_head() {
        for text in [&b""[..], b"a", b"a\n", b"a\nb", b"\n\n"] {
            let pair = pair(text, text, CompareOptions::default());
            assert_eq!(pair.head, pair.old.len());
            assert_eq!(pair.old.len(), pair.new.len());
        }
    }

    #[test]
    fn a_missing_newline_counts_unless_told_otherwise() {
        let strict = pair(b"a", b"a\n", CompareOptions::default());
        assert_eq!(strict.common_from(0, 0), 0);
        let strip = CompareOptions {
            strip_trailing_cr: true,
            ..CompareOptions::default()
        };
        assert_eq!(pair(b"a", b"a\r\n", strip).common_from(0, 0), 0);
        assert_eq!(pair(b"a\n", b"a\r\n", strip).common_from(0, 0), 1);
        assert_eq!(pair(b"a\r", b"a\n", strip).common_from(0, 0), 0);
        let ignore = CompareOptions {
            ignore_newline_at_eof: true,
            ..CompareOptions::default()
        };
        assert_eq!(pair(b"a", b"a\n", ignore).common_from(0, 0), 1);
        let spaces = CompareOptions {
            ignore_whitespace: true,
            encoding: Encoding::Latin1,
            ..CompareOptions::default()
        };
        assert_eq!(pair(b"\xa0a", b"a \t\r\n", spaces).common_from(0, 0), 1);
    }

    #[test]
    fn stripped_text_loses_one_carriage_return_a_line() {
        let strip = CompareOptions {
            strip_trailing_cr: true,
            ..CompareOptions::default()
        };
        let lines = pair(b"a\r\r\nb\r", b"", strip).old;
        assert_eq!(&*lines.text(0, 2), b"a\r\nb\r");
    }
}
