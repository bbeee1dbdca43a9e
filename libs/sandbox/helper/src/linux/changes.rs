//! Changes to names that matter, as the kernel tells them: of what is held, which the host may replace, and of parts of a
//! repository, which the command may make.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CString;
use std::mem::MaybeUninit;

use fishplate_sandbox_helper::Plan;
use rustix::fd::OwnedFd;
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};

use super::{kernel, repository};

/// Directories that are watched at most.
const MOST: usize = 256;

/// A watch over the directories of a plan.
pub struct Changes {
    queue: OwnedFd,
    directories: BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>>,
    /// The names that matter, by the kernel's number of the directory.
    names: BTreeMap<i32, BTreeSet<Vec<u8>>>,
}

impl Changes {
    /// Begins to watch.
    pub fn of(plan: &Plan) -> kernel::Result<Self> {
        let mut changes = Self {
            queue: inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?,
            directories: directories(plan),
            names: BTreeMap::new(),
        };
        changes.renew();
        Ok(changes)
    }

    /// What becomes readable when something has happened.
    pub fn queue(&self) -> &OwnedFd {
        &self.queue
    }

    /// Watches directories that were not there before, or are others now.
    pub fn renew(&mut self) {
        let events = WatchFlags::CREATE
            | WatchFlags::MOVED_TO
            | WatchFlags::MOVED_FROM
            | WatchFlags::DELETE
            | WatchFlags::ONLYDIR;
        for (path, names) in self.directories.iter().take(MOST) {
            if let Ok(watch) = inotify::add_watch(&self.queue, path.as_slice(), events) {
                let known = self.names.entry(watch).or_default();
                known.extend(names.iter().cloned());
            }
        }
    }

    /// Takes all that is told. Answers whether any of it matters.
    pub fn take(&self) -> bool {
        let mut space = [MaybeUninit::uninit(); 4096];
        let mut events = Reader::new(&self.queue, &mut space);
        let mut matters = false;
        // No more for now, or nothing that can be read.
        while let Ok(event) = events.next() {
            let named = event.file_name().is_some_and(|name| {
                let names = self.names.get(&event.wd());
                names.is_some_and(|names| names.contains(name.to_bytes()))
            });
            matters |= named || event.events().contains(ReadFlags::QUEUE_OVERFLOW);
        }
        matters
    }
}

/// Each directory with the names in it that matter.
fn directories(plan: &Plan) -> BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>> {
    let mut found: BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>> = BTreeMap::new();
    for item in &plan.protected {
        let mut directory = item.root.as_bytes().to_vec();
        for name in item.below.as_bytes().split(|byte| *byte == b'/') {
            let names = found.entry(directory.clone()).or_default();
            names.insert(name.to_vec());
            if directory != b"/" {
                directory.push(b'/');
            }
            directory.extend_from_slice(name);
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
