//! What a walk finds: files with their kinds, and what could not be read.

use std::fs;
use std::io;
use std::time::UNIX_EPOCH;

/// What a path stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A symbolic link.
    Link,
    /// A repository of its own: a submodule, or one that is not tracked (then its path ends with a slash).
    Repository,
}

/// Size and times of a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stats {
    /// In bytes.
    pub size: u64,
    /// Last change of the content, in milliseconds since 1970.
    pub modified_ms: f64,
    /// Type and permission bits, where the system has them.
    pub mode: u32,
}

/// Files found by one thread.
#[derive(Debug, Default)]
pub struct Batch {
    /// Paths relative to the root, after each other.
    pub names: Vec<u8>,
    /// Where each ends.
    pub ends: Vec<usize>,
    /// What each is.
    pub kinds: Vec<FileKind>,
    /// Where they were asked for.
    pub stats: Vec<Stats>,
}

impl Batch {
    /// The path at an index.
    pub fn path(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.names[start..self.ends[index]]
    }

    pub(crate) fn push(&mut self, path: &[u8], kind: FileKind, stats: Option<Stats>) {
        self.names.extend_from_slice(path);
        self.ends.push(self.names.len());
        self.kinds.push(kind);
        self.stats.extend(stats);
    }
}

/// A directory that could not be read, or a file that could not be looked at.
#[derive(Debug)]
pub struct Problem {
    /// Relative to the root.
    pub path: Vec<u8>,
    /// What the system said.
    pub error: io::Error,
}

impl From<&fs::Metadata> for Stats {
    fn from(stats: &fs::Metadata) -> Self {
        let modified = stats
            .modified()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Self {
            size: stats.len(),
            modified_ms: modified.map_or(0.0, |since| since.as_secs_f64() * 1e3),
            mode: mode_of(stats),
        }
    }
}

#[cfg(unix)]
fn mode_of(stats: &fs::Metadata) -> u32 {
    use std::os::unix::fs::MetadataExt;
    stats.mode()
}

#[cfg(not(unix))]
fn mode_of(_: &fs::Metadata) -> u32 {
    0
}
