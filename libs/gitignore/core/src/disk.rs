//! Directories and files as they are read: by the kernel's own calls on Linux, by the standard library elsewhere.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

/// What a name in a directory stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A device, a pipe, a socket: git sees none of them.
    Other,
}

impl From<fs::FileType> for Kind {
    fn from(kind: fs::FileType) -> Self {
        if kind.is_file() {
            Self::File
        } else if kind.is_dir() {
            Self::Directory
        } else if kind.is_symlink() {
            Self::Link
        } else {
            Self::Other
        }
    }
}

/// The entries of a directory, without `.` and `..`; room that is used again and again.
#[derive(Default)]
pub struct Entries {
    names: Vec<u8>,
    entries: Vec<(usize, usize, Kind)>,
    #[cfg(target_os = "linux")]
    room: Vec<u8>,
}

impl Entries {
    /// Names and kinds, in the order of the disk.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], Kind)> {
        self.entries
            .iter()
            .map(|&(start, end, kind)| (&self.names[start..end], kind))
    }

    fn clear(&mut self) {
        self.names.clear();
        self.entries.clear();
    }

    fn push(&mut self, name: &[u8], kind: Kind) {
        let start = self.names.len();
        self.names.extend_from_slice(name);
        self.entries.push((start, self.names.len(), kind));
    }

    /// Reads the directory at `path`, in place of what was here; `path` itself may be a link where `follows`.
    #[cfg(target_os = "linux")]
    pub fn read(&mut self, path: &Path, follows: bool) -> io::Result<()> {
        use rustix::fs::{FileType, Mode, OFlags, RawDir, open};
        self.clear();
        let mut flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        flags.set(OFlags::NOFOLLOW, !follows);
        let directory = open(path, flags, Mode::empty())?;
        let mut room = std::mem::take(&mut self.room);
        room.clear();
        room.reserve(32 << 10);
        let mut entries = RawDir::new(&directory, room.spare_capacity_mut());
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            let kind = match entry.file_type() {
                _ if matches!(name, b"." | b"..") => continue,
                FileType::RegularFile => Kind::File,
                FileType::Directory => Kind::Directory,
                FileType::Symlink => Kind::Link,
                FileType::Unknown => {
                    match fs::symlink_metadata(path.join(crate::bytes::path_from(name))) {
                        Ok(stats) => stats.file_type().into(),
                        Err(_) => continue,
                    }
                }
                _ => Kind::Other,
            };
            self.push(name, kind);
        }
        self.room = room;
        Ok(())
    }

    /// Reads the directory at `path`, in place of what was here.
    #[cfg(not(target_os = "linux"))]
    pub fn read(&mut self, path: &Path, _: bool) -> io::Result<()> {
        self.clear();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let name = crate::bytes::path_bytes(Path::new(&entry.file_name())).into_owned();
            let kind = entry.file_type()?.into();
            self.push(&name, kind);
        }
        Ok(())
    }
}

/// Content of a regular file of at most `limit` bytes; `path` itself may be a link where `follows`. A pipe is waited for by
/// nobody.
pub fn read_regular(path: &Path, follows: bool, limit: u64) -> io::Result<Vec<u8>> {
    let file = open_waiting_for_nobody(path, follows)?;
    let stats = file.metadata()?;
    if !stats.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is no regular file",
        ));
    }
    if stats.len() > limit {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut content = Vec::with_capacity(usize::try_from(stats.len()).unwrap_or(0) + 1);
    file.take(limit).read_to_end(&mut content)?;
    Ok(content)
}

#[cfg(unix)]
fn open_waiting_for_nobody(path: &Path, follows: bool) -> io::Result<fs::File> {
    use rustix::fs::{Mode, OFlags, open};
    let mut flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    flags.set(OFlags::NOFOLLOW, !follows);
    Ok(open(path, flags, Mode::empty())?.into())
}

#[cfg(not(unix))]
fn open_waiting_for_nobody(path: &Path, follows: bool) -> io::Result<fs::File> {
    if !follows && fs::symlink_metadata(path)?.is_symlink() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    fs::File::open(path)
}

/// What tells a directory from all others, by whatever path it is reached.
#[cfg(unix)]
pub type Identity = (u64, u64);

/// What tells a directory from all others, by whatever path it is reached.
#[cfg(not(unix))]
pub type Identity = std::path::PathBuf;

/// The identity of what `path` leads to.
#[cfg(unix)]
pub fn identity_of(path: &Path) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).map(|stats| (stats.dev(), stats.ino()))
}

/// The identity of what `path` leads to.
#[cfg(not(unix))]
pub fn identity_of(path: &Path) -> io::Result<Identity> {
    fs::canonicalize(path)
}
