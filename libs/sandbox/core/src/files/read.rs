//! What leaves the disk as it is.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::entries::Stats;
use super::{Directory, FileError, Files, Listing, Metadata, Place, compare};
use crate::decision::Intent;
use crate::resolve::{FileKind, Resolved};

/// Room that is taken at once for what a file says its size is; more as it is read.
const ROOM: u64 = 16 << 20;

impl Files {
    /// The content of a regular file of at most `most` bytes. Links lead to the file that they name, as far as the policy
    /// allows that file. Files of unknown size (`/proc/version`) are read to their end; none is waited for.
    ///
    /// # Errors
    ///
    /// [`FileError`].
    pub fn read_file(&self, path: &Path, most: u64) -> Result<Vec<u8>, FileError> {
        Ok(self.read_file_state(path, most)?.0)
    }

    /// As [`Self::read_file`], with what the file was when it was opened, and where.
    ///
    /// # Errors
    ///
    /// [`FileError`].
    pub fn read_file_state(
        &self,
        path: &Path,
        most: u64,
    ) -> Result<(Vec<u8>, Metadata), FileError> {
        let resolved = self.allowed(path, Intent::Read)?;
        let (place, file, stats) = self.open_regular(&resolved, Intent::Read)?;
        let too_large = |size| FileError::TooLarge {
            path: place.path.clone(),
            size,
            most,
        };
        if stats.size > most {
            return Err(too_large(stats.size));
        }
        let mut content = Vec::new();
        let room = usize::try_from(stats.size.min(ROOM)).unwrap_or_default();
        // One more, so that the end is seen without growing.
        content
            .try_reserve_exact(room.saturating_add(1))
            .map_err(|error| place.failed(std::io::Error::other(error)))?;
        file.take(most.saturating_add(1))
            .read_to_end(&mut content)
            .map_err(|error| place.failed(error))?;
        let size = content.len() as u64;
        if size > most {
            return Err(too_large(size));
        }
        Ok((content, stats.at(place.path)))
    }

    /// The names in a directory, at most `most`, sorted.
    ///
    /// # Errors
    ///
    /// [`FileError`].
    pub fn list(&self, path: &Path, most: usize) -> Result<Listing, FileError> {
        let resolved = self.allowed(path, Intent::List)?;
        let (directory, _) = self.directory(&resolved.path, Intent::List)?;
        let mut entries = directory
            .entries(most)
            .map_err(|error| FileError::from_io(&resolved.path, error))?;
        if entries.len() > most {
            return Err(FileError::TooLarge {
                path: resolved.path,
                size: entries.len() as u64,
                most: most as u64,
            });
        }
        entries.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(Listing {
            path: resolved.path,
            entries,
        })
    }

    /// What stands at a path; a link is itself. Counts as reading.
    ///
    /// # Errors
    ///
    /// [`FileError`].
    pub fn metadata(&self, path: &Path) -> Result<Metadata, FileError> {
        let resolved = self.allowed_at(path, Intent::Read, false)?;
        let (path, stats) = if resolved.path.parent().is_none() {
            // The top has no name in anything.
            let (directory, _) = self.directory(&resolved.path, Intent::Read)?;
            let stats = directory
                .stat(".".as_ref())
                .map_err(|error| FileError::from_io(&resolved.path, error))?;
            (resolved.path, stats)
        } else {
            let place = self.place(&resolved.path, Intent::Read)?;
            let stats = place.stat()?;
            (place.path, stats)
        };
        Ok(stats.at(path))
    }

    /// Where a symbolic link leads, as it is written. Counts as reading the link.
    ///
    /// # Errors
    ///
    /// [`FileError`].
    pub fn read_link(&self, path: &Path) -> Result<PathBuf, FileError> {
        let resolved = self.allowed_at(path, Intent::Read, false)?;
        let place = self.place(&resolved.path, Intent::Read)?;
        let stats = place.stat()?;
        if stats.kind != FileKind::Link {
            return Err(FileError::NotAFile {
                path: place.path,
                kind: stats.kind,
            });
        }
        place
            .directory
            .read_link(place.name())
            .map_err(|error| place.failed(error))
    }

    /// Opens a regular file, and only such: looked at before, so that no device is touched, and after, so that no race
    /// is won.
    pub(super) fn open_regular(
        &self,
        resolved: &Resolved,
        intent: Intent,
    ) -> Result<(Place<'_>, File, Stats), FileError> {
        let place = self.place(&resolved.path, intent)?;
        let regular = |stats: Stats| match stats.kind {
            FileKind::File => Ok(stats),
            FileKind::Link => Err(FileError::LinkInPath {
                path: place.path.clone(),
                target: None,
            }),
            kind => Err(FileError::NotAFile {
                path: place.path.clone(),
                kind,
            }),
        };
        regular(place.stat()?)?;
        let file = place
            .directory
            .open_file(place.name())
            .map_err(|error| place.failed(error))?;
        let opened = Directory::stat_open(&file).map_err(|error| place.failed(error))?;
        let opened = regular(opened)?;
        compare(&place.known, opened.identity.as_slice(), &place.path)?;
        Ok((place, file, opened))
    }
}
