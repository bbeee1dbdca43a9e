//! An index on the disk: written beside its place and put there whole, read in one piece.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use crate::error::{Result, SymbolsError};
use crate::index::SymbolIndex;

impl SymbolIndex {
    /// Writes the index to a file, in place of what was there. The new bytes are on the disk before the old ones go, so
    /// that a crash leaves one of the two.
    ///
    /// # Errors
    ///
    /// What the system says: no such directory, no permission, no room.
    pub fn save(&self, path: &Path) -> Result<()> {
        write_whole(path, &self.to_bytes())
    }

    /// Reads an index that was saved.
    ///
    /// # Errors
    ///
    /// No such file, one that cannot be read, is damaged, or has a newer format.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).map_err(|error| SymbolsError::io("read", path, &error))?;
        Self::from_bytes(&bytes)
    }
}

/// Writes bytes to a file so that a crash leaves the old ones or the new ones, as [`SymbolIndex::save`] does.
///
/// # Errors
///
/// What the system says.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |error: &std::io::Error| SymbolsError::io("write", path, error);
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .prefix(".fishplate-symbols-")
        .tempfile_in(folder)
        .map_err(|error| failed(&error))?;
    file.write_all(bytes).map_err(|error| failed(&error))?;
    file.as_file().sync_all().map_err(|error| failed(&error))?;
    file.persist(path).map_err(|error| failed(&error.error))?;
    // Windows syncs no directories, and has the rename on the disk without.
    if cfg!(unix) {
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| failed(&error))?;
    }
    Ok(())
}
