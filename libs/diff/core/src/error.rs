//! What can go wrong while a diff is being made or a patch is being written out.
//!
//! Parsing has an error type of its own, [`ParseError`](crate::ParseError); hunks and edits that do not
//! fit are not errors at all but outcomes ([`ApplyOutcome`](crate::ApplyOutcome),
//! [`EditsOutcome`](crate::EditsOutcome)).

use thiserror::Error;

/// Why [`diff_lines`](crate::diff_lines) or [`diff_tokens`](crate::diff_tokens) gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DiffError {
    /// A text has more bytes than line offsets can hold (`u32::MAX - 1`).
    #[error("a text of {bytes} bytes is too large to diff: at most {limit} bytes are supported")]
    TooLarge {
        /// Size of the larger text in bytes.
        bytes: usize,
        /// Largest size that is accepted, in bytes.
        limit: usize,
    },
    /// A text has more lines than the engines can number (`2^30 - 2`).
    #[error("a text of {lines} lines has too many lines to diff: at most {limit} are supported")]
    TooManyLines {
        /// Number of lines (or tokens) of the larger side.
        lines: usize,
        /// Largest number that is accepted.
        limit: usize,
    },
    /// The exact engine was asked for in strict mode and the record of its steps outgrew
    /// [`TRACE_LIMIT_BYTES`](crate::TRACE_LIMIT_BYTES). Use `max_edit_length` or `timeout`, or let the
    /// diff go to another engine with `strict: false`.
    #[error(
        "the texts differ in more than {edit_length} lines, too many for an exact diff in {limit} bytes"
    )]
    TraceTooLarge {
        /// Edit length (removed plus added lines) that had been reached.
        edit_length: usize,
        /// Size limit of the trace in bytes.
        limit: usize,
    },
    /// The `cancel` flag was raised.
    #[error("the diff was cancelled")]
    Cancelled,
}

/// Why a patch cannot be written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FormatError {
    /// A git patch needs a name for its old side.
    #[error("oldFileName must be specified for Git patches")]
    MissingOldName,
    /// A git patch needs a name for its new side.
    #[error("newFileName must be specified for Git patches")]
    MissingNewName,
    /// Several patches without file headers could not be told apart again.
    #[error("Cannot omit file headers on a multi-file patch")]
    MissingFileHeaders,
}
