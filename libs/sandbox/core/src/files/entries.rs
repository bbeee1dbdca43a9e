//! What is told about files and directories.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::resolve::{FileKind, Identity};

/// A name in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirEntry {
    /// Its name, bytes as on disk.
    pub name: OsString,
    /// What it stands for; links are not followed.
    pub kind: FileKind,
}

/// The names in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Where the path led.
    pub path: PathBuf,
    /// Sorted by name, by bytes.
    pub entries: Vec<DirEntry>,
}

/// What is known of a file without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Where it stands.
    pub path: PathBuf,
    /// What it is; a link is itself.
    pub kind: FileKind,
    /// In bytes.
    pub size: u64,
    /// Names of the file on its disk; 1 where the system does not say.
    pub links: u64,
    /// Permission bits, as in `0o644`.
    pub mode: u32,
    /// When its content changed, in milliseconds since 1970 UTC.
    pub modified_ms: i64,
    /// Another one as soon as the file is written, replaced, or given another mode or name.
    pub stamp: String,
}

/// What the backends know of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stats {
    pub identity: Option<Identity>,
    pub kind: FileKind,
    pub size: u64,
    pub links: u64,
    pub mode: u32,
    pub user: u32,
    pub group: u32,
    pub modified_ms: i64,
    /// Since 1970: the content, and all that is told here.
    pub touched_ns: [i128; 2],
}

impl Stats {
    /// See [`Metadata::stamp`].
    pub fn stamp(&self) -> String {
        let (device, number) = self.identity.unwrap_or_default();
        let [content, any] = self.touched_ns;
        format!("{device}:{number}:{}:{content}:{any}", self.size)
    }

    /// As what stands at `path` is told of.
    pub fn at(&self, path: PathBuf) -> Metadata {
        Metadata {
            path,
            kind: self.kind,
            size: self.size,
            links: self.links,
            mode: self.mode,
            modified_ms: self.modified_ms,
            stamp: self.stamp(),
        }
    }
}
