//! What can go wrong with a store. Each error has a code and says what to do.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Any failure of a store.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum StorageError {
    /// The system refused a file operation.
    #[error("{action} {}: {message}", path.display())]
    Io {
        /// What was attempted, such as `read`.
        action: &'static str,
        /// File or directory.
        path: PathBuf,
        /// The system's words.
        message: String,
        /// Kind of the system's error.
        kind: io::ErrorKind,
    },
    /// Bytes that were once whole are not what was written.
    #[error(
        "segment {segment} is damaged at offset {offset}: {reason}; `salvage` keeps what is still valid"
    )]
    Corruption {
        /// Number of the segment; 0 where the damage is in another file.
        segment: u64,
        /// Offset in the file.
        offset: u64,
        /// What does not fit.
        reason: String,
    },
    /// A file is of a newer format.
    #[error("{} has format version {found}, which needs a reader of version {needed}; this one has version {supported}: use a newer release", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Format version of the file.
        found: u32,
        /// Version that its reader, or writer, must have.
        needed: u32,
        /// Version that this library has.
        supported: u32,
    },
    /// Another writer has the store open.
    #[error("the store is open for writing by process {pid} on {host}; close it there, or open this one read-only (claim: {})", claim.display())]
    Locked {
        /// Process id of the holder; 0 where the claim cannot be read.
        pid: u32,
        /// Its machine.
        host: String,
        /// When it took the store, in milliseconds since 1970.
        since: u64,
        /// The claim; remove it only if the holder is known to be gone.
        claim: PathBuf,
    },
    /// The directory is on a network file system.
    #[error("{} is on a network file system ({kind}), where locks and syncs promise less; choose a local directory or set `allow_network`", path.display())]
    NetworkFileSystem {
        /// The directory.
        path: PathBuf,
        /// Kind of file system.
        kind: String,
    },
    /// A write or sync failed before: nothing more is acknowledged until the store is opened anew.
    #[error(
        "the store takes no more writes since one failed ({cause}); close it and open it again"
    )]
    Poisoned {
        /// The first failure.
        cause: String,
    },
    /// The store was opened for reading.
    #[error("the store is open read-only; open it for writing")]
    ReadOnly,
    /// The store was closed.
    #[error("the store is closed; open it again")]
    Closed,
    /// The process is a fork of the one that opened the store.
    #[error(
        "the store was opened by process {opened}, and this is process {current}, a fork of it; open the store in one of the two alone"
    )]
    Forked {
        /// Who opened it.
        opened: u32,
        /// Who calls.
        current: u32,
    },
    /// No store is there to be read.
    #[error("{} holds no store; open it for writing to make one", path.display())]
    NotFound {
        /// The directory.
        path: PathBuf,
    },
    /// An argument is not acceptable.
    #[error("{what}: {reason}")]
    Invalid {
        /// The argument.
        what: &'static str,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// An event, batch or checkpoint is too large.
    #[error("{what} of {bytes} bytes is too large: at most {limit} bytes are supported")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size.
        bytes: u64,
        /// Largest size.
        limit: u64,
    },
    /// There is no checkpoint of that id.
    #[error("there is no checkpoint {id:?}; `list_checkpoints` names those that exist")]
    CheckpointNotFound {
        /// The id.
        id: String,
    },
    /// Events that were asked for were pruned.
    #[error("event {seq} is not there any more: events before {before} were pruned")]
    Pruned {
        /// The event.
        seq: u64,
        /// First number that is still there.
        before: u64,
    },
}

impl StorageError {
    /// A stable name, the same in every engine.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io {
                kind: io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded,
                ..
            } => "STORAGE_FULL",
            Self::Io { .. } => "STORAGE_IO",
            Self::Corruption { .. } => "STORAGE_CORRUPT",
            Self::NewerFormat { .. } => "STORAGE_FORMAT_NEWER",
            Self::Locked { .. } => "STORAGE_LOCKED",
            Self::NetworkFileSystem { .. } => "STORAGE_NETWORK_FILE_SYSTEM",
            Self::Poisoned { .. } => "STORAGE_POISONED",
            Self::ReadOnly => "STORAGE_READ_ONLY",
            Self::Closed => "STORAGE_CLOSED",
            Self::Forked { .. } => "STORAGE_FORKED",
            Self::NotFound { .. } => "STORAGE_NOT_FOUND",
            Self::Invalid { .. } => "INPUT_INVALID",
            Self::TooLarge { .. } => "INPUT_TOO_LARGE",
            Self::CheckpointNotFound { .. } => "STORAGE_CHECKPOINT_NOT_FOUND",
            Self::Pruned { .. } => "STORAGE_PRUNED",
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

    pub(crate) fn corrupt(segment: u64, offset: u64, reason: impl Into<String>) -> Self {
        Self::Corruption {
            segment,
            offset,
            reason: reason.into(),
        }
    }
}

/// Result of anything that a store does.
pub type Result<T> = std::result::Result<T, StorageError>;
