//! Which process has a file open.

use std::mem::MaybeUninit;

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Mode, OFlags, RawDir, fstat, statat};

use super::{kernel, measure};

/// A file or directory, and whether having it open for reading counts too.
#[derive(Clone, Copy)]
pub struct Thing {
    device: u64,
    inode: u64,
    reading: bool,
}

impl Thing {
    /// What is open.
    pub fn of(place: &OwnedFd, reading: bool) -> kernel::Result<Self> {
        let found = fstat(place)?;
        Ok(Self {
            device: found.st_dev,
            inode: found.st_ino,
            reading,
        })
    }
}

/// A process but this one that has one of them open.
pub fn by_another(things: &[Thing]) -> Option<u32> {
    if things.is_empty() {
        return None;
    }
    let own = rustix::process::getpid().as_raw_nonzero().get();
    let processes = measure::processes();
    let found = processes
        .iter()
        .map(|process| process.pid)
        .filter(|pid| *pid != own)
        .find(|pid| has_open(*pid, things).unwrap_or(false))?;
    u32::try_from(found).ok()
}

fn has_open(pid: i32, things: &[Thing]) -> kernel::Result<bool> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = rustix::fs::open(format!("/proc/{pid}/fd"), flags, Mode::empty())?;
    let mut space = [MaybeUninit::uninit(); 4096];
    let mut entries = RawDir::new(&directory, &mut space);
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name();
        let Ok(found) = statat(&directory, name, AtFlags::empty()) else {
            continue;
        };
        let is_it = |thing: &&Thing| thing.device == found.st_dev && thing.inode == found.st_ino;
        let Some(thing) = things.iter().find(is_it) else {
            continue;
        };
        // The mode of the link tells how it was opened.
        let link = statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW)?;
        if thing.reading || link.st_mode & 0o200 != 0 {
            return Ok(true);
        }
    }
    Ok(false)
}
