//! Content that is put on disk: to a temporary file in the same directory first, which then takes the name.
//!
//! A reader sees the old content or the new, never a part. The mode is kept, and the owner as far as the user may set it;
//! access control lists and other extended attributes are not.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use uuid::Uuid;

use super::entries::Stats;
use super::{Directory, FileError, Files, Place};
use crate::decision::Intent;
use crate::resolve::{FileKind, Resolved};

/// How many names for a temporary file are tried: a collision is an attack already.
const TRIES: usize = 16;

/// How a file is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// Make the directories above that are missing.
    pub parents: bool,
    /// Return when the content and the name are on disk, as far as the system can tell.
    pub sync: bool,
}

impl Files {
    /// Writes a file, whether it is there or not. A link at the end of the path is never followed; a file with other names
    /// (hard links) is refused, and so is anything that is no regular file, or that its user may not write.
    ///
    /// # Errors
    ///
    /// [`FileError`]; what was there is there still.
    pub fn write_file(
        &self,
        path: &Path,
        content: &[u8],
        options: WriteOptions,
    ) -> Result<(), FileError> {
        self.write_named(path, content, options, &mut temporary_name)
    }

    /// Writes a file that is not there.
    ///
    /// # Errors
    ///
    /// [`FileError::Exists`] where something is, a link included, and the others.
    pub fn create_file(
        &self,
        path: &Path,
        content: &[u8],
        options: WriteOptions,
    ) -> Result<(), FileError> {
        let resolved = self.allowed(path, Intent::Create)?;
        let place = self.target(&resolved, Intent::Create, options)?;
        let name = temporary(&place, content, (None, None), options, &mut temporary_name)?;
        let directory = &place.directory;
        let put = directory.rename_new(&name, directory, place.name());
        finish(&place, &name, put, options)
    }

    /// Sets the permission bits of a regular file with one name; set-user-id, set-group-id and sticky are left out.
    ///
    /// # Errors
    ///
    /// [`FileError`].
    pub fn set_mode(&self, path: &Path, mode: u32) -> Result<(), FileError> {
        let resolved = self.allowed(path, Intent::Write)?;
        refuse_link(path, &resolved)?;
        let (place, file, stats) = self.open_regular(&resolved, Intent::Write)?;
        refuse_other_names(&place, &stats)?;
        Directory::set_mode(&file, mode).map_err(|error| place.failed(error))
    }

    pub(super) fn write_named(
        &self,
        path: &Path,
        content: &[u8],
        options: WriteOptions,
        names: &mut dyn FnMut() -> OsString,
    ) -> Result<(), FileError> {
        let resolved = self.allowed(path, Intent::Write)?;
        refuse_link(path, &resolved)?;
        let place = self.target(&resolved, Intent::Write, options)?;
        let before = replaceable(&place)?;
        let name = temporary(&place, content, (before.as_ref(), None), options, names)?;
        let directory = &place.directory;
        // A name that changed its meaning in the meantime belongs to someone else's work. What slips in after this look is
        // replaced as a name: no rename follows a link or writes into a file.
        let put = match replaceable(&place) {
            Ok(now) if now.map(|stats| stats.identity) == before.map(|stats| stats.identity) => {
                directory.rename(&name, directory, place.name())
            }
            other => {
                let _ = directory.remove_file(&name);
                other?;
                return Err(FileError::Changed { path: place.path });
            }
        };
        finish(&place, &name, put, options)
    }

    /// The entry to write to, in a directory that is there or is made.
    fn target(
        &self,
        resolved: &Resolved,
        intent: Intent,
        options: WriteOptions,
    ) -> Result<Place<'_>, FileError> {
        if resolved.as_directory {
            return Err(FileError::NotAFile {
                path: resolved.path.clone(),
                kind: FileKind::Directory,
            });
        }
        if options.parents
            && let Some(parent) = resolved.path.parent()
        {
            self.make_missing(parent)?;
        }
        self.place(&resolved.path, intent)
    }
}

/// What a write would replace: a regular file with this name alone, or nothing.
pub(super) fn replaceable(place: &Place<'_>) -> Result<Option<Stats>, FileError> {
    let stats = match place.stat() {
        Ok(stats) => stats,
        Err(FileError::Missing { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    match stats.kind {
        FileKind::File => {}
        FileKind::Link => {
            return Err(FileError::LinkInPath {
                path: place.path.clone(),
                target: None,
            });
        }
        kind => {
            return Err(FileError::NotAFile {
                path: place.path.clone(),
                kind,
            });
        }
    }
    refuse_other_names(place, &stats)?;
    place
        .directory
        .is_writable(place.name())
        .map_err(|error| place.failed(error))?;
    Ok(Some(stats))
}

/// Writes the content to a new file beside the place, and answers its name. Its owner and mode are those of a file that it
/// is to replace, its mode another one where that is named.
pub(super) fn temporary(
    place: &Place<'_>,
    content: &[u8],
    (like, mode): (Option<&Stats>, Option<u32>),
    options: WriteOptions,
    names: &mut dyn FnMut() -> OsString,
) -> Result<OsString, FileError> {
    let directory = &place.directory;
    let mut tries = 0;
    let (name, file) = loop {
        let name = names();
        match directory.create_file(&name, like.is_some() || mode.is_some()) {
            Ok(file) => break (name, file),
            // Whatever has the name, a link planted ahead included, is left alone.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                tries += 1;
                if tries == TRIES {
                    return Err(FileError::Io {
                        path: place.path.clone(),
                        error,
                    });
                }
            }
            Err(error) => return Err(place.failed(error)),
        }
    };
    fill(file, content, (like, mode), options).map_err(|error| {
        let _ = directory.remove_file(&name);
        place.failed(error)
    })?;
    Ok(name)
}

fn finish(
    place: &Place<'_>,
    name: &OsString,
    put: std::io::Result<()>,
    options: WriteOptions,
) -> Result<(), FileError> {
    if let Err(error) = put {
        let _ = place.directory.remove_file(name);
        return Err(place.failed(error));
    }
    if options.sync {
        place
            .directory
            .sync()
            .map_err(|error| place.failed(error))?;
    }
    Ok(())
}
fn fill(
    mut file: File,
    content: &[u8],
    (like, mode): (Option<&Stats>, Option<u32>),
    options: WriteOptions,
) -> std::io::Result<()> {
    file.write_all(content)?;
    if let Some(like) = like {
        Directory::dress(&file, like)?;
    }
    if let Some(mode) = mode {
        Directory::set_mode(&file, mode)?;
    }
    if options.sync {
        file.sync_all()?;
    }
    Ok(())
}

/// Nobody can foretell it: it holds random bits from the system.
pub(super) fn temporary_name() -> OsString {
    format!(".fishplate-{}.tmp", Uuid::now_v7().simple()).into()
}

/// The last name of a path that is written to is no link, wherever that leads.
fn refuse_link(path: &Path, resolved: &Resolved) -> Result<(), FileError> {
    if !resolved.last_was_link {
        return Ok(());
    }
    Err(FileError::LinkInPath {
        path: path.to_path_buf(),
        target: Some(resolved.path.clone()),
    })
}

fn refuse_other_names(place: &Place<'_>, stats: &Stats) -> Result<(), FileError> {
    if stats.links <= 1 {
        return Ok(());
    }
    Err(FileError::HardLinked {
        path: place.path.clone(),
        links: stats.links,
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::WriteOptions;
    use crate::files::Files;
    use crate::files::trial::Trial;
    use crate::policy::{Policy, Rules};
    use std::ffi::OsString;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    fn files(trial: &Trial) -> Files {
        std::fs::create_dir_all(trial.at("ws")).expect("a directory");
        Files::open(&Rules::new(Policy::default(), &trial.at("ws"), None).expect("rules"))
            .expect("files")
    }

    #[test]
    fn temporary_names_that_collide_or_are_links_planted_ahead() {
        let trial = Trial::new("temporary");
        let files = files(&trial);
        std::fs::write(trial.at("outside"), "outside").expect("a file");
        symlink(trial.at("outside"), trial.at("ws/t0")).expect("a link");
        symlink(trial.at("nothing"), trial.at("ws/t1")).expect("a link");
        std::fs::write(trial.at("ws/t2"), "mine").expect("a file");
        std::fs::create_dir(trial.at("ws/t3")).expect("a directory");
        let mut count = 0;
        let mut names = || {
            count += 1;
            OsString::from(format!("t{}", count - 1))
        };
        let path = Path::new("file");
        files
            .write_named(path, b"new", WriteOptions::default(), &mut names)
            .expect("written");
        assert_eq!(count, 5);
        assert_eq!(
            std::fs::read_to_string(trial.at("ws/file")).expect("a file"),
            "new"
        );
        assert_eq!(
            std::fs::read_to_string(trial.at("outside")).expect("a file"),
            "outside"
        );
        assert_eq!(
            std::fs::read_to_string(trial.at("ws/t2")).expect("a file"),
            "mine"
        );
        assert!(!trial.at("nothing").exists() && !trial.at("ws/t4").exists());
        let mut always = || OsString::from("t0");
        let full = files.write_named(path, b"newer", WriteOptions::default(), &mut always);
        assert_eq!(full.expect_err("no name is free").code(), "IO");
        assert_eq!(
            std::fs::read_to_string(trial.at("ws/file")).expect("a file"),
            "new"
        );
    }

    #[test]
    fn a_file_replaced_while_its_new_content_is_written_is_left_alone() {
        let trial = Trial::new("replaced");
        let files = files(&trial);
        let (file, other) = (trial.at("ws/file"), trial.at("ws/other"));
        std::fs::write(&file, "old").expect("a file");
        std::fs::write(&other, "of a person").expect("a file");
        // The name is asked for after the first look at the file.
        let mut names = || {
            std::fs::rename(&other, &file).expect("replaced");
            OsString::from("t")
        };
        let result = files.write_named(
            Path::new("file"),
            b"new",
            WriteOptions::default(),
            &mut names,
        );
        assert_eq!(result.expect_err("it changed").code(), "CHANGED");
        assert_eq!(
            std::fs::read_to_string(&file).expect("a file"),
            "of a person"
        );
        assert!(!trial.at("ws/t").exists());
    }
}
