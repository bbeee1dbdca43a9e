//! What the index says is tracked.

use std::fs;
use std::hash::BuildHasher;
use std::path::Path;

use gix_index::entry::Mode;
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use crate::repository::RepositoryError;
use crate::rules::folded;

/// Largest room that reading an index may take.
const MAX_ROOM: usize = 4 << 30;

/// What the index holds.
#[derive(Debug, Default)]
pub struct Tracked {
    /// All paths after each other, each once, in order.
    names: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
    links: Vec<bool>,
    /// Numbers of paths, found by the path; where case is ignored, by its folded form.
    files: HashTable<usize>,
    hasher: DefaultHashBuilder,
    directories: HashMap<Vec<u8>, IndexDirectory>,
    ignore_case: bool,
}

/// What a directory is to the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexDirectory {
    /// There are tracked files in it.
    HasFiles,
    /// A submodule.
    Submodule,
}

impl Tracked {
    /// Reads an index; one that is not there holds nothing.
    pub fn read(
        path: &Path,
        hash: gix_index::hash::Kind,
        ignore_case: bool,
    ) -> Result<Self, RepositoryError> {
        let fault = |reason: String| RepositoryError::Index {
            path: path.to_path_buf(),
            reason,
        };
        match fs::metadata(path) {
            Ok(stats) if stats.is_file() => {}
            // A pipe would be waited for.
            Ok(_) => return Err(fault("it is no regular file".to_owned())),
            Err(_) => return Ok(Self::default()),
        }
        let options = gix_index::decode::Options {
            alloc_limit_bytes: Some(MAX_ROOM),
            ..Default::default()
        };
        let file = gix_index::File::at(path, hash, true, options)
            .map_err(|error| fault(error.to_string()))?;
        Ok(Self::new(&file, ignore_case))
    }

    fn new(index: &gix_index::File, ignore_case: bool) -> Self {
        let mut tracked = Self {
            ignore_case,
            ..Self::default()
        };
        let count = index.entries().len();
        tracked.ends.reserve(count);
        tracked.files.reserve(count, |_| 0);
        let mut last: &[u8] = b"";
        for entry in index.entries() {
            let path: &[u8] = entry.path(index);
            if path == last && !last.is_empty() {
                // Another stage of a path in conflict.
                continue;
            }
            for (slash, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
                if !last.starts_with(&path[..=slash]) {
                    tracked.directories.insert(
                        folded(&path[..slash], ignore_case),
                        IndexDirectory::HasFiles,
                    );
                }
            }
            if entry.mode == Mode::COMMIT {
                tracked
                    .directories
                    .insert(folded(path, ignore_case), IndexDirectory::Submodule);
            }
            tracked.push(path, entry.mode == Mode::SYMLINK);
            last = path;
        }
        tracked
    }

    fn push(&mut self, path: &[u8], is_link: bool) {
        let number = self.ends.len();
        self.names.extend_from_slice(path);
        self.ends.push(self.names.len());
        self.links.push(is_link);
        let hash = hash_of(&self.hasher, path, self.ignore_case);
        let (names, ends, hasher) = (&self.names, &self.ends, &self.hasher);
        self.files.insert_unique(hash, number, |&other| {
            hash_of(hasher, path_at(names, ends, other), self.ignore_case)
        });
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The paths, in order of their bytes.
    pub fn paths(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.ends.len()).map(|number| path_at(&self.names, &self.ends, number))
    }

    /// Whether a file is tracked.
    pub fn has(&self, path: &[u8]) -> bool {
        self.find(path).is_some()
    }

    /// Whether a symbolic link is tracked.
    pub fn is_link(&self, path: &[u8]) -> bool {
        self.find(path).is_some_and(|number| self.links[number])
    }

    /// What a directory, without its slash, is to the index.
    pub fn directory(&self, path: &[u8]) -> Option<IndexDirectory> {
        if self.directories.is_empty() {
            return None;
        }
        if self.ignore_case {
            return self.directories.get(&path.to_ascii_lowercase()).copied();
        }
        self.directories.get(path).copied()
    }

    fn find(&self, path: &[u8]) -> Option<usize> {
        if self.files.is_empty() {
            return None;
        }
        let hash = hash_of(&self.hasher, path, self.ignore_case);
        let is_it = |&number: &usize| {
            let known = path_at(&self.names, &self.ends, number);
            known == path || (self.ignore_case && known.eq_ignore_ascii_case(path))
        };
        self.files.find(hash, is_it).copied()
    }
}

fn path_at<'names>(names: &'names [u8], ends: &[usize], number: usize) -> &'names [u8] {
    let start = number.checked_sub(1).map_or(0, |before| ends[before]);
    &names[start..ends[number]]
}

fn hash_of(hasher: &DefaultHashBuilder, path: &[u8], ignore_case: bool) -> u64 {
    if ignore_case {
        hasher.hash_one(path.to_ascii_lowercase())
    } else {
        hasher.hash_one(path)
    }
}
