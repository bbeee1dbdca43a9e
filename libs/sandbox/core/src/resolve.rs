//! A path as the kernel would walk it: symbolic links followed one by one, `..` behind a link from where the link leads,
//! parts that are missing kept as they are spelled.
//!
//! The answer is a path without links. Who then opens exactly that path and lets the kernel follow no link at all has opened
//! what the answer was about, or nothing: that is what makes files free of races ([`crate::Files`]).

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::names::NameError;
use crate::paths::{check, split, too_long};

/// As many links as Linux follows in one path.
const MOST_LINKS: usize = 40;

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A device, a pipe or a socket.
    Other,
}

impl From<fs::FileType> for FileKind {
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

/// Device and inode: one thing on disk, whatever it is called. None where the system has no such numbers.
pub(crate) type Identity = (u64, u64);

/// Where a path ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Found(FileKind),
    Missing,
    /// A part before the last is missing and `..` stands behind it, or is no directory: the kernel refuses the path.
    Nowhere(Nowhere),
    /// The system does not let its user look.
    Hidden,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nowhere {
    BehindMissing,
    BelowFile,
}

#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    /// Without links, `.` and `..`.
    pub path: PathBuf,
    pub end: End,
    /// Spelled as a directory: with a slash or a dot at its end.
    pub as_directory: bool,
    /// The last name was a link, and was followed.
    pub last_was_link: bool,
    /// Where the links stand that were followed.
    pub links: Vec<PathBuf>,
    /// Of each part that is there, the root first.
    pub identities: Vec<Identity>,
}

impl Resolved {
    /// Of what stands at the path itself.
    pub fn identity(&self) -> Option<Identity> {
        match self.end {
            End::Found(_) => self.identities.last().copied(),
            _ => None,
        }
    }
}

#[derive(Debug)]
pub(crate) enum ResolveError {
    Name(NameError),
    /// More links than the kernel follows.
    Loop(PathBuf),
    /// Below `/proc/PID`: open files, memory, environment and root of the processes outside the sandbox.
    Processes(PathBuf),
}

impl From<NameError> for ResolveError {
    fn from(error: NameError) -> Self {
        Self::Name(error)
    }
}

/// The path without links, its missing parts as spelled; none where it cannot be walked.
pub(crate) fn settle(path: &Path) -> Option<PathBuf> {
    resolve(path, Path::new("/"), true)
        .ok()
        .map(|resolved| resolved.path)
}

/// Walks `path`, from `base` where it is relative; a link at its end is followed where `follow_last`.
pub(crate) fn resolve(
    path: &Path,
    base: &Path,
    follow_last: bool,
) -> Result<Resolved, ResolveError> {
    check(path)?;
    let mut walk = Walk::new();
    let (anchor, steps) = split(path);
    match anchor {
        Some(anchor) => walk.restart(anchor, steps),
        None => {
            let (anchor, mut all) = split(base);
            all.extend(steps);
            walk.restart(anchor.unwrap_or_default(), all);
        }
    }
    walk.run(follow_last)?;
    Ok(walk.done())
}

struct Walk {
    path: PathBuf,
    /// Names to come, the next one last.
    pending: Vec<OsString>,
    /// What stands at `path`, while nothing is missing.
    kind: FileKind,
    identities: Vec<Identity>,
    /// Names at the end of `path` that were not looked up, since something is in the way.
    beyond: usize,
    trouble: Option<End>,
    as_directory: bool,
    last_was_link: bool,
    links: Vec<PathBuf>,
}

impl Walk {
    fn new() -> Self {
        Self {
            path: PathBuf::new(),
            pending: Vec::new(),
            kind: FileKind::Directory,
            identities: Vec::new(),
            beyond: 0,
            trouble: None,
            as_directory: false,
            last_was_link: false,
            links: Vec::new(),
        }
    }

    /// Goes on from an absolute path, with these names before those to come.
    fn restart(&mut self, anchor: PathBuf, steps: Vec<OsString>) {
        self.identities.clear();
        self.identities
            .extend(look(&anchor).ok().and_then(|stats| identity(&stats)));
        self.path = anchor;
        self.kind = FileKind::Directory;
        self.pending.extend(steps.into_iter().rev());
    }

    fn run(&mut self, follow_last: bool) -> Result<(), ResolveError> {
        while let Some(name) = self.pending.pop() {
            self.as_directory = name == "." || name == "..";
            if self.beyond == 0 && self.kind != FileKind::Directory {
                self.trouble = Some(End::Nowhere(Nowhere::BelowFile));
            }
            if name == "." {
                continue;
            }
            if name == ".." {
                self.up();
                continue;
            }
            self.path.push(&name);
            if is_process(&self.path) {
                return Err(ResolveError::Processes(self.path.clone()));
            }
            if self.beyond > 0 || self.kind != FileKind::Directory {
                self.beyond += 1;
                continue;
            }
            self.down(follow_last)?;
        }
        Ok(())
    }

    fn up(&mut self) {
        if self.beyond > 0 {
            self.beyond -= 1;
            if self.trouble != Some(End::Nowhere(Nowhere::BelowFile)) {
                self.trouble = Some(End::Nowhere(Nowhere::BehindMissing));
            }
            self.path.pop();
            return;
        }
        if self.path.pop() && self.identities.len() > 1 {
            self.identities.pop();
        }
        self.kind = FileKind::Directory;
    }

    /// Looks up the name that was just put at the end of the path.
    fn down(&mut self, follow_last: bool) -> Result<(), ResolveError> {
        let stats = match look(&self.path) {
            Ok(stats) => stats,
            Err(error) => {
                self.beyond += 1;
                let end = match error.kind() {
                    io::ErrorKind::InvalidFilename => return Err(too_long(&self.path).into()),
                    io::ErrorKind::NotFound => End::Missing,
                    io::ErrorKind::NotADirectory => End::Nowhere(Nowhere::BelowFile),
                    _ => End::Hidden,
                };
                self.trouble.get_or_insert(end);
                return Ok(());
            }
        };
        let identity = identity(&stats);
        if self.is_other_proc(identity) {
            return Err(ResolveError::Processes(self.path.clone()));
        }
        self.kind = stats.file_type().into();
        let last = self.pending.is_empty();
        if self.kind != FileKind::Link || (last && !follow_last) {
            self.identities.extend(identity);
            return Ok(());
        }
        self.last_was_link |= last;
        self.follow()
    }

    fn follow(&mut self) -> Result<(), ResolveError> {
        let link = self.path.clone();
        if self.links.len() >= MOST_LINKS {
            return Err(ResolveError::Loop(link));
        }
        let Ok(target) = fs::read_link(&link) else {
            self.beyond += 1;
            self.kind = FileKind::Directory;
            self.trouble.get_or_insert(End::Hidden);
            return Ok(());
        };
        self.links.push(link);
        check(&target)?;
        let (anchor, steps) = split(&target);
        if let Some(anchor) = anchor {
            self.restart(anchor, steps);
        } else {
            self.path.pop();
            self.kind = FileKind::Directory;
            self.pending.extend(steps.into_iter().rev());
        }
        Ok(())
    }

    /// Whether the walk steps onto a procfs that is mounted elsewhere than at `/proc`.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn is_other_proc(&self, identity: Option<Identity>) -> bool {
        let before = self.identities.last().map(|(device, _)| *device);
        identity.map(|(device, _)| device) != before
            && self.path != Path::new("/proc")
            && !self.path.starts_with("/proc")
            && rustix::fs::statfs(&self.path)
                .is_ok_and(|stats| stats.f_type == rustix::fs::PROC_SUPER_MAGIC)
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn is_other_proc(&self, _: Option<Identity>) -> bool {
        false
    }

    fn done(self) -> Resolved {
        let end = match self.trouble {
            // `missing/..` is a path that the kernel refuses, though the names lead back to something that is there.
            Some(end) if self.beyond > 0 || matches!(end, End::Nowhere(_)) => end,
            _ => End::Found(self.kind),
        };
        Resolved {
            path: self.path,
            end,
            as_directory: self.as_directory,
            last_was_link: self.last_was_link,
            links: self.links,
            identities: self.identities,
        }
    }
}

fn look(path: &Path) -> io::Result<fs::Metadata> {
    fs::symlink_metadata(path)
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps)]
pub(crate) fn identity(stats: &fs::Metadata) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    Some((stats.dev(), stats.ino()))
}

#[cfg(not(unix))]
pub(crate) fn identity(_: &fs::Metadata) -> Option<Identity> {
    None
}

/// `/proc/PID` and what lies below it, and the kernel's memory.
fn is_process(path: &Path) -> bool {
    if !cfg!(any(target_os = "linux", target_os = "android")) {
        return false;
    }
    let Ok(below) = path.strip_prefix("/proc") else {
        return false;
    };
    let first = below.iter().next().unwrap_or_default().as_encoded_bytes();
    !first.is_empty() && (first.iter().all(u8::is_ascii_digit) || first == b"kcore")
}
