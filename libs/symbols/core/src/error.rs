//! What can go wrong.

use std::io;
use std::path::{Path, PathBuf};

/// Result of what an index does.
pub type Result<T> = std::result::Result<T, SymbolsError>;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum SymbolsError {
    /// An argument is not acceptable.
    #[error("{what}: {reason}")]
    Input {
        /// The argument.
        what: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A prefix or glob of paths is not acceptable.
    #[error("the path filter {filter:?} is not one: {reason}")]
    Filter {
        /// As it was given.
        filter: String,
        /// What is wrong.
        reason: String,
    },
    /// Something is larger than an index takes.
    #[error("{what} of {size} is too large: at most {limit} are supported")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size, with the unit.
        size: String,
        /// The largest.
        limit: u64,
    },
    /// The system refused to read or write a file.
    #[error("cannot {action} {}: {message}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Words of the system.
        message: String,
        /// Kind of failure.
        kind: io::ErrorKind,
    },
    /// A file is not an index, or its bytes are not what was written.
    #[error("the index file is damaged at byte {offset}: {reason}")]
    Damaged {
        /// Where in the file.
        offset: u64,
        /// What is wrong there.
        reason: String,
    },
    /// A file was written by a newer release.
    #[error(
        "the index file has format {found}, and this release reads formats up to {supported}; use a newer release or build the index again"
    )]
    FormatNewer {
        /// Its format.
        found: u32,
        /// The newest known here.
        supported: u32,
    },
}

impl SymbolsError {
    /// A stable name, the same in every engine.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Input { .. } => "INPUT_INVALID",
            Self::Filter { .. } => "OPTION_INVALID",
            Self::TooLarge { .. } => "INPUT_TOO_LARGE",
            Self::Io {
                kind: io::ErrorKind::NotFound,
                ..
            } => "SYMBOLS_NOT_FOUND",
            Self::Io { .. } => "SYMBOLS_IO",
            Self::Damaged { .. } => "SYMBOLS_DAMAGED",
            Self::FormatNewer { .. } => "SYMBOLS_FORMAT_NEWER",
        }
    }

    pub(crate) fn io(action: &'static str, path: &Path, error: &io::Error) -> Self {
        Self::Io {
            action,
            path: path.to_owned(),
            message: error.to_string(),
            kind: error.kind(),
        }
    }

    pub(crate) fn damaged(offset: usize, reason: impl Into<String>) -> Self {
        Self::Damaged {
            offset: offset as u64,
            reason: reason.into(),
        }
    }
}
