//! What the index says is tracked.

use std::fs;
use std::hash::BuildHasher;
use std::io;
use std::path::PathBuf;

use gix_index::entry::Mode;
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use crate::bytes::slashes;
use crate::disk::read_regular;
use crate::repository::RepositoryError;
use crate::rules::folded;

/// Largest room that reading an index may take.
const MAX_ROOM: usize = 4_usize.saturating_mul(1 << 30);

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

/// Where an index is, and how it is to be read.
#[derive(Clone, Debug)]
pub struct IndexFile {
    pub(crate) path: PathBuf,
    pub(crate) is_sha256: bool,
    pub(crate) ignore_case: bool,
}

impl IndexFile {
    /// Reads it; one that is not there holds nothing.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Index`].
    pub fn read(&self) -> Result<Tracked, RepositoryError> {
        let fault = |reason: String| RepositoryError::Index {
            path: self.path.clone(),
            reason,
        };
        // Read and not mapped: a mapping ends the process where the file shrinks.
        let content = match read_regular(&self.path, true, MAX_ROOM as u64) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Tracked::default()),
            Err(error) => return Err(fault(error.to_string())),
        };
        let options = gix_index::decode::Options {
            alloc_limit_bytes: Some(MAX_ROOM),
            ..Default::default()
        };
        let hash = if self.is_sha256 {
            gix_index::hash::Kind::Sha256
        } else {
            gix_index::hash::Kind::Sha1
        };
        let now = gix_index::State::new(hash).timestamp();
        let (state, _) = gix_index::State::from_bytes(&content, now, hash, options)
            .map_err(|error| fault(error.to_string()))?;
        let Some(link) = state.link() else {
            return Ok(Tracked::new(&state, self.ignore_case));
        };
        // Split: most of it is in another file, which only the library puts together with this one.
        let shared = format!("sharedindex.{}", link.shared_index_checksum);
        let shared = self.path.with_file_name(shared);
        if !fs::metadata(&shared).is_ok_and(|stats| stats.is_file()) {
            return Err(fault(format!("{} is no regular file", shared.display())));
        }
        let file = gix_index::File::at(&self.path, hash, true, options)
            .map_err(|error| fault(error.to_string()))?;
        Ok(Tracked::new(&file, self.ignore_case))
    }
}

impl Tracked {
    fn new(index: &gix_index::State, ignore_case: bool) -> Self {
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
            if !stays_below(path) {
                // No index of git's has one; whoever made it wants files elsewhere to be looked at.
                continue;
            }
            if entry.mode == Mode::DIR {
                // Of a sparse index: what is in it is not checked out, and its names are in objects that nobody reads here.
                continue;
            }
            for slash in slashes(path) {
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

    /// The path of a number; they are in order of their bytes.
    pub fn path(&self, number: usize) -> &[u8] {
        path_at(&self.names, &self.ends, number)
    }

    /// Whether a file is tracked.
    pub fn has(&self, path: &[u8]) -> bool {
        self.find(path).is_some()
    }

    /// How many paths there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether the path of a number is that of a symbolic link.
    pub fn is_link(&self, number: usize) -> bool {
        self.links[number]
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

    /// The number of a path; where case is ignored, of one that differs in it if there is none that does not.
    pub fn find(&self, path: &[u8]) -> Option<usize> {
        if self.files.is_empty() {
            return None;
        }
        let hash = hash_of(&self.hasher, path, self.ignore_case);
        let exact = self.files.find(hash, |&number| self.path(number) == path);
        let found = exact.or_else(|| {
            self.files.find(hash, |&number| {
                self.ignore_case && self.path(number).eq_ignore_ascii_case(path)
            })
        });
        found.copied()
    }
}

/// Whether a path leads nowhere but below the top.
fn stays_below(path: &[u8]) -> bool {
    !path.contains(&0)
        && path
            .split(|&byte| byte == b'/')
            .all(|name| !matches!(name, b"" | b"." | b".."))
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
