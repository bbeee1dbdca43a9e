//! Files of a workspace, which never lead out of it.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, canonicalize, symlink_metadata};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use crate::extract_files::Skip;

/// Reads files below a directory.
pub(crate) struct Disk<'root> {
    /// Without links in it.
    root: &'root Path,
    /// Whether directories, by their relative names, lie below the root.
    directories: HashMap<PathBuf, bool>,
}

impl<'root> Disk<'root> {
    pub fn new(root: &'root Path) -> Self {
        Self {
            root,
            directories: HashMap::new(),
        }
    }

    /// The bytes of a file. A link is followed where it stays below the root; pipes and devices are never opened.
    pub fn read(&mut self, relative: &str, limit: usize) -> Result<Vec<u8>, Skip> {
        let path = Path::new(relative);
        let is_plain = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        if relative.contains('\0') || !path.components().all(is_plain) {
            return Err(Skip::Outside);
        }
        if let Some(directory) = path.parent()
            && !self.holds(directory)?
        {
            return Err(Skip::Outside);
        }
        let full = self.root.join(path);
        let found = symlink_metadata(&full).map_err(|error| skip(&error))?;
        let full = if found.is_symlink() {
            let target = canonicalize(&full).map_err(|error| skip(&error))?;
            if !target.starts_with(self.root) {
                return Err(Skip::Outside);
            }
            target
        } else {
            full
        };
        read_file(&full, limit)
    }

    fn holds(&mut self, directory: &Path) -> Result<bool, Skip> {
        if let Some(known) = self.directories.get(directory) {
            return Ok(*known);
        }
        let full = canonicalize(self.root.join(directory)).map_err(|error| skip(&error))?;
        let holds = full.starts_with(self.root);
        self.directories.insert(directory.to_owned(), holds);
        Ok(holds)
    }
}

fn read_file(path: &Path, limit: usize) -> Result<Vec<u8>, Skip> {
    if !symlink_metadata(path)
        .map_err(|error| skip(&error))?
        .is_file()
    {
        return Err(Skip::NotAFile);
    }
    let file = open(path).map_err(|error| skip(&error))?;
    // It may have become another one meanwhile.
    let found = file.metadata().map_err(|error| skip(&error))?;
    if !found.is_file() {
        return Err(Skip::NotAFile);
    }
    if found.len() > limit as u64 {
        return Err(Skip::TooLarge);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(found.len()).unwrap_or(0) + 1);
    let mut bounded = file.take(limit as u64 + 1);
    bounded
        .read_to_end(&mut bytes)
        .map_err(|error| skip(&error))?;
    if bytes.len() > limit {
        return Err(Skip::TooLarge);
    }
    Ok(bytes)
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    // A pipe that takes the file's place would wait for a writer, and a link would lead anywhere.
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

/// Why a file that the system refused is skipped.
pub(crate) fn skip(error: &io::Error) -> Skip {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Skip::Gone,
        _ => Skip::Unreadable(error.to_string()),
    }
}
