//! Starts a helper: no code of this process runs between its fork and its exec.

use std::io::{IoSlice, Write};
use std::mem::MaybeUninit;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use fishplate_sandbox_helper::{Plan, Strategy};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{MemfdFlags, Mode, OFlags, memfd_create};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
    send, sendmsg, socketpair,
};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::supervisor::StartError;

/// A helper that runs, with this side's ends. What this side waits for is not blocking.
#[derive(Debug)]
pub(super) struct Spawned {
    pub(super) child: Child,
    pub(super) pidfd: OwnedFd,
    pub(super) channel: OwnedFd,
    pub(super) stdin: Option<OwnedFd>,
    pub(super) stdout: OwnedFd,
    pub(super) stderr: OwnedFd,
}

/// A helper that waits for its plan: it is loaded, and makes its namespaces, while that is made.
#[derive(Debug)]
pub(super) struct Waiting {
    child: Child,
    channel: OwnedFd,
}

pub(super) fn spawn(helper: &Path, plan: &Plan, stdin: bool) -> Result<Spawned, StartError> {
    Waiting::start(helper, plan.strategy)?.follow(plan, stdin)
}

impl Waiting {
    pub(super) fn start(helper: &Path, strategy: Strategy) -> Result<Self, StartError> {
        let (channel, inner) = socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )
        .map_err(std::io::Error::from)?;
        // Sent before the helper runs: it finds it there.
        send(&channel, &[strategy.number()], SendFlags::NOSIGNAL).map_err(std::io::Error::from)?;
        let child = Command::new(helper)
            .stdin(Stdio::from(inner))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .env_clear()
            .spawn()
            .map_err(|error| StartError::Helper {
                path: helper.to_path_buf(),
                error,
            })?;
        Ok(Self { child, channel })
    }

    /// Gives it its plan, and pipes for its command.
    pub(super) fn follow(self, plan: &Plan, stdin: bool) -> Result<Spawned, StartError> {
        match self.give(plan, stdin) {
            Ok(given) => Ok(Spawned {
                child: self.child,
                pidfd: given.pidfd,
                channel: self.channel,
                stdin: given.stdin,
                stdout: given.stdout,
                stderr: given.stderr,
            }),
            Err(error) => {
                self.dismiss();
                Err(error.into())
            }
        }
    }

    /// It has nothing to do: the closed channel ends it.
    pub(super) fn dismiss(mut self) {
        drop(self.channel);
        let _ = self.child.wait();
    }

    fn give(&self, plan: &Plan, stdin: bool) -> std::io::Result<Given> {
        // It is not waited for before this, so the number is its own.
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or(Errno::SRCH)?;
        let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
        let plan_file = memfd_create(c"fishplate-plan", MemfdFlags::CLOEXEC)?;
        let mut plan_file = std::fs::File::from(plan_file);
        plan_file.write_all(&plan.encode())?;
        let (input, own_input) = if stdin {
            let (input, own) = pipe_with(PipeFlags::CLOEXEC)?;
            (input, Some(own))
        } else {
            let flags = OFlags::RDONLY | OFlags::CLOEXEC;
            let null = rustix::fs::open(c"/dev/null", flags, Mode::empty())?;
            (null, None)
        };
        let (own_output, output) = pipe_with(PipeFlags::CLOEXEC)?;
        let (own_errors, errors) = pipe_with(PipeFlags::CLOEXEC)?;
        for own in own_input.iter().chain([&own_output, &own_errors]) {
            rustix::io::ioctl_fionbio(own, true)?;
        }
        let fds = [
            plan_file.as_fd(),
            input.as_fd(),
            output.as_fd(),
            errors.as_fd(),
        ];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        ancillary.push(SendAncillaryMessage::ScmRights(&fds));
        let sent = sendmsg(
            &self.channel,
            &[IoSlice::new(b"P")],
            &mut ancillary,
            SendFlags::NOSIGNAL,
        );
        match sent {
            // One that has ended has told why, and that is read in its turn.
            Ok(_) | Err(Errno::PIPE | Errno::CONNRESET) => {}
            Err(errno) => return Err(errno.into()),
        }
        Ok(Given {
            pidfd,
            stdin: own_input,
            stdout: own_output,
            stderr: own_errors,
        })
    }
}

/// This side's ends of what a helper was given.
struct Given {
    pidfd: OwnedFd,
    stdin: Option<OwnedFd>,
    stdout: OwnedFd,
    stderr: OwnedFd,
}
