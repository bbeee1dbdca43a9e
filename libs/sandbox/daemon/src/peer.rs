//! Who is at the other end of a socket.

use std::io;
use std::os::unix::net::UnixStream;

use crate::endpoint::own_uid;

/// Why the other end is not served.
#[derive(Debug, thiserror::Error)]
pub enum Stranger {
    /// Of another user.
    #[error("this daemon serves user {own}, and the client is of {uid}")]
    User {
        /// The client's.
        uid: u32,
        /// The daemon's.
        own: u32,
    },
    /// Where paths and users mean something else, as in a sandbox or a container.
    #[error("the client is in another {kind} namespace than this daemon")]
    Namespace {
        /// `user` or `mnt`.
        kind: &'static str,
    },
    /// Nobody can say who it is.
    #[error("the system does not tell who the client is: {0}")]
    Unknown(#[from] io::Error),
}

/// Whether the other end is a process of this user, and of this machine as the daemon sees it: a command in a sandbox, which
/// could reach the socket, must not be able to ask for another sandbox.
///
/// # Errors
///
/// [`Stranger`], where it is not.
pub fn check_peer(stream: &UnixStream) -> Result<(), Stranger> {
    let (uid, own) = (peer_uid(stream)?, own_uid());
    if uid != own {
        return Err(Stranger::User { uid, own });
    }
    #[cfg(target_os = "linux")]
    for kind in ["user", "mnt"] {
        let peer = rustix::net::sockopt::socket_peercred(stream)
            .map_err(io::Error::from)?
            .pid
            .as_raw_nonzero();
        let of_peer = std::fs::read_link(format!("/proc/{peer}/ns/{kind}"))?;
        if of_peer != std::fs::read_link(format!("/proc/self/ns/{kind}"))? {
            return Err(Stranger::Namespace { kind });
        }
    }
    Ok(())
}

/// The user that the other end acted as when it connected.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn peer_uid(stream: &UnixStream) -> io::Result<u32> {
    Ok(rustix::net::sockopt::socket_peercred(stream)?.uid.as_raw())
}

/// The user that the other end acted as when it connected.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn peer_uid(stream: &UnixStream) -> io::Result<u32> {
    use std::os::fd::AsRawFd;
    let (mut uid, mut gid) = (0, 0);
    // SAFETY: the descriptor is open as long as the stream is borrowed, and both places live across the call.
    match unsafe { libc::getpeereid(stream.as_raw_fd(), &raw mut uid, &raw mut gid) } {
        0 => Ok(uid),
        _ => Err(io::Error::last_os_error()),
    }
}
