//! A directory that is held open. Each call names one entry in it, and none follows a symbolic link.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{self, Access, AtFlags, FileType, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use super::entries::{DirEntry, Stats};
use super::error::LinkMet;
use crate::resolve::{FileKind, Identity};

/// Deepest directory whose ancestors are looked at; Linux's longest path has fewer.
const DEEPEST: usize = 4096;

/// Enough to search a directory and to name entries of it, where the system has such a flag; nothing is read by it.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
const HANDLE: OFlags = OFlags::PATH;
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
const HANDLE: OFlags = OFlags::RDONLY;

/// A directory that is held open.
#[derive(Debug)]
pub(crate) struct Directory {
    handle: OwnedFd,
}

impl Directory {
    /// Opens a directory by its path, whose links are followed: for roots, before anything runs in them.
    pub fn open(path: &Path) -> io::Result<Self> {
        let handle = fs::open(
            path,
            HANDLE | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        Ok(Self { handle })
    }

    /// Opens the directory at a relative path below this one; no part of it may be a link or `..`.
    pub fn below(&self, path: &Path) -> io::Result<Self> {
        if path.as_os_str().is_empty() {
            let handle = self.handle.try_clone()?;
            return Ok(Self { handle });
        }
        #[cfg(any(target_os = "linux", target_os = "android"))]
        match self.below_at_once(path) {
            // No openat2 before Linux 5.6, and filters of old container engines answer EPERM.
            Err(Errno::NOSYS | Errno::PERM) => {}
            Err(Errno::LOOP | Errno::XDEV) => return Err(LinkMet::error()),
            other => {
                return Ok(Self { handle: other? });
            }
        }
        self.below_by_steps(path)
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn below_at_once(&self, path: &Path) -> Result<OwnedFd, Errno> {
        use rustix::fs::ResolveFlags;
        // The kernel asks for another try where a rename came between.
        const TRIES: usize = 64;
        let resolve =
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        let flags = HANDLE | OFlags::DIRECTORY | OFlags::CLOEXEC;
        for _ in 1..TRIES {
            match fs::openat2(&self.handle, path, flags, Mode::empty(), resolve) {
                Err(Errno::AGAIN | Errno::INTR) => {}
                other => return other,
            }
        }
        fs::openat2(&self.handle, path, flags, Mode::empty(), resolve)
    }

    /// One name at a time, for systems that cannot do it at once.
    pub fn below_by_steps(&self, path: &Path) -> io::Result<Self> {
        let mut handle = self.handle.try_clone()?;
        for component in path.components() {
            let Component::Normal(name) = component else {
                return Err(io::ErrorKind::InvalidInput.into());
            };
            let flags = HANDLE | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            handle = match fs::openat(&handle, name, flags, Mode::empty()) {
                Ok(next) => next,
                Err(Errno::LOOP) => return Err(LinkMet::error()),
                Err(Errno::NOTDIR) if is_link(&handle, name) => return Err(LinkMet::error()),
                Err(error) => return Err(error.into()),
            };
        }
        Ok(Self { handle })
    }

    /// Of this directory and of those that it lies in, up to `top` or the root of the disk.
    pub fn identities(&self, top: Option<Identity>) -> io::Result<Vec<Identity>> {
        let mut identities = Vec::with_capacity(16);
        let mut handle = self.handle.try_clone()?;
        for _ in 0..DEEPEST {
            let identity = identity(&fs::fstat(&handle)?);
            if identities.last() == Some(&identity) {
                break;
            }
            identities.push(identity);
            if Some(identity) == top {
                break;
            }
            handle = fs::openat(
                &handle,
                "..",
                HANDLE | OFlags::DIRECTORY | OFlags::CLOEXEC,
                Mode::empty(),
            )?;
        }
        Ok(identities)
    }

    /// Of this directory itself.
    pub fn identity(&self) -> io::Result<Option<Identity>> {
        Ok(Some(identity(&fs::fstat(&self.handle)?)))
    }

    /// What stands at a name; a link is itself.
    pub fn stat(&self, name: &OsStr) -> io::Result<Stats> {
        Ok(stats_of(&fs::statat(
            &self.handle,
            name,
            AtFlags::SYMLINK_NOFOLLOW,
        )?))
    }

    /// What an open file is.
    pub fn stat_open(file: &File) -> io::Result<Stats> {
        Ok(stats_of(&fs::fstat(file)?))
    }

    /// Whether its user may write the file, apart from what the policy says.
    pub fn is_writable(&self, name: &OsStr) -> io::Result<()> {
        match fs::accessat(&self.handle, name, Access::WRITE_OK, AtFlags::EACCESS) {
            // faccessat2 came with Linux 5.8; without it the owner's bits count for less than the rename that follows.
            Err(Errno::NOSYS | Errno::INVAL | Errno::NOENT) => Ok(()),
            other => Ok(other?),
        }
    }

    /// Opens a file for reading, and waits for nobody: not for the writer of a pipe, not for a device.
    pub fn open_file(&self, name: &OsStr) -> io::Result<File> {
        let flags =
            OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        match fs::openat(&self.handle, name, flags, Mode::empty()) {
            Ok(handle) => Ok(handle.into()),
            // FreeBSD's word for a link is EMLINK.
            Err(Errno::LOOP | Errno::MLINK) => Err(LinkMet::error()),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a file that is not there, open for writing; only for its user where `private`.
    pub fn create_file(&self, name: &OsStr, private: bool) -> io::Result<File> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = if private { 0o600 } else { 0o666 };
        Ok(fs::openat(&self.handle, name, flags, Mode::from_raw_mode(mode))?.into())
    }

    /// Gives the file an owner and a mode; the owner as far as its user may.
    pub fn dress(file: &File, like: &Stats) -> io::Result<()> {
        let now = fs::fstat(file)?;
        let owner = (now.st_uid != like.user).then(|| fs::Uid::from_raw(like.user));
        let group = (now.st_gid != like.group).then(|| fs::Gid::from_raw(like.group));
        if (owner.is_some() || group.is_some()) && fs::fchown(file, owner, group).is_err() {
            // Only root gives files away; a group of one's own can still be set. Where not, the file is its writer's.
            let _ = fs::fchown(file, None, group);
        }
        Self::set_mode(file, like.mode)
    }

    /// Sets read, write and execute; never set-user-id, set-group-id and sticky.
    pub fn set_mode(file: &File, mode: u32) -> io::Result<()> {
        let bits = Mode::RWXU | Mode::RWXG | Mode::RWXO;
        #[allow(
            clippy::cast_possible_truncation,
            reason = "16 bits hold the mode where it is that wide"
        )]
        let mode = Mode::from_raw_mode(mode as _) & bits;
        Ok(fs::fchmod(file, mode)?)
    }

    /// Names and kinds, at most `most` and one more.
    pub fn entries(&self, most: usize) -> io::Result<Vec<DirEntry>> {
        let mut entries = Vec::new();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        for entry in fs::Dir::new(fs::openat(&self.handle, ".", flags, Mode::empty())?)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") {
                continue;
            }
            let name = OsStr::from_bytes(name).to_owned();
            let kind = match entry.file_type() {
                FileType::Unknown => match self.stat(&name) {
                    Ok(stats) => stats.kind,
                    Err(_) => continue,
                },
                kind => kind_of(kind),
            };
            entries.push(DirEntry { name, kind });
            if entries.len() > most {
                break;
            }
        }
        Ok(entries)
    }

    /// Puts `name` in place of what stands at `to`, in `directory`.
    pub fn rename(&self, name: &OsStr, directory: &Self, to: &OsStr) -> io::Result<()> {
        Ok(fs::renameat(&self.handle, name, &directory.handle, to)?)
    }

    /// Puts `name` at `to`, in `directory`, where nothing may stand.
    pub fn rename_new(&self, name: &OsStr, directory: &Self, to: &OsStr) -> io::Result<()> {
        #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
        match fs::renameat_with(
            &self.handle,
            name,
            &directory.handle,
            to,
            RenameFlags::NOREPLACE,
        ) {
            // Some disks cannot (NFS, old FUSE).
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            other => return Ok(other?),
        }
        if self.stat(name)?.kind == FileKind::Directory {
            // A directory cannot be linked. Renamed over another one it takes its place only where that is empty.
            if directory.stat(to).is_ok() {
                return Err(Errno::EXIST.into());
            }
            return self.rename(name, directory, to);
        }
        fs::linkat(&self.handle, name, &directory.handle, to, AtFlags::empty())?;
        Ok(fs::unlinkat(&self.handle, name, AtFlags::empty())?)
    }

    /// Gives a file a second name beside its first one.
    pub fn link(&self, name: &OsStr, to: &OsStr) -> io::Result<()> {
        Ok(fs::linkat(
            &self.handle,
            name,
            &self.handle,
            to,
            AtFlags::empty(),
        )?)
    }

    /// Removes a name that is no directory.
    pub fn remove_file(&self, name: &OsStr) -> io::Result<()> {
        Ok(fs::unlinkat(&self.handle, name, AtFlags::empty())?)
    }

    /// Removes an empty directory.
    pub fn remove_directory(&self, name: &OsStr) -> io::Result<()> {
        Ok(fs::unlinkat(&self.handle, name, AtFlags::REMOVEDIR)?)
    }

    /// Makes a directory that is not there.
    pub fn make_directory(&self, name: &OsStr) -> io::Result<()> {
        Ok(fs::mkdirat(
            &self.handle,
            name,
            Mode::RWXU | Mode::RWXG | Mode::RWXO,
        )?)
    }

    /// Makes a link that is not there.
    pub fn make_link(&self, name: &OsStr, target: &Path) -> io::Result<()> {
        Ok(fs::symlinkat(target, &self.handle, name)?)
    }

    /// Where a link leads, as it is written.
    pub fn read_link(&self, name: &OsStr) -> io::Result<PathBuf> {
        let target = fs::readlinkat(&self.handle, name, Vec::new())?;
        Ok(PathBuf::from(OsString::from(OsStr::from_bytes(
            target.as_bytes(),
        ))))
    }

    /// Has the names of the directory on disk before it returns.
    pub fn sync(&self) -> io::Result<()> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(fs::fsync(fs::openat(
            &self.handle,
            ".",
            flags,
            Mode::empty(),
        )?)?)
    }
}

fn is_link(directory: impl AsFd, name: &OsStr) -> bool {
    fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|stats| FileType::from_raw_mode(stats.st_mode) == FileType::Symlink)
}

// The widths of these fields differ from system to system.
#[allow(
    clippy::cast_sign_loss,
    clippy::useless_conversion,
    clippy::unnecessary_cast
)]
fn identity(stats: &fs::Stat) -> Identity {
    (stats.st_dev as u64, stats.st_ino as u64)
}

#[allow(
    clippy::cast_sign_loss,
    clippy::cast_lossless,
    clippy::useless_conversion,
    clippy::unnecessary_cast
)]
fn stats_of(stats: &fs::Stat) -> Stats {
    Stats {
        identity: Some(identity(stats)),
        kind: kind_of(FileType::from_raw_mode(stats.st_mode)),
        size: u64::try_from(stats.st_size).unwrap_or_default(),
        links: stats.st_nlink as u64,
        mode: stats.st_mode as u32 & 0o7777,
        user: stats.st_uid,
        group: stats.st_gid,
        modified_ms: i64::from(stats.st_mtime)
            .saturating_mul(1000)
            .saturating_add(stats.st_mtime_nsec as i64 / 1_000_000),
        touched_ns: [
            i128::from(stats.st_mtime) * 1_000_000_000 + stats.st_mtime_nsec as i128,
            i128::from(stats.st_ctime) * 1_000_000_000 + stats.st_ctime_nsec as i128,
        ],
    }
}

fn kind_of(kind: FileType) -> FileKind {
    match kind {
        FileType::RegularFile => FileKind::File,
        FileType::Directory => FileKind::Directory,
        FileType::Symlink => FileKind::Link,
        _ => FileKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::Directory;
    use crate::files::error::FileError;
    use crate::files::trial::Trial;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    fn code(result: std::io::Result<Directory>) -> &'static str {
        result.map_or_else(
            |error| FileError::from_io(Path::new("x"), error).code(),
            |_| "OK",
        )
    }

    /// Both ways answer the same, so that an old kernel is no weaker.
    #[test]
    fn at_once_and_by_steps_refuse_the_same_paths() {
        let trial = Trial::new("steps");
        std::fs::create_dir_all(trial.at("top/a/b")).expect("a directory");
        std::fs::create_dir(trial.at("out")).expect("a directory");
        std::fs::write(trial.at("top/a/file"), "").expect("a file");
        symlink(trial.at("out"), trial.at("top/away")).expect("a link");
        symlink("b", trial.at("top/a/near")).expect("a link");
        let top = Directory::open(&trial.at("top")).expect("a directory");
        for (path, expected) in [
            ("", "OK"),
            ("a", "OK"),
            ("a/b", "OK"),
            ("a/missing", "FILE_MISSING"),
            ("a/file", "NOT_A_DIRECTORY"),
            ("a/file/b", "NOT_A_DIRECTORY"),
            ("away", "LINK_IN_PATH"),
            ("a/near", "LINK_IN_PATH"),
            ("a/near/x", "LINK_IN_PATH"),
        ] {
            assert_eq!(code(top.below(Path::new(path))), expected, "{path}");
            assert_eq!(
                code(top.below_by_steps(Path::new(path))),
                expected,
                "{path} by steps"
            );
        }
        for path in ["..", "../out", "a/../../out", "/"] {
            assert_ne!(code(top.below(Path::new(path))), "OK", "{path}");
            assert_ne!(
                code(top.below_by_steps(Path::new(path))),
                "OK",
                "{path} by steps"
            );
        }
    }

    /// What a race leaves between the look at a name and its opening.
    #[test]
    fn a_link_or_a_pipe_that_slips_in_is_not_followed_nor_waited_for() {
        let trial = Trial::new("slips-in");
        std::fs::write(trial.at("file"), "").expect("a file");
        symlink("file", trial.at("link")).expect("a link");
        super::fs::mknodat(
            super::fs::CWD,
            trial.at("pipe"),
            super::FileType::Fifo,
            super::Mode::RWXU,
            0,
        )
        .expect("a pipe");
        let (sender, receiver) = std::sync::mpsc::channel();
        let path = trial.at("");
        std::thread::spawn(move || {
            let top = Directory::open(&path).expect("a directory");
            let codes = ["file", "link", "pipe"].map(|name| {
                let opened = top.open_file(name.as_ref());
                opened.map_or_else(
                    |error| FileError::from_io(Path::new("x"), error).code(),
                    |_| "OK",
                )
            });
            let created = top
                .create_file("link".as_ref(), true)
                .map_err(|error| error.kind());
            sender.send((codes, created.err()))
        });
        let (codes, created) = receiver
            .recv_timeout(std::time::Duration::from_secs(20))
            .expect("an answer in time");
        assert_eq!(codes, ["OK", "LINK_IN_PATH", "OK"]);
        assert_eq!(created, Some(std::io::ErrorKind::AlreadyExists));
    }

    #[test]
    fn identities_end_at_the_top_that_is_named() {
        let trial = Trial::new("identities");
        std::fs::create_dir_all(trial.at("a/b/c")).expect("a directory");
        let top = Directory::open(&trial.at("a")).expect("a directory");
        let own = top.identity().expect("numbers");
        let below = top.below(Path::new("b/c")).expect("a directory");
        let found = below.identities(own).expect("numbers");
        assert_eq!((found.len(), found.last().copied()), (3, own));
        let all = below.identities(None).expect("numbers");
        assert!(all.len() > 3 && all.starts_with(&found));
    }
}
