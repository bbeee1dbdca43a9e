//! What the processes that have a socket open tell of it.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::read_dir;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use rustix::fd::{AsRawFd, RawFd};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

/// A process that has a socket open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner {
    process: i32,
    descriptor: RawFd,
}

/// The processes that have these sockets open, as far as they may be looked at.
pub(super) fn owners(sockets: &[u64]) -> HashMap<u64, Vec<Owner>> {
    let mut found: HashMap<u64, Vec<Owner>> = HashMap::new();
    for process in read_dir("/proc").into_iter().flatten().flatten() {
        let name = process.file_name();
        let Some(number) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let descriptors = read_dir(process.path().join("fd"));
        for descriptor in descriptors.into_iter().flatten().flatten() {
            let Ok(link) = std::fs::read_link(descriptor.path()) else {
                continue;
            };
            let socket = socket_number(link.as_os_str()).filter(|one| sockets.contains(one));
            let name = descriptor.file_name();
            let own = name.to_str().and_then(|name| name.parse().ok());
            if let (Some(socket), Some(descriptor)) = (socket, own) {
                found.entry(socket).or_default().push(Owner {
                    process: number,
                    descriptor,
                });
            }
        }
    }
    found
}

/// Where a socket's file is now.
pub(super) enum Place {
    At(PathBuf),
    /// Removed: nobody can connect any more.
    Nowhere,
}

impl Owner {
    /// Its working directory.
    pub(super) fn directory(&self) -> Option<PathBuf> {
        std::fs::read_link(format!("/proc/{}/cwd", self.process)).ok()
    }

    /// Asks the kernel where the socket's file is, which it tells root alone.
    pub(super) fn place(&self) -> Option<Place> {
        let process = pidfd_open(Pid::from_raw(self.process)?, PidfdFlags::empty()).ok()?;
        let socket = pidfd_getfd(&process, self.descriptor, PidfdGetfdFlags::empty()).ok()?;
        let file = file_of(&socket)?;
        if rustix::fs::fstat(&file).ok()?.st_nlink == 0 {
            return Some(Place::Nowhere);
        }
        let link = format!("/proc/self/fd/{}", file.as_raw_fd());
        Some(Place::At(std::fs::read_link(link).ok()?))
    }
}

/// A descriptor of the file that a socket is bound to.
fn file_of(socket: &OwnedFd) -> Option<OwnedFd> {
    const SIOCUNIXFILE: libc::Ioctl = 0x89e0;
    // SAFETY: the request takes no memory, and answers a new descriptor.
    let file = unsafe { libc::ioctl(socket.as_raw_fd(), SIOCUNIXFILE, 0) };
    // SAFETY: the kernel has just made it, and nobody else owns it.
    (file >= 0).then(|| unsafe { OwnedFd::from_raw_fd(file) })
}

/// Of `socket:[NUMBER]`.
fn socket_number(link: &OsStr) -> Option<u64> {
    let text = link.as_bytes();
    let number = text.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    std::str::from_utf8(number).ok()?.parse().ok()
}
