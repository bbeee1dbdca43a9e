//! Changes to names that matter, as the kernel tells them: of what is held, which the host may replace, and of parts of a
//! repository, which the command may make.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;

use fishplate_sandbox_helper::Plan;
use rustix::fd::OwnedFd;
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

use super::{kernel, repository};

/// Directories that are watched at most: the watches of a user are counted.
const MOST: usize = 512;

/// What tells of a name that was not there before.
const COMING: ReadFlags = ReadFlags::CREATE.union(ReadFlags::MOVED_TO);

/// A watch over the directories of a plan.
pub struct Changes {
    queue: OwnedFd,
    directories: BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>>,
    /// Paths of names that matter, by the kernel's number of the directory and the name.
    names: BTreeMap<i32, BTreeMap<Vec<u8>, Vec<Vec<u8>>>>,
    is_whole: bool,
}

impl Changes {
    /// Begins to watch.
    pub fn of(plan: &Plan) -> kernel::Result<Self> {
        let mut changes = Self {
            queue: inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?,
            directories: directories(plan),
            names: BTreeMap::new(),
            is_whole: false,
        };
        changes.renew();
        Ok(changes)
    }

    /// What becomes readable when something has happened.
    pub fn queue(&self) -> &OwnedFd {
        &self.queue
    }

    /// Whether all of them are watched. Where not, the names have to be looked at.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Watches directories that were not there before, or are others now.
    pub fn renew(&mut self) {
        self.is_whole = self.directories.len() <= MOST;
        let events = WatchFlags::CREATE
            | WatchFlags::MOVED_TO
            | WatchFlags::MOVED_FROM
            | WatchFlags::DELETE
            | WatchFlags::ONLYDIR;
        for (path, names) in self.directories.iter().take(MOST) {
            match inotify::add_watch(&self.queue, path.as_slice(), events) {
                Ok(watch) => {
                    let known = self.names.entry(watch).or_default();
                    for name in names {
                        let paths = known.entry(name.clone()).or_default();
                        let path = below(path, name);
                        if !paths.contains(&path) {
                            paths.push(path);
                        }
                    }
                }
                // Too many, of this user or of all.
                Err(Errno::NOSPC | Errno::NOMEM) => self.is_whole = false,
                // Not there: it comes with a change of the directory above, which is watched too.
                Err(_) => {}
            }
        }
    }

    /// Takes all that is told. Answers whether any of it matters beside that each of `made` came to be, which this process
    /// knows: another change of the same name is told once more.
    pub fn take(&self, mut made: Vec<Vec<u8>>) -> bool {
        let mut space = [MaybeUninit::uninit(); 4096];
        let mut events = Reader::new(&self.queue, &mut space);
        let mut matters = false;
        // No more for now, or nothing that can be read.
        while let Ok(event) = events.next() {
            let names = self.names.get(&event.wd());
            let name = event.file_name().map(CStr::to_bytes);
            if let Some(paths) = name.and_then(|name| names?.get(name)) {
                let has_come = event.events().intersects(COMING);
                match made.iter().position(|path| paths.contains(path)) {
                    Some(own) if has_come => drop(made.swap_remove(own)),
                    _ => matters = true,
                }
            }
            matters |= event.events().contains(ReadFlags::QUEUE_OVERFLOW);
        }
        matters
    }
}

fn below(directory: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = directory.to_vec();
    if directory != b"/" {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}

/// Each directory with the names in it that matter.
fn directories(plan: &Plan) -> BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>> {
    let mut found: BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>> = BTreeMap::new();
    for item in &plan.protected {
        let mut directory = item.root.as_bytes().to_vec();
        for name in item.below.as_bytes().split(|byte| *byte == b'/') {
            let names = found.entry(directory.clone()).or_default();
            names.insert(name.to_vec());
            directory = below(&directory, name);
        }
    }
    for path in &plan.deny {
        let path = path.as_bytes();
        let Some(slash) = path.iter().rposition(|byte| *byte == b'/') else {
            continue;
        };
        let (directory, name) = path.split_at(slash);
        let directory = if directory.is_empty() {
            b"/"
        } else {
            directory
        };
        let names = found.entry(directory.to_vec()).or_default();
        names.insert(name.get(1..).unwrap_or_default().to_vec());
    }
    for root in &plan.unborn {
        let names = found.entry(root.as_bytes().to_vec()).or_default();
        names.extend(repository::PARTS.map(|name| CString::from(name).into_bytes()));
    }
    found
}
