//! What can go wrong. Each error has a code and says what to do.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Any failure of this crate.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VectorError {
    /// A vector has another length than the index, or than the one that it is compared with.
    #[error("{what} has {found} numbers, and {expected} are needed")]
    Dimensions {
        /// Which vector.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length that it must have.
        expected: usize,
    },
    /// A vector that an index is to keep, or to search for, holds NaN or an infinity.
    #[error("{what} holds {value} at {at}; only finite numbers can be kept and searched for")]
    NotFinite {
        /// Which vector.
        what: String,
        /// What it holds.
        value: f32,
        /// Where, from 0.
        at: usize,
    },
    /// A key is too long or empty.
    #[error("a key of {bytes} bytes: it must have 1 to {most} bytes of UTF-8")]
    Key {
        /// Its length.
        bytes: usize,
        /// The longest one.
        most: usize,
    },
    /// Metadata, a filter or texts cannot be read as what the encoding says.
    #[error("{what} cannot be read: {reason}, at byte {at}")]
    Encoding {
        /// What was read.
        what: &'static str,
        /// What does not fit.
        reason: &'static str,
        /// Where.
        at: usize,
    },
    /// An option has a value that it cannot have.
    #[error("{option} {rule}")]
    Option {
        /// Its name.
        option: &'static str,
        /// What it must be.
        rule: String,
    },
    /// No vector has that row number.
    #[error("row {row} holds no vector")]
    Row {
        /// The number.
        row: u32,
    },
    /// The index has been closed.
    #[error("the index is closed")]
    Closed,
    /// As many rows as row numbers can tell apart.
    #[error("the index is full: it holds {rows} rows")]
    Full {
        /// Rows that it holds.
        rows: usize,
    },
    /// The system gives no more memory.
    #[error("no memory for {bytes} bytes")]
    Memory {
        /// Bytes that were asked for.
        bytes: usize,
    },
    /// A file is not what was written.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// A file is of another format, or of a newer one.
    #[error("{} cannot be read: {reason}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The system refused a file operation.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The work was called off.
    #[error("the call was cancelled")]
    Cancelled,
    /// The graph of an index failed.
    #[error("the graph failed: {reason}")]
    Graph {
        /// In its own words.
        reason: String,
    },
}

impl VectorError {
    /// The code by which the TypeScript side names it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Dimensions { .. } => "DIMS_MISMATCH",
            Self::NotFinite { .. } => "VECTOR_NOT_FINITE",
            Self::Key { .. } => "KEY_INVALID",
            Self::Encoding { .. } => "INPUT_INVALID",
            Self::Option { .. } => "OPTION_INVALID",
            Self::Row { .. } => "ROW_UNKNOWN",
            Self::Closed => "INDEX_CLOSED",
            Self::Full { .. } => "INDEX_FULL",
            Self::Memory { .. } => "OUT_OF_MEMORY",
            Self::Damaged { .. } => "FILE_DAMAGED",
            Self::Unsupported { .. } => "FILE_UNSUPPORTED",
            Self::Io { .. } => "FILE_FAILED",
            Self::Cancelled => "CANCELLED",
            Self::Graph { .. } => "GRAPH_FAILED",
        }
    }
}
