//! A directory for systems without handles on directories: a path whose every part is looked at before each call.
//!
//! Weaker than handles: between the look and the call another process can put a link in place. What opens a file looks
//! again afterwards; what changes names cannot. Windows uses it; elsewhere it is built for its tests alone.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};

use super::entries::{DirEntry, Stats};
use super::error::LinkMet;
use crate::resolve::{FileKind, Identity, identity};

/// The path of a directory that was looked at.
#[derive(Debug)]
pub(crate) struct Directory {
    anchor: PathBuf,
    path: PathBuf,
}

impl Directory {
    /// Begins at a directory, whose links are followed.
    pub fn open(path: &Path) -> io::Result<Self> {
        if !fs::metadata(path)?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self {
            anchor: path.to_path_buf(),
            path: path.to_path_buf(),
        })
    }

    /// Goes to the directory at a relative path below this one; no part of it may be a link or `..`.
    pub fn below(&self, path: &Path) -> io::Result<Self> {
        let below = Self {
            anchor: self.path.clone(),
            path: self.path.join(path),
        };
        below.look_again()?;
        Ok(below)
    }

    /// Looks at each part from the anchor down: a directory, and no link.
    fn look_again(&self) -> io::Result<()> {
        let below = self
            .path
            .strip_prefix(&self.anchor)
            .map_err(io::Error::other)?;
        let mut path = self.anchor.clone();
        for component in below.components() {
            let Component::Normal(name) = component else {
                return Err(io::ErrorKind::InvalidInput.into());
            };
            path.push(name);
            let kind = fs::symlink_metadata(&path)?.file_type();
            if kind.is_symlink() {
                return Err(LinkMet::error());
            }
            if !kind.is_dir() {
                return Err(io::ErrorKind::NotADirectory.into());
            }
        }
        Ok(())
    }

    fn at(&self, name: &OsStr) -> io::Result<PathBuf> {
        self.look_again()?;
        Ok(self.path.join(name))
    }

    /// No numbers are to be had; names decide.
    #[expect(clippy::unnecessary_wraps, clippy::unused_self)]
    pub fn identities(&self, _: Option<Identity>) -> io::Result<Vec<Identity>> {
        Ok(Vec::new())
    }

    /// None.
    #[expect(clippy::unnecessary_wraps, clippy::unused_self)]
    pub fn identity(&self) -> io::Result<Option<Identity>> {
        Ok(None)
    }

    /// What stands at a name; a link is itself.
    pub fn stat(&self, name: &OsStr) -> io::Result<Stats> {
        Ok(stats_of(&fs::symlink_metadata(self.at(name)?)?))
    }

    /// What an open file is.
    pub fn stat_open(file: &File) -> io::Result<Stats> {
        Ok(stats_of(&file.metadata()?))
    }

    /// Whether its user may write the file.
    pub fn is_writable(&self, name: &OsStr) -> io::Result<()> {
        if fs::symlink_metadata(self.at(name)?)?
            .permissions()
            .readonly()
        {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(())
    }

    /// Opens a regular file for reading.
    pub fn open_file(&self, name: &OsStr) -> io::Result<File> {
        let path = self.at(name)?;
        let kind = fs::symlink_metadata(&path)?.file_type();
        if kind.is_symlink() {
            return Err(LinkMet::error());
        }
        if !kind.is_file() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let file = File::open(&path)?;
        self.look_again()?;
        if fs::symlink_metadata(&path)?.is_symlink() {
            return Err(LinkMet::error());
        }
        Ok(file)
    }

    /// Makes a file that is not there, open for writing.
    pub fn create_file(&self, name: &OsStr, _: bool) -> io::Result<File> {
        File::create_new(self.at(name)?)
    }

    /// Gives the file the mode of the one that it replaces, where the system has such.
    pub fn dress(file: &File, like: &Stats) -> io::Result<()> {
        Self::set_mode(file, like.mode)
    }

    /// Sets whether the file may be written: all that there is everywhere.
    pub fn set_mode(file: &File, mode: u32) -> io::Result<()> {
        let mut permissions = file.metadata()?.permissions();
        permissions.set_readonly(mode & 0o222 == 0);
        file.set_permissions(permissions)
    }

    /// Names and kinds, at most `most` and one more.
    pub fn entries(&self, most: usize) -> io::Result<Vec<DirEntry>> {
        self.look_again()?;
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            entries.push(DirEntry {
                name: entry.file_name(),
                kind: entry.file_type()?.into(),
            });
            if entries.len() > most {
                break;
            }
        }
        self.look_again()?;
        Ok(entries)
    }

    /// Puts `name` in place of what stands at `to`, in `directory`.
    pub fn rename(&self, name: &OsStr, directory: &Self, to: &OsStr) -> io::Result<()> {
        fs::rename(self.at(name)?, directory.at(to)?)
    }

    /// Puts `name` at `to`, in `directory`, where nothing may stand.
    pub fn rename_new(&self, name: &OsStr, directory: &Self, to: &OsStr) -> io::Result<()> {
        let (from, to) = (self.at(name)?, directory.at(to)?);
        if fs::symlink_metadata(&to).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if fs::symlink_metadata(&from)?.is_file() {
            fs::hard_link(&from, &to)?;
            return fs::remove_file(&from);
        }
        fs::rename(from, to)
    }

    /// Gives a file a second name beside its first one.
    pub fn link(&self, name: &OsStr, to: &OsStr) -> io::Result<()> {
        fs::hard_link(self.at(name)?, self.at(to)?)
    }

    /// Removes a name that is no directory.
    pub fn remove_file(&self, name: &OsStr) -> io::Result<()> {
        fs::remove_file(self.at(name)?)
    }

    /// Removes an empty directory.
    pub fn remove_directory(&self, name: &OsStr) -> io::Result<()> {
        fs::remove_dir(self.at(name)?)
    }

    /// Makes a directory that is not there.
    pub fn make_directory(&self, name: &OsStr) -> io::Result<()> {
        fs::create_dir(self.at(name)?)
    }

    /// Makes a link that is not there.
    pub fn make_link(&self, name: &OsStr, target: &Path) -> io::Result<()> {
        let path = self.at(name)?;
        #[cfg(unix)]
        return std::os::unix::fs::symlink(target, path);
        #[cfg(windows)]
        return std::os::windows::fs::symlink_file(target, path);
        #[cfg(not(any(unix, windows)))]
        {
            let _ = (target, path);
            Err(io::ErrorKind::Unsupported.into())
        }
    }

    /// Where a link leads, as it is written.
    pub fn read_link(&self, name: &OsStr) -> io::Result<PathBuf> {
        fs::read_link(self.at(name)?)
    }

    /// Names are as safe as the system makes them.
    #[expect(clippy::unnecessary_wraps, clippy::unused_self)]
    pub fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

fn stats_of(stats: &fs::Metadata) -> Stats {
    let kind = FileKind::from(stats.file_type());
    let modified = stats.modified().ok();
    let since = modified.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    Stats {
        identity: identity(stats),
        kind,
        size: stats.len(),
        links: 1,
        mode: if stats.permissions().readonly() {
            0o444
        } else {
            0o666
        },
        user: 0,
        group: 0,
        modified_ms: since.map_or(0, |since| {
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        }),
        touched_ns: [since.map_or(0, |since| since.as_nanos().cast_signed()); 2],
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::Directory;
    use crate::files::error::FileError;
    use crate::files::trial::Trial;
    use std::ffi::OsStr;
    use std::io::{Read, Write};
    use std::os::unix::fs::symlink;
    use std::path::Path;

    fn code<T>(result: std::io::Result<T>) -> &'static str {
        result.map_or_else(
            |error| FileError::from_io(Path::new("x"), error).code(),
            |_| "OK",
        )
    }

    #[test]
    fn links_are_refused_wherever_they_stand() {
        let trial = Trial::new("portable");
        std::fs::create_dir_all(trial.at("top/a")).expect("a directory");
        std::fs::create_dir(trial.at("out")).expect("a directory");
        std::fs::write(trial.at("out/file"), "outside").expect("a file");
        symlink(trial.at("out"), trial.at("top/away")).expect("a link");
        symlink(trial.at("out/file"), trial.at("top/a/file")).expect("a link");
        let top = Directory::open(&trial.at("top")).expect("a directory");
        assert_eq!(code(top.below(Path::new("away"))), "LINK_IN_PATH");
        assert_eq!(code(top.below(Path::new("../out"))), "IO");
        let below = top.below(Path::new("a")).expect("a directory");
        assert_eq!(code(below.open_file(OsStr::new("file"))), "LINK_IN_PATH");
        assert_eq!(code(below.create_file(OsStr::new("file"), true)), "EXISTS");
        // A link that takes the place of the directory afterwards.
        std::fs::rename(trial.at("top/a"), trial.at("top/b")).expect("moved");
        symlink(trial.at("out"), trial.at("top/a")).expect("a link");
        assert_eq!(code(below.open_file(OsStr::new("file"))), "LINK_IN_PATH");
        assert_eq!(
            code(below.create_file(OsStr::new("new"), true)),
            "LINK_IN_PATH"
        );
        assert_eq!(code(below.remove_file(OsStr::new("file"))), "LINK_IN_PATH");
        assert_eq!(code(below.entries(9)), "LINK_IN_PATH");
        assert!(!trial.at("out/new").exists() && trial.at("out/file").exists());
    }

    #[test]
    fn entries_come_and_go() {
        let trial = Trial::new("portable-names");
        let top = Directory::open(&trial.at("")).expect("a directory");
        let (one, two) = (OsStr::new("one"), OsStr::new("two"));
        top.create_file(one, true)
            .and_then(|mut file| file.write_all(b"x"))
            .expect("written");
        assert_eq!(top.stat(one).expect("there").size, 1);
        top.rename_new(one, &top, two).expect("renamed");
        top.create_file(one, true).expect("created");
        assert_eq!(code(top.rename_new(one, &top, two)), "EXISTS");
        top.rename(one, &top, two).expect("replaced");
        let mut content = String::new();
        top.open_file(two)
            .and_then(|mut file| file.read_to_string(&mut content))
            .expect("read");
        assert_eq!(content, "");
        top.make_directory(one).expect("made");
        assert_eq!(code(top.open_file(one)), "IO");
        assert_eq!(top.entries(9).expect("names").len(), 2);
        top.remove_directory(one).expect("removed");
        top.remove_file(two).expect("removed");
        assert!(top.entries(9).expect("names").is_empty());
    }
}
