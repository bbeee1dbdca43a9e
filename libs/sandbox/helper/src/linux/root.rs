//! Writable roots, opened as the supervisor has found them. It resolved them when the sandbox was made: what is a link in their path
//! now was put there since, by a command whose root lies around this one, and leads to what nobody has allowed.

use std::ffi::{CStr, CString};

use rustix::fd::OwnedFd;
use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, fstat, openat, openat2};
use rustix::io::Errno;

use super::kernel;

/// A descriptor of a path in which no part is a link.
pub fn open(path: &CStr) -> kernel::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    match openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS) {
        // What the filter answers, once it is there.
        Err(Errno::NOSYS) => open_by_steps(path),
        other => other,
    }
}

/// The same of a directory, to be locked.
pub fn open_directory(path: &CStr) -> kernel::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS)
}

fn open_by_steps(path: &CStr) -> kernel::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut place = openat(CWD, c"/", flags, Mode::empty())?;
    for name in path.to_bytes().split(|byte| *byte == b'/') {
        if name.is_empty() {
            continue;
        }
        let name = CString::new(name).map_err(|_| Errno::INVAL)?;
        place = openat(&place, &name, flags, Mode::empty())?;
        if FileType::from_raw_mode(fstat(&place)?.st_mode) == FileType::Symlink {
            return Err(Errno::LOOP);
        }
    }
    Ok(place)
}
