//! Who is at the other end of a socket.

use std::io;
#[cfg(target_os = "linux")]
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

#[cfg(target_os = "linux")]
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::endpoint::own_uid;

/// The option's number on all processors but those of SPARC and PA-RISC.
#[cfg(target_os = "linux")]
const SO_PEERPIDFD: libc::c_int = 77;

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
    /// It connected, and has ended.
    #[error("the client has ended")]
    Gone,
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
    check_namespaces(stream)?;
    Ok(())
}

/// A process that has ended may have left its number to another one: a descriptor of it, where the kernel gives one (6.5), says
/// afterwards whether the number was its own all the time.
#[cfg(target_os = "linux")]
fn check_namespaces(stream: &UnixStream) -> Result<(), Stranger> {
    let process = peer_process(stream)?;
    let peer = rustix::net::sockopt::socket_peercred(stream)
        .map_err(io::Error::from)?
        .pid
        .as_raw_nonzero();
    for kind in ["user", "mnt"] {
        let of_peer = std::fs::read_link(format!("/proc/{peer}/ns/{kind}"))?;
        if of_peer != std::fs::read_link(format!("/proc/self/ns/{kind}"))? {
            return Err(Stranger::Namespace { kind });
        }
    }
    if let Some(process) = process {
        let mut ended = [PollFd::new(&process, PollFlags::IN)];
        if poll(&mut ended, Some(&Timespec::default())).map_err(io::Error::from)? > 0 {
            return Err(Stranger::Gone);
        }
    }
    Ok(())
}

/// A descriptor of the process that connected; `None` where the kernel gives none.
#[cfg(target_os = "linux")]
fn peer_process(stream: &UnixStream) -> Result<Option<OwnedFd>, Stranger> {
    use std::os::fd::{AsRawFd, FromRawFd};
    let mut process: libc::c_int = -1;
    let mut length = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: both places live across the call, and the length is that of the first.
    let result = unsafe {
        libc::getsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            SO_PEERPIDFD,
            (&raw mut process).cast(),
            &raw mut length,
        )
    };
    if result == 0 {
        // SAFETY: the kernel has just made it, and nobody else owns it.
        return Ok(Some(unsafe { OwnedFd::from_raw_fd(process) }));
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::ENOPROTOOPT) => Ok(None),
        // It has ended and been waited for.
        Some(libc::ESRCH | libc::EINVAL) => Err(Stranger::Gone),
        _ => Err(error.into()),
    }
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::process::Command;

    use super::{Stranger, check_peer, peer_process};

    fn listener(name: &str) -> (UnixListener, std::path::PathBuf) {
        let name = format!("fp-peer-{name}-{}", std::process::id());
        let place = std::env::temp_dir().join(name);
        (UnixListener::bind(&place).expect("bound"), place)
    }

    #[test]
    fn a_process_of_the_same_user_and_namespaces_is_served() {
        let (listener, place) = listener("own");
        let _client = UnixStream::connect(&place).expect("connected");
        std::fs::remove_file(&place).expect("removed");
        let (peer, _) = listener.accept().expect("a client");
        check_peer(&peer).expect("it is this process");
    }

    /// Its number may be another process's by now.
    #[test]
    fn a_client_that_has_ended_is_not_looked_up_by_its_number() {
        let (listener, place) = listener("gone");
        let script = "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])";
        let ended = Command::new("python3")
            .args(["-c", script])
            .arg(&place)
            .status();
        std::fs::remove_file(&place).expect("removed");
        assert!(ended.is_ok_and(|status| status.success()));
        let (peer, _) = listener.accept().expect("a client");
        match peer_process(&peer) {
            // Without it, the number is all there is.
            Ok(None) => return,
            Ok(Some(_)) | Err(Stranger::Gone) => {}
            Err(error) => panic!("{error}"),
        }
        let refused = check_peer(&peer);
        assert!(
            matches!(refused, Err(Stranger::Gone | Stranger::Unknown(_))),
            "{refused:?}"
        );
    }
}
