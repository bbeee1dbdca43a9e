//! Diffs of two texts by lines, and of two sequences of tokens.

use std::borrow::Cow;

use crate::block::Marks;
use crate::edit::{Edit, EditKind, stat};
use crate::engine::{self, Answer, Input};
use crate::exact::Sequences;
use crate::intern::Ids;
use crate::lines::{LinePair, Lines, MAX_LINES};
use crate::slide::{indent_of, slide};
use crate::{AlgorithmUsed, DiffError, DiffOptions, DiffStat};

/// Lines of the common head that a changed block may slide back into.
const SLIDE_BACK: usize = 256;

/// Compares two texts line by line.
///
/// `Ok(None)` comes only from a strict exact diff ([`DiffOptions::strict`]) that met `max_edit_length` or
/// `timeout`; in every other case there is an answer, and [`LineDiff::algorithm`] says how it was found.
///
/// Costs O(bytes) for cutting and hashing, then O(changed lines squared) for small changes; past a counted
/// budget [`Algorithm::Auto`](crate::Algorithm::Auto) stays near linear. Memory: 8 bytes a line, and for
/// the exact engine one bit for each of half the changed lines squared.
///
/// # Errors
/// [`DiffError`] when a text has 4 GiB or 2^30 lines or more, when a strict diff outgrows its memory, and
/// when the caller cancels.
///
/// ```
/// use fishplate_diff::{DiffOptions, diff_lines};
///
/// let diff = diff_lines(b"a\nb\nc\n", b"a\nB\nc\n", &DiffOptions::default())?.expect("not strict");
/// let mut text = Vec::new();
/// diff.write_unified(1, &mut text);
/// assert_eq!(text, b"@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n");
/// # Ok::<(), fishplate_diff::DiffError>(())
/// ```
pub fn diff_lines<'a>(
    old: &'a [u8],
    new: &'a [u8],
    options: &DiffOptions<'_>,
) -> Result<Option<LineDiff<'a>>, DiffError> {
    let mut pair = LinePair::new(old, new, options.compare)?;
    let answer = engine::run(&mut pair, options)?;
    Ok(answer.map(
        |Answer {
             edits,
             algorithm,
             timed_out,
         }| {
            let (old, new) = pair.into_lines();
            LineDiff {
                old,
                new,
                edits,
                algorithm,
                timed_out,
            }
        },
    ))
}

/// The difference between two texts.
#[derive(Debug, Clone)]
pub struct LineDiff<'a> {
    pub(crate) old: Lines<'a>,
    pub(crate) new: Lines<'a>,
    pub(crate) edits: Vec<Edit>,
    algorithm: AlgorithmUsed,
    timed_out: bool,
}

impl<'a> LineDiff<'a> {
    /// The engine that made this diff.
    #[must_use]
    pub fn algorithm(&self) -> AlgorithmUsed {
        self.algorithm
    }

    /// Whether a timeout made the diff coarser than it would have been.
    #[must_use]
    pub fn timed_out(&self) -> bool {
        self.timed_out
    }

    /// The script: runs of equal, removed and added lines in order. Empty when both texts are empty.
    #[must_use]
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// The text of one edit: from the new side for equal and added lines, from the old for removed ones.
    /// Borrowed unless `\r` had to be taken out.
    ///
    /// # Panics
    /// If `edit` is not one of [`edits`](Self::edits) and its lines do not exist.
    #[must_use]
    pub fn text(&self, edit: &Edit) -> Cow<'a, [u8]> {
        match edit.kind {
            EditKind::Removed => self.old_text(edit),
            EditKind::Equal | EditKind::Added => self.new_text(edit),
        }
    }

    /// The old text of one edit, empty for added lines. Equal lines may be spelt in another way than on
    /// the new side, where the comparison was told to pass over white space.
    ///
    /// # Panics
    /// As [`text`](Self::text).
    #[must_use]
    pub fn old_text(&self, edit: &Edit) -> Cow<'a, [u8]> {
        match edit.kind {
            EditKind::Added => Cow::Borrowed(&[]),
            EditKind::Equal | EditKind::Removed => run(&self.old, edit.old_start, edit.len),
        }
    }

    /// The new text of one edit, empty for removed lines.
    ///
    /// # Panics
    /// As [`text`](Self::text).
    #[must_use]
    pub fn new_text(&self, edit: &Edit) -> Cow<'a, [u8]> {
        match edit.kind {
            EditKind::Removed => Cow::Borrowed(&[]),
            EditKind::Equal | EditKind::Added => run(&self.new, edit.new_start, edit.len),
        }
    }

    /// How many lines are added and removed.
    #[must_use]
    pub fn stat(&self) -> DiffStat {
        stat(&self.edits)
    }

    /// Whether no line differs (under the comparison that was asked for).
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.edits.iter().all(|edit| edit.kind == EditKind::Equal)
    }
}

fn run<'a>(lines: &Lines<'a>, start: u32, len: u32) -> Cow<'a, [u8]> {
    lines.text(start as usize, start as usize + len as usize)
}

/// Compares two sequences of tokens; equal numbers are equal tokens.
///
/// For words, characters or anything else that the caller has numbered. `compare` is not looked at.
/// Otherwise as [`diff_lines`].
///
/// # Errors
/// As [`diff_lines`].
///
/// ```
/// use fishplate_diff::{Algorithm, DiffOptions, EditKind, diff_tokens};
///
/// let options = DiffOptions { algorithm: Algorithm::Exact, ..DiffOptions::default() };
/// let diff = diff_tokens(&[7, 8, 9], &[7, 9, 9], &options)?.expect("not strict");
/// let kinds: Vec<_> = diff.edits.iter().map(|edit| (edit.kind, edit.len)).collect();
/// assert_eq!(
///     kinds,
///     [(EditKind::Equal, 1), (EditKind::Removed, 1), (EditKind::Equal, 1), (EditKind::Added, 1)]
/// );
/// # Ok::<(), fishplate_diff::DiffError>(())
/// ```
pub fn diff_tokens(
    old: &[u32],
    new: &[u32],
    options: &DiffOptions<'_>,
) -> Result<Option<TokenDiff>, DiffError> {
    let lines = old.len().max(new.len());
    if lines > MAX_LINES {
        return Err(DiffError::TooManyLines {
            lines,
            limit: MAX_LINES,
        });
    }
    let mut input = Tokens { old, new };
    let answer = engine::run(&mut input, options)?;
    Ok(answer.map(
        |Answer {
             edits,
             algorithm,
             timed_out,
         }| TokenDiff {
            edits,
            algorithm,
            timed_out,
        },
    ))
}

/// The difference between two sequences of tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenDiff {
    /// Runs of equal, removed and added tokens in order.
    pub edits: Vec<Edit>,
    /// The engine that made this diff.
    pub algorithm: AlgorithmUsed,
    /// Whether a timeout made the diff coarser than it would have been.
    pub timed_out: bool,
}

struct Tokens<'t> {
    old: &'t [u32],
    new: &'t [u32],
}

impl Sequences for Tokens<'_> {
    fn numbers(&self) -> (&[u32], &[u32]) {
        (self.old, self.new)
    }
}

impl Input for Tokens<'_> {
    fn ids(&mut self, _slide: bool) -> Ids {
        Ids::of_tokens(self.old, self.new)
    }

    fn head(&self) -> usize {
        0
    }

    fn slide(&self, ids: &Ids, marks: &mut Marks) {
        slide(ids, marks, |_| Some(0), |_| Some(0));
    }
}

impl Input for LinePair<'_> {
    fn ids(&mut self, slide: bool) -> Ids {
        if slide {
            self.shorten_head(SLIDE_BACK);
        }
        Ids::of_lines(self)
    }

    fn head(&self) -> usize {
        self.head
    }

    fn slide(&self, ids: &Ids, marks: &mut Marks) {
        slide(
            ids,
            marks,
            |i| indent_of(self.old.raw(self.head + i)),
            |j| indent_of(self.new.raw(self.head + j)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Algorithm;

    #[test]
    fn equal_texts_have_one_equal_edit() {
        for algorithm in [
            Algorithm::Auto,
            Algorithm::Exact,
            Algorithm::Histogram,
            Algorithm::Patience,
        ] {
            let options = DiffOptions {
                algorithm,
                ..DiffOptions::default()
            };
            let diff = diff_lines(b"a\nb", b"a\nb", &options)
                .expect("small")
                .expect("not strict");
            let all = Edit {
                kind: EditKind::Equal,
                old_start: 0,
                new_start: 0,
                len: 2,
            };
            assert_eq!(diff.edits(), [all]);
            assert!(diff.is_equal());
            let empty = diff_lines(b"", b"", &options)
                .expect("small")
                .expect("not strict");
            assert_eq!(empty.edits(), []);
        }
    }
}
