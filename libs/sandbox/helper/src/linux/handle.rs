//! The init process, as the outer one starts and holds it.

use fishplate_sandbox_helper::{Step, Strategy};
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, send, socketpair};
use rustix::process::{Signal, WaitId, WaitIdOptions, pidfd_send_signal, waitid};

use super::kernel::{self, Fork};
use super::users::map_users;
use super::{Failure, Outcome, init};

/// The init process, as its parent holds it.
pub struct Init {
    pub pidfd: OwnedFd,
    /// A socket pair with it; its end is that of either.
    pub leash: OwnedFd,
}

impl Init {
    /// It has its namespaces and users, and waits for the plan.
    pub fn start(strategy: Strategy) -> Outcome<Self> {
        let step = Failure::at(Step::Fork);
        if strategy == Strategy::Plain {
            let own = rustix::process::getpid();
            rustix::process::set_child_subreaper(Some(own)).map_err(&step)?;
        }
        let (leash_end, leash) = socketpair(
            AddressFamily::UNIX,
            SocketType::STREAM,
            SocketFlags::CLOEXEC,
            None,
        )
        .map_err(&step)?;
        let forked =
            kernel::fork_into(namespaces(strategy)).map_err(Failure::at(Step::Namespaces))?;
        let (pid, pidfd) = match forked {
            Fork::Child => {
                drop(leash);
                init::run(strategy, &leash_end)
            }
            Fork::Parent { pid, pidfd } => (pid, pidfd),
        };
        let init = Self { pidfd, leash };
        if let Err(failure) = map_users(strategy, pid) {
            init.end();
            return Err(failure);
        }
        init.order(b'G');
        Ok(init)
    }

    /// Tells it to do something.
    pub fn order(&self, what: u8) {
        let _ = send(&self.leash, &[what], SendFlags::NOSIGNAL);
    }

    /// An init process that is gone is seen elsewhere.
    pub fn tell(&self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match send(&self.leash, bytes, SendFlags::NOSIGNAL) {
                Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                Err(_) => return,
            }
        }
    }

    /// Ends it, and waits until it has.
    pub fn end(&self) {
        self.kill();
        self.wait();
    }

    /// Ends it.
    pub fn kill(&self) {
        let _ = pidfd_send_signal(&self.pidfd, Signal::KILL);
    }

    /// Waits until it has ended.
    pub fn wait(&self) {
        let which = WaitId::PidFd(self.pidfd.as_fd());
        while let Err(Errno::INTR) = waitid(which.clone(), WaitIdOptions::EXITED) {}
    }
}

/// All but the network, which the command's process makes for itself.
fn namespaces(strategy: Strategy) -> libc::c_int {
    let mut flags = match strategy {
        Strategy::Plain => return 0,
        Strategy::Privileged => 0,
        Strategy::User => libc::CLONE_NEWUSER,
    };
    flags |= libc::CLONE_NEWNS
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWCGROUP;
    flags
}
