//! What stands outside for a protected path that is missing, while commands run.
//!
//! It is a socket that nobody listens on: git does not see it, opening it fails at once, and it takes no block of a disk (freeing
//! one costs milliseconds where a disk discards). Where git would stumble over a socket it is what says nothing: an empty
//! directory for `.git`, an empty file of settings, a common directory that is itself. Its mode tells one that a killed
//! machine left behind.

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;

use fishplate_sandbox_helper::{PLACEHOLDER_MODE, StandIn};
use rustix::fd::{AsRawFd, OwnedFd};
use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, RawDir, RenameFlags, Stat, fchmod, fstat, linkat,
    mkdirat, mknodat, openat, renameat_with, statat, unlinkat,
};
use rustix::io::Errno;

use super::kernel;

/// The file that stands for a missing `commondir`: the directory that it lies in.
const ITSELF: &[u8] = b".\n";

/// What was found at a name.
pub enum Found {
    Missing,
    /// Something that says nothing, to be covered.
    Placeholder,
    /// A file that says nothing, to be read.
    File,
    Directory,
    Other,
}

/// Looks at a name; what is missing there would be stood in for by `stand_in`.
pub fn look(at: &OwnedFd, name: &CStr, stand_in: StandIn) -> kernel::Result<Found> {
    let found = match statat(at, name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => return Ok(Found::Missing),
        other => other?,
    };
    let marked = is_marked(&found);
    Ok(match FileType::from_raw_mode(found.st_mode) {
        FileType::Socket if marked => Found::Placeholder,
        FileType::Directory if marked && is_empty(at, name)? => Found::Placeholder,
        FileType::Directory => Found::Directory,
        FileType::RegularFile if marked && stand_in == StandIn::Itself && found.st_size == 0 => {
            // Of a machine that was lost before it was on the disk: git would stumble over it.
            unlinkat(at, name, AtFlags::empty())?;
            Found::Missing
        }
        FileType::RegularFile if marked && says_nothing(at, name)? => Found::File,
        _ => Found::Other,
    })
}

/// Makes what stands for a missing name; an error where there is something by now. A socket is a further name of
/// its `twin`, which costs a disk less than a file of its own, where both lie on one.
pub fn make(
    at: &OwnedFd,
    name: &CStr,
    stand_in: StandIn,
    twin: Option<&OwnedFd>,
) -> kernel::Result<Found> {
    let mode = Mode::from_raw_mode(PLACEHOLDER_MODE);
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match stand_in {
        StandIn::Nothing => Ok(Found::Missing),
        StandIn::Directory => mkdirat(at, name, mode).map(|()| Found::Placeholder),
        StandIn::Empty => openat(at, name, flags, mode).map(|_| Found::File),
        StandIn::Itself => {
            // Whole from the first moment on, since git may look at any.
            let own = rustix::process::getpid().as_raw_nonzero();
            let draft = CString::new(format!(".fishplate-{own}")).map_err(|_| Errno::INVAL)?;
            let file = openat(at, &draft, flags, mode)?;
            let made = rustix::io::write(&file, ITSELF)
                .and_then(|_| renameat_with(at, &draft, at, name, RenameFlags::NOREPLACE));
            if made.is_err() {
                let _ = unlinkat(at, &draft, AtFlags::empty());
            }
            made.map(|()| Found::File)
        }
        StandIn::Socket if twin.is_some_and(|twin| link(twin, at, name).is_ok()) => {
            Ok(Found::Placeholder)
        }
        StandIn::Socket => match mknodat(at, name, FileType::Socket, mode, 0) {
            // File systems that have no sockets.
            Err(Errno::PERM | Errno::OPNOTSUPP | Errno::INVAL) => mkdirat(at, name, mode),
            other => other,
        }
        .map(|()| Found::Placeholder),
    }
}

/// A descriptor of a placeholder that is a socket. By its name somebody outside could have put something else there.
pub fn open_socket(at: &OwnedFd, name: &CStr) -> Option<OwnedFd> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let socket = openat(at, name, flags, Mode::empty()).ok()?;
    let found = fstat(&socket).ok()?;
    let is_socket = FileType::from_raw_mode(found.st_mode) == FileType::Socket;
    (is_socket && is_marked(&found)).then_some(socket)
}

fn link(file: &OwnedFd, at: &OwnedFd, name: &CStr) -> kernel::Result<()> {
    let path =
        CString::new(format!("/proc/self/fd/{}", file.as_raw_fd())).map_err(|_| Errno::INVAL)?;
    linkat(CWD, &path, at, name, AtFlags::SYMLINK_FOLLOW)
}

/// Removes what is still a placeholder. Into a directory somebody outside may have put something: then it is an ordinary one.
pub fn remove(at: &OwnedFd, name: &CStr) -> Option<OwnedFd> {
    let found = statat(at, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    if !is_marked(&found) {
        return None;
    }
    match FileType::from_raw_mode(found.st_mode) {
        FileType::Socket => {
            let _ = unlinkat(at, name, AtFlags::empty());
            None
        }
        FileType::RegularFile if says_nothing(at, name).unwrap_or(false) => {
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

fn says_nothing(at: &OwnedFd, name: &CStr) -> kernel::Result<bool> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = openat(at, name, flags, Mode::empty())?;
    let mut text = [0; 4];
    let length = rustix::io::read(&file, &mut text)?;
    Ok(matches!(text.get(..length), Some([] | ITSELF)))
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
