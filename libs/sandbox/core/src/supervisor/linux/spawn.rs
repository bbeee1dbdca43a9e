//! Starts a helper: no code of this process runs between its fork and its exec.

use std::io::{IoSlice, Write};
use std::mem::MaybeUninit;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use fishplate_sandbox_helper::Plan;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{MemfdFlags, Mode, OFlags, memfd_create};
use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
    sendmsg, socketpair,
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

pub(super) fn spawn(helper: &Path, plan: &Plan, stdin: bool) -> Result<Spawned, StartError> {
    let system = |errno: rustix::io::Errno| StartError::System(errno.into());
    let plan_file = memfd_create(c"fishplate-plan", MemfdFlags::CLOEXEC).map_err(system)?;
    let mut plan_file = std::fs::File::from(plan_file);
    plan_file.write_all(&plan.encode())?;
    let (input, own_input) = if stdin {
        let (input, own) = pipe_with(PipeFlags::CLOEXEC).map_err(system)?;
        (input, Some(own))
    } else {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let null = rustix::fs::open(c"/dev/null", flags, Mode::empty()).map_err(system)?;
        (null, None)
    };
    let (own_output, output) = pipe_with(PipeFlags::CLOEXEC).map_err(system)?;
    let (own_errors, errors) = pipe_with(PipeFlags::CLOEXEC).map_err(system)?;
    let (channel, inner) = socketpair(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC,
        None,
    )
    .map_err(system)?;
    // Sent before the helper runs: it finds the message there.
    let fds = [
        plan_file.as_fd(),
        input.as_fd(),
        output.as_fd(),
        errors.as_fd(),
    ];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    ancillary.push(SendAncillaryMessage::ScmRights(&fds));
    sendmsg(
        &channel,
        &[IoSlice::new(b"P")],
        &mut ancillary,
        SendFlags::NOSIGNAL,
    )
    .map_err(system)?;
    for own in own_input.iter().chain([&own_output, &own_errors]) {
        rustix::io::ioctl_fionbio(own, true).map_err(system)?;
    }
    let mut child = Command::new(helper)
        .stdin(Stdio::from(inner))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .env_clear()
        .spawn()
        .map_err(|error| StartError::Helper {
            path: helper.to_path_buf(),
            error,
        })?;
    // It is not waited for before this, so the number is its own.
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pidfd = pid
        .ok_or(rustix::io::Errno::SRCH)
        .and_then(|pid| pidfd_open(pid, PidfdFlags::empty()));
    let pidfd = match pidfd {
        Ok(pidfd) => pidfd,
        Err(error) => {
            // The closed channel ends it.
            drop(channel);
            let _ = child.wait();
            return Err(system(error));
        }
    };
    Ok(Spawned {
        child,
        pidfd,
        channel,
        stdin: own_input,
        stdout: own_output,
        stderr: own_errors,
    })
}
