//! Names that come, go and move.

use std::io;
use std::path::{Path, PathBuf};

use super::{FileError, Files};
use crate::decision::{Intent, Verdict, consider, judge};
use crate::names::Disk;
use crate::resolve::{End, FileKind, Resolved};

impl Files {
    /// Removes a file, a link (never what it leads to) or an empty directory.
    ///
    /// # Errors
    ///
    /// [`FileError`].
    pub fn delete(&self, path: &Path) -> Result<(), FileError> {
        let resolved = self.allowed(path, Intent::Delete)?;
        let place = self.place(&resolved.path, Intent::Delete)?;
        let stats = place.stat()?;
        if stats.kind == FileKind::Directory {
            place.directory.remove_directory(place.name())
        } else {
            place.directory.remove_file(place.name())
        }
        .map_err(|error| place.failed(error))
    }

    /// Gives what stands at `from` (a link is itself) the name `to`: a *rename* in the same directory, a *move* into
    /// another one. With `replace` a regular file may take the place of another; nothing takes that of a directory or link.
    ///
    /// # Errors
    ///
    /// [`FileError::Exists`] where something stands at `to`, and the others.
    pub fn rename(&self, from: &Path, to: &Path, replace: bool) -> Result<(), FileError> {
        let (start, end) = (self.whereabouts(from)?, self.whereabouts(to)?);
        let intent = if start.parent() == end.parent() {
            Intent::Rename
        } else {
            Intent::Move
        };
        let source = self.allowed(from, intent)?;
        let target = self.landing(to)?;
        if source.end == End::Missing {
            return Err(FileError::Missing { path: source.path });
        }
        let is_directory = source.end == End::Found(FileKind::Directory);
        if target.as_directory && !is_directory {
            return Err(FileError::NotADirectory { path: target.path });
        }
        // On disks that fold letters the new name may be the old one in other letters.
        let respelled = Disk::HERE != Disk::Exact
            && source.path != target.path
            && source.identity().is_some()
            && source.identity() == target.identity();
        let replaces = match target.end {
            End::Found(_) if respelled => false,
            End::Found(kind) => {
                self.may_replace(&source, &target, kind, replace)?;
                true
            }
            _ => false,
        };
        let from = self.place(&source.path, intent)?;
        from.stat()?;
        let to = self.place(&target.path, Intent::Create)?;
        let name = to.name();
        let done = if replaces || respelled {
            from.directory.rename(from.name(), &to.directory, name)
        } else {
            from.directory.rename_new(from.name(), &to.directory, name)
        };
        done.map_err(|error| to.failed(error))
    }

    /// Makes a directory; with `parents` also those above it, and none is an error where it is there already.
    ///
    /// # Errors
    ///
    /// [`FileError`].
    pub fn create_directory(&self, path: &Path, parents: bool) -> Result<(), FileError> {
        let resolved = self.allowed(&as_directory(path), Intent::Create)?;
        if parents {
            return self.make_missing(&resolved.path);
        }
        self.make_one(&resolved.path)
    }

    /// Makes a symbolic link. Where it leads is not looked at: whoever follows it is judged by where it leads then.
    ///
    /// # Errors
    ///
    /// [`FileError::Exists`] where something stands there, and the others.
    pub fn create_link(&self, path: &Path, target: &Path) -> Result<(), FileError> {
        let resolved = self.allowed(path, Intent::Create)?;
        if resolved.as_directory {
            return Err(FileError::NotAFile {
                path: resolved.path,
                kind: FileKind::Directory,
            });
        }
        let place = self.place(&resolved.path, Intent::Create)?;
        place
            .directory
            .make_link(place.name(), target)
            .map_err(|error| place.failed(error))
    }

    /// Makes a directory and those above it that are missing; each is asked about.
    pub(super) fn make_missing(&self, path: &Path) -> Result<(), FileError> {
        for path in missing_from(path) {
            self.allowed(&as_directory(path), Intent::Create)?;
            match self.make_one(path) {
                Ok(()) | Err(FileError::Exists { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        // Also says so where a file stands in its place.
        self.directory(path, Intent::Create)?;
        Ok(())
    }

    pub(super) fn make_one(&self, path: &Path) -> Result<(), FileError> {
        let place = self.place(path, Intent::Create)?;
        place
            .directory
            .make_directory(place.name())
            .map_err(|error| place.failed(error))
    }

    /// Where the path itself lies, whatever is allowed there.
    fn whereabouts(&self, path: &Path) -> Result<PathBuf, FileError> {
        let (decision, _) = consider(&self.rules, &self.grants(), path, Intent::Rename, false)?;
        Ok(decision.resolved_path)
    }

    /// The place that a rename puts something at. A slash at its end does not make it the harmless empty directory that
    /// `create` allows above protected paths.
    fn landing(&self, to: &Path) -> Result<Resolved, FileError> {
        let resolved = self.allowed(to, Intent::Create)?;
        let mut plain = resolved.clone();
        plain.as_directory = false;
        self.ask(&plain, Intent::Create)?;
        Ok(resolved)
    }

    fn may_replace(
        &self,
        source: &Resolved,
        target: &Resolved,
        kind: FileKind,
        replace: bool,
    ) -> Result<(), FileError> {
        let path = || target.path.clone();
        let is_file = source.end == End::Found(FileKind::File);
        match kind {
            FileKind::Link if replace => Err(FileError::LinkInPath {
                path: path(),
                target: None,
            }),
            // The kernel would do nothing and call it done.
            FileKind::File
                if replace
                    && source.identity().is_some()
                    && source.identity() == target.identity() =>
            {
                Err(FileError::HardLinked {
                    path: path(),
                    links: 2,
                })
            }
            FileKind::File if replace && is_file => self.ask(target, Intent::Write),
            _ => Err(FileError::Exists { path: path() }),
        }
    }

    fn ask(&self, resolved: &Resolved, intent: Intent) -> Result<(), FileError> {
        let decision = judge(&self.rules, &self.grants(), resolved, intent);
        if decision.decision == Verdict::Allow {
            return Ok(());
        }
        Err(FileError::AccessDenied(Box::new(decision)))
    }
}

/// The directories that are missing at a path and above it, outermost first.
pub(super) fn missing_from(path: &Path) -> Vec<&Path> {
    let mut missing: Vec<_> = path
        .ancestors()
        .take_while(|above| {
            std::fs::symlink_metadata(above)
                .is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
        })
        .collect();
    missing.reverse();
    missing
}

pub(super) fn as_directory(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    if !name.is_empty() {
        name.push("/");
    }
    name.into()
}
