//! Line diffs, unified patches, apply and reverse, over bytes.
//!
//! Everything is bytes: a text need not be UTF-8, `\n` is the only thing that ends a line, and two lines are
//! equal when their bytes are. There is no I/O here and nothing that knows of a host language.
//!
//! - [`diff_lines`] compares two texts by lines, [`diff_words`] by words, [`diff_tokens`] two sequences of
//!   numbers. [`Algorithm::Exact`] gives
//!   the script of npm diff 9; [`Algorithm::Auto`] gives the same while that is cheap and goes to engines of
//!   near linear cost past a budget of counted work, so that a pair of texts always gives the same diff.
//! - [`LineDiff::write_patch`], [`format_patch`] and [`parse_patch`] write and read unified diffs with git's
//!   extended headers, as npm diff 9 does.
//! - [`apply_patch`] applies a patch as npm diff 9 does; [`apply_unified`] tells for each hunk where it went
//!   and refuses to choose between two places; [`apply_edits`] does so for search and replace.
//! - [`FilePatch::reversed`] undoes a patch.
//!
//! ```
//! use fishplate_diff::{
//!     ApplyOptions, DiffOptions, FileHeaders, FilePatch, apply_patch, diff_lines, parse_patch,
//! };
//!
//! let (old, new) = (b"one\ntwo\nthree", b"one\n2\nthree\n");
//! let names = FilePatch {
//!     old_name: Some(b"a.txt".as_slice().into()),
//!     new_name: Some(b"b.txt".as_slice().into()),
//!     ..FilePatch::default()
//! };
//! let diff = diff_lines(old, new, &DiffOptions::default())?.expect("not strict");
//! let mut text = Vec::new();
//! diff.write_patch(&names, FileHeaders::FILE_ONLY, 3, &mut text)?;
//! assert_eq!(
//!     String::from_utf8_lossy(&text),
//!     "--- a.txt\n+++ b.txt\n@@ -1,3 +1,3 @@\n one\n-two\n-three\n\\ No newline at end of file\n+2\n+three\n"
//! );
//!
//! let patch = &parse_patch(&text)?[0];
//! let options = ApplyOptions::default();
//! assert_eq!(apply_patch(old, patch, &options).as_deref(), Some(&new[..]));
//! assert_eq!(apply_patch(new, &patch.reversed(), &options).as_deref(), Some(&old[..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod apply;
mod block;
mod diff;
mod distance;
mod edit;
mod edits;
mod engine;
mod error;
mod exact;
mod fit;
mod format;
mod hash;
mod histogram;
mod intern;
mod lcs;
mod line_endings;
mod lines;
mod locate;
mod meter;
mod minimal;
mod nearest;
mod occurrences;
mod options;
mod parse;
mod patch;
mod patience;
mod place;
mod quote;
mod reverse;
mod slide;
mod unified;
mod whitespace;
mod words;

pub use apply::{ApplyOptions, apply_patch};
pub use diff::{LineDiff, TokenDiff, diff_lines, diff_tokens};
pub use edit::{DiffStat, Edit, EditKind};
pub use edits::{
    EditOutcome, EditRejectReason, EditStatus, EditsOutcome, SearchReplace, apply_edits,
};
pub use error::{DiffError, FormatError};
pub use exact::TRACE_LIMIT_BYTES;
pub use format::{format_patch, format_patches};
pub use locate::{
    ApplyOutcome, HunkOutcome, HunkStatus, LocateOptions, RejectReason, Strategy, apply_unified,
};
pub use nearest::Nearest;
pub use options::{Algorithm, AlgorithmUsed, CompareOptions, DiffOptions, Encoding};
pub use parse::{ParseError, ParseErrorKind, Side, parse_patch, parse_patch_in};
pub use patch::{FileHeaders, FilePatch, Hunk, HunkLine, LineKind};
pub use quote::{quote_name, unquote_name};
pub use words::{WordDiff, WordKind, diff_words};
