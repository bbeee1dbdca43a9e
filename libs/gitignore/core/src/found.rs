//! What a walk finds: files with their kinds, and what could not be read.

use std::fs;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::UNIX_EPOCH;

/// What a path stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file; a tracked one that is gone is what the index has.
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
    /// Where they were asked for: of each; none of a repository, and of a tracked file that is gone.
    pub stats: Vec<Option<Stats>>,
}

impl Batch {
    /// The path at an index.
    pub fn path(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.names[start..self.ends[index]]
    }

    pub(crate) fn push(&mut self, path: &[u8], kind: FileKind, stats: Option<Option<Stats>>) {
        self.names.extend_from_slice(path);
        self.ends.push(self.names.len());
        self.kinds.push(kind);
        self.stats.extend(stats);
    }
}

/// Gathers what one thread finds, and gives it on in batches.
pub(crate) struct Collector<'walk> {
    batch: Batch,
    /// Files of a full batch.
    full: usize,
    /// Files that `found` does not count yet: a number that all threads change is dear.
    untold: usize,
    found: &'walk AtomicUsize,
    take: &'walk (dyn Fn(Batch) + Sync),
}

impl<'walk> Collector<'walk> {
    pub fn new(
        full: usize,
        found: &'walk AtomicUsize,
        take: &'walk (dyn Fn(Batch) + Sync),
    ) -> Self {
        Self {
            batch: Batch::default(),
            full,
            untold: 0,
            found,
            take,
        }
    }

    pub fn push(&mut self, path: &[u8], kind: FileKind, stats: Option<Option<Stats>>) {
        self.batch.push(path, kind, stats);
        self.untold += 1;
        if self.batch.ends.len() >= self.full {
            self.flush();
        }
    }

    /// Counts what was found since the last time.
    pub fn tell(&mut self) {
        self.found.fetch_add(self.untold, Ordering::Relaxed);
        self.untold = 0;
    }

    /// Gives on what there is.
    pub fn flush(&mut self) {
        self.tell();
        if !self.batch.ends.is_empty() {
            (self.take)(std::mem::take(&mut self.batch));
        }
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
