//! Applies a patch and says for each hunk where it went, or why it went nowhere.
//!
//! Stricter than [`apply_patch`](crate::apply_patch): a hunk that is not at its place is moved only when
//! exactly one other place fits, so nothing is changed in a place that was guessed. A text is changed by
//! all hunks or not at all.

use crate::line_endings::Conversion;
use crate::nearest::Nearest;
use crate::patch::FilePatch;
use crate::place::{Sides, Text, source_lines};

/// Places of an ambiguous hunk or edit that are listed at most.
pub(crate) const MAX_CANDIDATES: usize = 20;

/// How [`apply_unified`] may bend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocateOptions {
    /// Lines that a hunk may be away from its place; `None` for any number.
    pub max_offset: Option<usize>,
    /// Convert the line endings of the patch when it and the text each use one kind only, and not the same.
    pub auto_convert_line_endings: bool,
}

impl Default for LocateOptions {
    fn default() -> Self {
        Self {
            max_offset: None,
            auto_convert_line_endings: true,
        }
    }
}

/// How far one had to reach to place a hunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Strategy {
    /// At its stated line, moved by as much as the hunk before it.
    Exact,
    /// At the only other place where all its lines stand.
    Offset,
}

impl Strategy {
    /// The name by which it is reported.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Offset => "offset",
        }
    }
}

/// Why a hunk was not applied.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RejectReason {
    /// Its old lines are nowhere (or nowhere within the offset allowed).
    NoMatch,
    /// Its old lines are not at their stated line but at several others.
    Ambiguous {
        /// First lines (1-based) of these places, the first 20 of them.
        candidates: Vec<usize>,
    },
    /// The lines are there, but a newline at the end of the file is where the patch has none, or the
    /// other way round.
    EofMismatch,
    /// The lines are only where an earlier hunk has already been applied.
    Overlap,
}

/// Whether a hunk was placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HunkStatus {
    /// It fits; the text holds it if all others fit as well.
    Applied,
    /// It does not fit.
    Rejected(RejectReason),
}

/// What became of a hunk.
#[derive(Debug, Clone, PartialEq)]
pub struct HunkOutcome {
    /// Whether it was placed.
    pub status: HunkStatus,
    /// How it was placed, or the last that was tried.
    pub strategy: Strategy,
    /// Line (1-based) of the source at which it was placed, or was expected.
    pub line: usize,
    /// Lines from where the header says to [`line`](Self::line).
    pub offset: isize,
    /// How alike the lines are, 0 to 1; 1 when applied, 0 when nothing is alike.
    pub similarity: f64,
    /// The place that comes closest, when there is no match; looked for in the first 16 hunks without.
    pub nearest: Option<Nearest>,
}

/// What became of a patch.
#[derive(Debug, Clone, PartialEq)]
pub struct ApplyOutcome {
    /// The new text, when every hunk was applied.
    pub text: Option<Vec<u8>>,
    /// One outcome a hunk, in order.
    pub hunks: Vec<HunkOutcome>,
}

/// Applies `patch` to `source`, all hunks or none.
///
/// Each hunk must stand at its stated line (moved by as much as the hunk before it), or at exactly one
/// other place behind that hunk. A hunk that only adds lines and has no context stays at its stated line.
/// A hunk that reaches the end of the file must agree with it on the final newline. Where text and patch
/// each use one kind of line ending and not the same, the patch is read with the text's.
///
/// O(bytes) for a hunk that is not at its place; a search for the nearest place is bounded.
///
/// ```
/// use fishplate_diff::{HunkStatus, LocateOptions, RejectReason, apply_unified, parse_patch};
///
/// let patch = &parse_patch(b"@@ -5 +5 @@\n-b\n+B\n")?[0];
/// let outcome = apply_unified(b"a\nb\nc\n", patch, &LocateOptions::default());
/// assert_eq!(outcome.text.as_deref(), Some(&b"a\nB\nc\n"[..]));
/// assert_eq!((outcome.hunks[0].line, outcome.hunks[0].offset), (2, -3));
///
/// let outcome = apply_unified(b"b\nb\n", patch, &LocateOptions::default());
/// let reason = RejectReason::Ambiguous { candidates: vec![1, 2] };
/// assert_eq!(outcome.hunks[0].status, HunkStatus::Rejected(reason));
/// assert_eq!(outcome.text, None);
/// # Ok::<(), fishplate_diff::ParseError>(())
/// ```
#[must_use]
pub fn apply_unified(
    source: &[u8],
    patch: &FilePatch<'_>,
    options: &LocateOptions,
) -> ApplyOutcome {
    let conversion = if options.auto_convert_line_endings {
        Conversion::needed(source, patch)
    } else {
        Conversion::Keep
    };
    let lines = source_lines(source);
    let mut text = Text::new(source, &lines);
    let mut shift = 0_isize;
    let mut hunks = Vec::with_capacity(patch.hunks.len());
    for hunk in &patch.hunks {
        let sides = Sides::new(hunk, conversion);
        let found = text.locate(&sides, shift, options.max_offset);
        let expected = sides.stated + shift;
        hunks.push(match found {
            Ok(at) => {
                text.replace(at, &sides);
                shift = at as isize - sides.stated;
                let strategy = if at as isize == expected {
                    Strategy::Exact
                } else {
                    Strategy::Offset
                };
                HunkOutcome {
                    status: HunkStatus::Applied,
                    strategy,
                    line: at + 1,
                    offset: shift,
                    similarity: 1.0,
                    nearest: None,
                }
            }
            Err(reason) => text.rejected(reason, &sides, expected),
        });
    }
    let applied = hunks.iter().all(|hunk| hunk.status == HunkStatus::Applied);
    ApplyOutcome {
        text: applied.then(|| text.finish()),
        hunks,
    }
}
