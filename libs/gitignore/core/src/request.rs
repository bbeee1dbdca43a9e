//! What a walk is asked for, and what it is told while it goes on.

use std::sync::atomic::{AtomicBool, AtomicUsize};

/// What to list.
#[derive(Debug)]
pub struct Request {
    /// Names that start with a dot too.
    pub hidden: bool,
    /// Tracked files whatever the patterns say; else the index is not read.
    pub tracked: bool,
    /// Go into directories that links point to, each once: by its own path where it has one below the root.
    pub follow_links: bool,
    /// Ignore files beside `.gitignore`, which overrule it and leave out tracked files as well.
    pub extra_files: Vec<Vec<u8>>,
    /// Tracked files that are gone from the disk too, as git has it. Without them each file is on the disk, and of the
    /// kind that it has there.
    pub deleted: bool,
    /// Patterns of what to list, in the syntax of `.gitignore`: what one matches, and what is in a directory that one
    /// matches; `!` leaves out.
    pub globs: Vec<Vec<u8>>,
    /// Patterns of names of files, of which one must match too; repositories have none.
    pub types: Vec<Vec<u8>>,
    /// Most components of a path.
    pub max_depth: Option<usize>,
    /// Size of the largest file listed, in bytes.
    pub max_file_size: Option<u64>,
    /// Threads; as many as the machine has processors, eight at most, where none are named.
    pub threads: Option<usize>,
    /// Refuse a directory without a repository around it.
    pub require_repository: bool,
    /// Leave the repository around aside: only ignore files below the root count.
    pub no_repository: bool,
    /// Size and times of each file too.
    pub stat: bool,
    /// Entries of a batch, but for the last of a thread, which may have fewer.
    pub batch: usize,
}

impl Default for Request {
    /// As `git ls-files -co --exclude-standard`.
    fn default() -> Self {
        Self {
            hidden: true,
            tracked: true,
            follow_links: false,
            extra_files: Vec::new(),
            deleted: true,
            globs: Vec::new(),
            types: Vec::new(),
            max_depth: None,
            max_file_size: None,
            threads: None,
            require_repository: false,
            no_repository: false,
            stat: false,
            batch: usize::MAX,
        }
    }
}

/// What a walk is told from outside, and tells.
#[derive(Debug, Default)]
pub struct Control {
    /// Set to have it end soon.
    pub cancelled: AtomicBool,
    /// Files found so far.
    pub found: AtomicUsize,
}
