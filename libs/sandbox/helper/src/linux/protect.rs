//! Protected paths, seen from outside: which are there, which directories lead to them, and a placeholder for what is missing.
//!
//! A placeholder is a socket that nobody listens on: git does not see it, opening it fails at once, and it takes no block
//! of a disk (freeing one costs milliseconds where a disk discards). Only for `.git` it is an empty directory, which git
//! takes for none. Its mode tells one that a killed machine left behind. Each run holds a shared lock on the root
//! directory; who gets the exclusive one at the end removes its placeholders. Removing one that another run still needs would
//! take that run's mount away with it.
//!
//! A mount holds a name against this view only. Where the host renames another file onto a protected or denied one, the kernel
//! drops the mount, and the new file is open to the command until its end.

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;

use fishplate_sandbox_helper::{PLACEHOLDER_MODE, Plan, Protected, Step};
use rustix::fd::OwnedFd;
use rustix::fs::{
    AtFlags, FileType, FlockOperation, Mode, OFlags, RawDir, Stat, fchmod, flock, fstat, mkdirat,
    mknodat, openat, statat, unlinkat,
};
use rustix::io::Errno;
use rustix::thread::nanosleep;
use rustix::time::Timespec;

use super::{Failure, Outcome, kernel};

/// Tries for a lock, 200 microseconds apart. Runs hold the exclusive one for less than that; who holds it longer is no run and
/// removes nothing, so then it goes on without.
const TRIES: u32 = 1000;

/// A path that the view holds in its place: what is mounted upon cannot be renamed or removed.
pub struct Held {
    pub path: CString,
    pub how: Hold,
}

/// What is mounted upon a path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Itself.
    Place,
    /// Itself, read-only.
    ReadOnly,
    /// Something empty: it is a placeholder.
    Cover,
}

/// A list for the init process: its length, then each path with how it is held before it and a NUL behind.
pub fn encode(held: &[Held]) -> Vec<u8> {
    let mut list = Vec::with_capacity(1024);
    for one in held {
        list.push(match one.how {
            Hold::Place => b'p',
            Hold::ReadOnly => b'r',
            Hold::Cover => b'c',
        });
        list.extend_from_slice(one.path.as_bytes_with_nul());
    }
    let mut bytes = (list.len() as u64).to_le_bytes().to_vec();
    bytes.extend(list);
    bytes
}

/// Reads the list from the pipe. `None`: the outer process has ended.
pub fn receive(pipe: &OwnedFd) -> Option<Vec<Held>> {
    let mut length = [0; 8];
    fill(pipe, &mut length)?;
    let mut list = vec![0; usize::try_from(u64::from_le_bytes(length)).ok()?];
    fill(pipe, &mut list)?;
    list.split_inclusive(|byte| *byte == 0)
        .map(|one| {
            let (how, path) = one.split_first()?;
            Some(Held {
                path: CStr::from_bytes_with_nul(path).ok()?.to_owned(),
                how: match how {
                    b'p' => Hold::Place,
                    b'r' => Hold::ReadOnly,
                    _ => Hold::Cover,
                },
            })
        })
        .collect()
}

fn fill(pipe: &OwnedFd, mut bytes: &mut [u8]) -> Option<()> {
    while !bytes.is_empty() {
        match rustix::io::read(pipe, &mut *bytes) {
            Err(Errno::INTR) => {}
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes = bytes.get_mut(count..)?,
        }
    }
    Some(())
}

/// What stands for something missing.
struct Placeholder {
    root: usize,
    parent: OwnedFd,
    name: CString,
}

struct Root {
    path: CString,
    directory: OwnedFd,
}

/// All that is protected.
#[derive(Default)]
pub struct Protection {
    pub held: Vec<Held>,
    roots: Vec<Root>,
    placeholders: Vec<Placeholder>,
}

/// What was found at a name.
enum Found {
    Missing,
    Placeholder,
    Directory,
    Other,
}

impl Protection {
    /// Looks at all protected paths, and makes what is missing.
    pub fn prepare(&mut self, plan: &Plan) -> Outcome {
        for (index, item) in plan.protected.iter().enumerate() {
            let detail = u32::try_from(index).unwrap_or(u32::MAX);
            self.prepare_one(item)
                .map_err(Failure::within(Step::Protect, detail))?;
        }
        Ok(())
    }

    fn prepare_one(&mut self, item: &Protected) -> kernel::Result<()> {
        let Some(root) = self.lock_root(&item.root)? else {
            return Ok(());
        };
        let below = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut parent: Option<OwnedFd> = None;
        let mut path = item.root.as_bytes().to_vec();
        if path == b"/" {
            path.clear();
        }
        let mut names = item.below.as_bytes().split(|byte| *byte == b'/').peekable();
        while let Some(name) = names.next() {
            path.push(b'/');
            path.extend_from_slice(name);
            let name = CString::new(name).map_err(|_| Errno::INVAL)?;
            let last = names.peek().is_none();
            let at = parent
                .as_ref()
                .or(self.directory(root))
                .ok_or(Errno::BADF)?;
            let mut found = look(at, &name)?;
            if matches!(found, Found::Missing) {
                if item.place_only {
                    return Ok(());
                }
                match make(at, &name) {
                    Ok(()) => found = Found::Placeholder,
                    // Made by another run, or by somebody else, in between.
                    Err(Errno::EXIST) => found = look(at, &name)?,
                    // Who starts the command cannot make it, so neither can the command.
                    Err(Errno::ACCESS | Errno::PERM | Errno::ROFS) => return Ok(()),
                    Err(error) => return Err(error),
                }
            }
            match found {
                Found::Missing => return Err(Errno::BUSY),
                Found::Placeholder => {
                    let parent = rustix::io::fcntl_dupfd_cloexec(at, 3)?;
                    self.placeholders.push(Placeholder { root, parent, name });
                    return self.hold(&path, Hold::Cover);
                }
                Found::Directory if !last || item.place_only => {
                    let next = openat(at, &name, below, Mode::empty())?;
                    self.hold(&path, Hold::Place)?;
                    parent = Some(next);
                }
                // What is no directory and stands on the way must not be replaced by one.
                Found::Directory | Found::Other => return self.hold(&path, Hold::ReadOnly),
            }
        }
        Ok(())
    }

    fn directory(&self, root: usize) -> Option<&OwnedFd> {
        self.roots.get(root).map(|root| &root.directory)
    }

    /// Opens and locks a root once. `None`: it is not there, or out of reach.
    fn lock_root(&mut self, path: &CStr) -> kernel::Result<Option<usize>> {
        let known = self.roots.iter().position(|root| *root.path == *path);
        if known.is_some() {
            return Ok(known);
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = match rustix::fs::open(path, flags, Mode::empty()) {
            Err(Errno::NOENT | Errno::ACCESS) => return Ok(None),
            other => other?,
        };
        for _ in 0..TRIES {
            match flock(&directory, FlockOperation::NonBlockingLockShared) {
                Err(Errno::WOULDBLOCK) => pause(),
                // File systems without locks: placeholders may then go while another run needs them.
                _ => break,
            }
        }
        self.roots.push(Root {
            path: path.to_owned(),
            directory,
        });
        Ok(Some(self.roots.len() - 1))
    }

    fn hold(&mut self, path: &[u8], how: Hold) -> kernel::Result<()> {
        let known = self
            .held
            .iter_mut()
            .find(|held| held.path.as_bytes() == path);
        match known {
            // On the way to something, and protected itself.
            Some(held) if held.how == Hold::Place => held.how = how,
            Some(_) => {}
            None => self.held.push(Held {
                path: CString::new(path).map_err(|_| Errno::INVAL)?,
                how,
            }),
        }
        Ok(())
    }

    /// Removes the placeholders of roots that no other run uses. Answers descriptors of removed directories: closing them is
    /// what frees their blocks, and that can wait until all has been told.
    pub fn release(&self) -> Vec<OwnedFd> {
        let mut removed = Vec::new();
        let exclusive: Vec<bool> = self
            .roots
            .iter()
            .map(|root| flock(&root.directory, FlockOperation::NonBlockingLockExclusive).is_ok())
            .collect();
        for placeholder in &self.placeholders {
            if exclusive.get(placeholder.root) == Some(&true) {
                removed.extend(remove(&placeholder.parent, &placeholder.name));
            }
        }
        for root in &self.roots {
            let _ = flock(&root.directory, FlockOperation::NonBlockingUnlock);
        }
        removed
    }
}

fn look(at: &OwnedFd, name: &CStr) -> kernel::Result<Found> {
    let found = match statat(at, name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => return Ok(Found::Missing),
        other => other?,
    };
    let marked = found.st_mode & 0o7777 == PLACEHOLDER_MODE;
    Ok(match FileType::from_raw_mode(found.st_mode) {
        FileType::Socket if marked => Found::Placeholder,
        FileType::Directory if marked && is_empty(at, name)? => Found::Placeholder,
        FileType::Directory => Found::Directory,
        _ => Found::Other,
    })
}

fn make(at: &OwnedFd, name: &CStr) -> kernel::Result<()> {
    let mode = Mode::from_raw_mode(PLACEHOLDER_MODE);
    if name == c".git" {
        mkdirat(at, name, mode)
    } else {
        match mknodat(at, name, FileType::Socket, mode, 0) {
            // File systems that have no sockets.
            Err(Errno::PERM | Errno::OPNOTSUPP | Errno::INVAL) => mkdirat(at, name, mode),
            other => other,
        }
    }
}

/// Removes what is still a placeholder. Into a directory somebody outside may have put something: then it is an ordinary one.
fn remove(at: &OwnedFd, name: &CStr) -> Option<OwnedFd> {
    let found = statat(at, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    if !is_marked(&found) {
        return None;
    }
    match FileType::from_raw_mode(found.st_mode) {
        FileType::Socket => {
            let _ = unlinkat(at, name, AtFlags::empty());
            None
        }
        FileType::Directory => {
            let directory = open_directory(at, name).ok();
            if unlinkat(at, name, AtFlags::REMOVEDIR).is_err() {
                let _ = unmark(at, name);
            }
            directory
        }
        _ => None,
    }
}

fn is_marked(found: &Stat) -> bool {
    found.st_mode & 0o7777 == PLACEHOLDER_MODE
}

fn open_directory(at: &OwnedFd, name: &CStr) -> kernel::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(at, name, flags, Mode::empty())
}

fn is_empty(at: &OwnedFd, name: &CStr) -> kernel::Result<bool> {
    let directory = open_directory(at, name)?;
    let mut space = [MaybeUninit::uninit(); 1024];
    let mut entries = RawDir::new(&directory, &mut space);
    while let Some(entry) = entries.next() {
        if !matches!(entry?.file_name().to_bytes(), b"." | b"..") {
            return Ok(false);
        }
    }
    Ok(true)
}

fn unmark(at: &OwnedFd, name: &CStr) -> kernel::Result<()> {
    let directory = open_directory(at, name)?;
    let mode = fstat(&directory)?.st_mode & 0o777;
    fchmod(&directory, Mode::from_raw_mode(mode))
}

fn pause() {
    let time = Timespec {
        tv_sec: 0,
        tv_nsec: 200_000,
    };
    let _ = nanosleep(&time);
}
