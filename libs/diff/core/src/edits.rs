//! Search and replace, as language models write edits: each search must be found exactly once.
//!
//! All edits are made or none. What is found nowhere is answered with the place that comes closest, what is
//! found more than once with all its places.

use memchr::{memchr_iter, memmem};

use crate::locate::{MAX_CANDIDATES, Strategy};
use crate::nearest::{Nearest, nearest};

/// Edits without a match for which the nearest place is looked for; a list with more is wrong as a whole.
const MAX_NEAREST: usize = 16;

/// An edit: `search` becomes `replace`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchReplace<'a> {
    /// Bytes that must stand in the text exactly once; they need not be whole lines.
    pub search: &'a [u8],
    /// What takes their place.
    pub replace: &'a [u8],
}

/// Why an edit was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EditRejectReason {
    /// The search is nowhere in the text.
    NoMatch,
    /// The search is in the text more than once.
    Ambiguous {
        /// Lines (1-based) at which it starts, the first 20 of them.
        lines: Vec<usize>,
    },
    /// The search is empty.
    EmptySearch,
    /// Search and replacement are the same.
    NoChange,
}

/// Whether an edit was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EditStatus {
    /// It can be made; the text holds it if all others can be made as well.
    Applied,
    /// It cannot be made.
    Rejected(EditRejectReason),
}

/// What became of an edit.
#[derive(Debug, Clone, PartialEq)]
pub struct EditOutcome {
    /// Whether it was made.
    pub status: EditStatus,
    /// How the search was found, or the last that was tried.
    pub strategy: Strategy,
    /// Line (1-based) at which the search starts, in the text as the edits before it left it.
    pub line: Option<usize>,
    /// How alike search and text are, 0 to 1; 1 when made.
    pub similarity: f64,
    /// The place that comes closest, when there is no match; lines as in [`line`](Self::line).
    pub nearest: Option<Nearest>,
}

/// What became of a list of edits.
#[derive(Debug, Clone, PartialEq)]
pub struct EditsOutcome {
    /// The new text, when every edit was made.
    pub text: Option<Vec<u8>>,
    /// One outcome an edit, in order.
    pub edits: Vec<EditOutcome>,
}

/// Makes all `edits` in `text`, one after the other, or none.
///
/// Each is looked for in the text as the edits before it left it; an edit that cannot be made is passed
/// over, so that the outcome tells of every one. Occurrences may overlap: `aa` is in `aaa` twice. O(edits *
/// bytes).
///
/// ```
/// use fishplate_diff::{EditRejectReason, EditStatus, SearchReplace, apply_edits};
///
/// let text = b"let a = 1;\nlet b = 1;\n";
/// let made = apply_edits(text, &[SearchReplace { search: b"b = 1", replace: b"b = 2" }]);
/// assert_eq!(made.text.as_deref(), Some(&b"let a = 1;\nlet b = 2;\n"[..]));
///
/// let refused = apply_edits(text, &[SearchReplace { search: b"= 1;", replace: b"= 2;" }]);
/// let reason = EditRejectReason::Ambiguous { lines: vec![1, 2] };
/// assert_eq!(refused.edits[0].status, EditStatus::Rejected(reason));
/// ```
#[must_use]
pub fn apply_edits(text: &[u8], edits: &[SearchReplace<'_>]) -> EditsOutcome {
    let mut text = text.to_vec();
    let mut searches = MAX_NEAREST;
    let outcomes: Vec<EditOutcome> = edits
        .iter()
        .map(|edit| apply_edit(&mut text, edit, &mut searches))
        .collect();
    let made = outcomes
        .iter()
        .all(|outcome| outcome.status == EditStatus::Applied);
    EditsOutcome {
        text: made.then_some(text),
        edits: outcomes,
    }
}

fn apply_edit(text: &mut Vec<u8>, edit: &SearchReplace<'_>, searches: &mut usize) -> EditOutcome {
    let rejected = |reason, line, nearest: Option<Nearest>, similarity| EditOutcome {
        status: EditStatus::Rejected(reason),
        strategy: Strategy::Exact,
        line,
        similarity: nearest.map_or(similarity, |nearest| nearest.similarity),
        nearest,
    };
    if edit.search.is_empty() {
        return rejected(EditRejectReason::EmptySearch, None, None, 0.0);
    }
    let places = occurrences(text, edit.search);
    match places[..] {
        [] if *searches == 0 => rejected(EditRejectReason::NoMatch, None, None, 0.0),
        [] => {
            *searches -= 1;
            let lines: Vec<&[u8]> = text.split(|&b| b == b'\n').collect();
            let search = edit.search.strip_suffix(b"\n").unwrap_or(edit.search);
            let wanted: Vec<&[u8]> = search.split(|&b| b == b'\n').collect();
            rejected(
                EditRejectReason::NoMatch,
                None,
                nearest(&lines, &wanted),
                0.0,
            )
        }
        [at] if edit.search == edit.replace => rejected(
            EditRejectReason::NoChange,
            Some(line_of(text, at)),
            None,
            1.0,
        ),
        [at] => {
            let line = line_of(text, at);
            text.splice(at..at + edit.search.len(), edit.replace.iter().copied());
            EditOutcome {
                status: EditStatus::Applied,
                strategy: Strategy::Exact,
                line: Some(line),
                similarity: 1.0,
                nearest: None,
            }
        }
        _ => {
            let lines = places.iter().map(|&at| line_of(text, at)).collect();
            rejected(EditRejectReason::Ambiguous { lines }, None, None, 1.0)
        }
    }
}

/// Where `search` starts in `text`, overlapping or not, the first [`MAX_CANDIDATES`] places.
fn occurrences(text: &[u8], search: &[u8]) -> Vec<usize> {
    let finder = memmem::Finder::new(search);
    let mut places = Vec::new();
    let mut from = 0;
    while places.len() < MAX_CANDIDATES
        && let Some(at) = text.get(from..).and_then(|rest| finder.find(rest))
    {
        places.push(from + at);
        from += at + 1;
    }
    places
}

fn line_of(text: &[u8], at: usize) -> usize {
    1 + memchr_iter(b'\n', &text[..at]).count()
}
