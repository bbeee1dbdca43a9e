//! Several files changed at once: all of them, or none.
//!
//! All new content lies beside its place before the first name changes, and what was there keeps a second name until the
//! last one has: to take everything back needs no room on the disk, and gives each file back with its times.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::entries::Stats;
use super::write::{replaceable, temporary, temporary_name};
use super::{FileError, Files, Place, WriteOptions};
use crate::decision::Intent;
use crate::names::{Disk, is_below};
use crate::resolve::FileKind;

/// One file of a change. Its path leads through no link.
#[derive(Clone, Debug)]
pub struct Change {
    /// Relative to the workspace, or absolute.
    pub path: PathBuf,
    /// The stamp of the file as it was read; none where no file stood.
    pub before: Option<String>,
    /// What it becomes; none deletes it.
    pub after: Option<NewFile>,
}

/// What a file becomes.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// All of it.
    pub content: Vec<u8>,
    /// Read, write and execute; none: as the file has, or as the system makes new ones.
    pub mode: Option<u32>,
}

/// What came of a change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Modes of the files, in the order of the changes; 0 for one that was deleted.
    pub modes: Vec<u32>,
    /// Directories that were made on the way, outermost first.
    pub directories: Vec<PathBuf>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// A file is another one than was read.
    #[error("{} changed in the meantime", path.display())]
    Meanwhile {
        /// Which of the changes.
        index: usize,
        /// Its path.
        path: PathBuf,
    },
    /// Not allowed, or not possible.
    #[error(transparent)]
    File(#[from] FileError),
    /// Something failed, and so did taking back what had been done.
    #[error("{error}; and these could not be taken back: {}", paths(.stuck))]
    Stuck {
        /// What failed.
        error: Box<Self>,
        /// Files that are left changed.
        stuck: Vec<PathBuf>,
    },
}

impl ChangeError {
    /// Its code, as docs/errors.md has it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Meanwhile { .. } => "CHANGED",
            Self::File(error) => error.code(),
            Self::Stuck { .. } => "ROLLBACK_FAILED",
        }
    }
}

fn paths(stuck: &[PathBuf]) -> String {
    let shown: Vec<_> = stuck
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    shown.join(", ")
}

/// A change whose new content lies beside its place.
struct Staged<'a> {
    place: Place<'a>,
    before: Option<String>,
    /// None where the file is deleted.
    new: Option<OsString>,
    mode: u32,
    /// The second name of what was there, once the first one is another's.
    old: Option<OsString>,
    is_done: bool,
}

impl Files {
    /// Writes, makes and deletes files: all of them, or none.
    ///
    /// # Errors
    ///
    /// [`ChangeError`]; unless it is `Stuck`, everything is as it was.
    pub fn change(&self, changes: &[Change]) -> Result<Changed, ChangeError> {
        let mut directories = Vec::new();
        let mut staged = Vec::with_capacity(changes.len());
        let result = self.carry_out(changes, &mut staged, &mut directories);
        let Err(error) = result else {
            for old in &staged {
                remove(&old.place, old.old.as_ref());
            }
            let modes = staged.iter().map(|item| item.mode).collect();
            return Ok(Changed { modes, directories });
        };
        let stuck: Vec<_> = staged
            .iter_mut()
            .rev()
            .filter_map(|item| take_back(item).err().map(|_| item.place.path.clone()))
            .collect();
        for item in &staged {
            remove(&item.place, item.new.as_ref());
        }
        for directory in directories.iter().rev() {
            if let Ok(place) = self.place(directory, Intent::Create) {
                // Where something came into it, it stays.
                let _ = place.directory.remove_directory(place.name());
            }
        }
        if stuck.is_empty() {
            return Err(error);
        }
        let error = Box::new(error);
        Err(ChangeError::Stuck { error, stuck })
    }

    fn carry_out<'a>(
        &'a self,
        changes: &[Change],
        staged: &mut Vec<Staged<'a>>,
        directories: &mut Vec<PathBuf>,
    ) -> Result<(), ChangeError> {
        for (index, change) in changes.iter().enumerate() {
            staged.push(self.stage(index, change, directories)?);
        }
        for (index, item) in staged.iter().enumerate() {
            check(index, item)?;
        }
        for (index, item) in staged.iter_mut().enumerate() {
            // Another of the changes may have been here.
            check(index, item)?;
            put(index, item)?;
            item.is_done = true;
        }
        Ok(())
    }

    fn stage<'a>(
        &'a self,
        index: usize,
        change: &Change,
        directories: &mut Vec<PathBuf>,
    ) -> Result<Staged<'a>, ChangeError> {
        let intent = match (&change.before, &change.after) {
            (_, None) => Intent::Delete,
            (None, Some(_)) => Intent::Create,
            (Some(_), Some(_)) => Intent::Write,
        };
        let resolved = self.allowed(&change.path, intent)?;
        let path = resolved.path;
        let given = self.rules.workspace.join(&change.path);
        if resolved.last_was_link || !is_same(&path, &given) {
            return Err(FileError::LinkInPath {
                path: given,
                target: Some(path),
            }
            .into());
        }
        if change.after.is_some()
            && let Some(parent) = path.parent()
        {
            self.make_parents(parent, directories)?;
        }
        let place = match self.place(&path, intent) {
            Err(FileError::Missing { .. }) => return Err(ChangeError::Meanwhile { index, path }),
            other => other?,
        };
        let mut staged = Staged {
            place,
            before: change.before.clone(),
            new: None,
            mode: 0,
            old: None,
            is_done: false,
        };
        if let Some(NewFile { content, mode }) = &change.after {
            check(index, &staged)?;
            let like = if change.before.is_some() {
                replaceable(&staged.place)?
            } else {
                None
            };
            let dress = (like.as_ref(), *mode);
            let options = WriteOptions::default();
            let name = temporary(&staged.place, content, dress, options, &mut temporary_name)?;
            let stats = staged.place.directory.stat(&name);
            staged.new = Some(name);
            staged.mode = stats.map_or(0, |stats: Stats| stats.mode);
        }
        Ok(staged)
    }

    fn make_parents(&self, path: &Path, made: &mut Vec<PathBuf>) -> Result<(), FileError> {
        for missing in super::tree::missing_from(path) {
            self.allowed(&super::tree::as_directory(missing), Intent::Create)?;
            match self.make_one(missing) {
                Ok(()) => made.push(missing.to_path_buf()),
                Err(FileError::Exists { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Whether what stands at the place is what was read.
fn check(index: usize, item: &Staged<'_>) -> Result<(), ChangeError> {
    let found = match item.place.stat() {
        Ok(stats) => Some(stats),
        Err(FileError::Missing { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let is_same = match (found, &item.before) {
        (None, None) => true,
        (Some(stats), Some(stamp)) => stats.kind == FileKind::File && stats.stamp() == *stamp,
        _ => false,
    };
    if is_same {
        return Ok(());
    }
    let path = item.place.path.clone();
    Err(ChangeError::Meanwhile { index, path })
}

/// Gives the new content the name, and what was there another one.
fn put(index: usize, item: &mut Staged<'_>) -> Result<(), ChangeError> {
    let place = &item.place;
    let (directory, name) = (&place.directory, place.name());
    let failed = |error| ChangeError::File(place.failed(error));
    match (&item.new, &item.before) {
        (Some(new), None) => match directory.rename_new(new, directory, name) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                let path = place.path.clone();
                Err(ChangeError::Meanwhile { index, path })
            }
            other => other.map_err(failed),
        },
        (Some(new), Some(_)) => {
            let old = keep(place)?;
            let done = directory.rename(new, directory, name).map_err(failed);
            if done.is_err() {
                remove(place, Some(&old));
            } else {
                item.old = Some(old);
            }
            done
        }
        (None, _) => {
            let old = temporary_name();
            directory.rename(name, directory, &old).map_err(failed)?;
            item.old = Some(old);
            Ok(())
        }
    }
}

/// Gives what stands at the place a second name; where the disk has no such, a copy of it.
fn keep(place: &Place<'_>) -> Result<OsString, FileError> {
    let old = temporary_name();
    if place.directory.link(place.name(), &old).is_ok() {
        return Ok(old);
    }
    let failed = |error| place.failed(error);
    let stats = place.stat()?;
    let mut content = Vec::new();
    let mut file = place.directory.open_file(place.name()).map_err(failed)?;
    file.read_to_end(&mut content).map_err(failed)?;
    let options = WriteOptions::default();
    temporary(
        place,
        &content,
        (Some(&stats), None),
        options,
        &mut temporary_name,
    )
}

fn take_back(item: &mut Staged<'_>) -> std::io::Result<()> {
    if !item.is_done {
        return Ok(());
    }
    let (directory, name) = (&item.place.directory, item.place.name());
    match item.old.take() {
        Some(old) => directory.rename(&old, directory, name),
        None => directory.remove_file(name),
    }
}

/// What cannot be removed is gone, or its directory is.
fn remove(place: &Place<'_>, name: Option<&OsString>) {
    if let Some(name) = name {
        let _ = place.directory.remove_file(name);
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    is_below(one, other, Disk::HERE) && is_below(other, one, Disk::HERE)
}
