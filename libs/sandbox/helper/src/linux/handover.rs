//! The plan and the command's streams, handed from the supervisor to the outer process, and from that to the init process with the
//! control groups.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;

use fishplate_sandbox_helper::{Plan, Step};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

use super::command::Streams;
use super::{Failure, Outcome, kernel};

/// A plan is a few kilobytes and what the command's arguments and variables are, which the kernel bounds too.
const PLAN_BYTES: u64 = 64 << 20;
/// The plan, three streams, and control groups, of which there are two at most.
const DESCRIPTORS: usize = 8;

pub struct Handed {
    file: OwnedFd,
    pub plan: Plan,
    pub streams: Streams,
    pub groups: Vec<OwnedFd>,
}

/// Waits for it. `None`: the other side is gone.
pub fn receive(from: BorrowedFd<'_>) -> Outcome<Option<Handed>> {
    let step = Failure::at(Step::Plan);
    let mut byte = [0];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC;
    let message = recvmsg(
        from,
        &mut [IoSliceMut::new(&mut byte)],
        &mut ancillary,
        flags,
    )
    .map_err(&step)?;
    if message.bytes == 0 {
        return Ok(None);
    }
    let mut fds = ancillary.drain().flat_map(|message| match message {
        RecvAncillaryMessage::ScmRights(fds) => fds.collect::<Vec<_>>(),
        _ => Vec::new(),
    });
    let (Some(file), Some(input), Some(output), Some(errors)) =
        (fds.next(), fds.next(), fds.next(), fds.next())
    else {
        return Err(step(Errno::BADF));
    };
    Ok(Some(Handed {
        plan: read_plan(&file).map_err(&step)?,
        file,
        streams: Streams {
            input,
            output,
            errors,
        },
        groups: fds.collect(),
    }))
}

impl Handed {
    /// Hands it on.
    pub fn send(&self, to: BorrowedFd<'_>) -> kernel::Result<()> {
        let mut fds = vec![
            self.file.as_fd(),
            self.streams.input.as_fd(),
            self.streams.output.as_fd(),
            self.streams.errors.as_fd(),
        ];
        fds.extend(self.groups.iter().map(AsFd::as_fd));
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        if !ancillary.push(SendAncillaryMessage::ScmRights(&fds)) {
            return Err(Errno::TOOMANYREFS);
        }
        sendmsg(
            to,
            &[IoSlice::new(b"P")],
            &mut ancillary,
            SendFlags::NOSIGNAL,
        )
        .map(drop)
    }
}

fn read_plan(file: &OwnedFd) -> kernel::Result<Plan> {
    let size = rustix::fs::fstat(file)?.st_size;
    let size = u64::try_from(size).map_err(|_| Errno::INVAL)?;
    if size > PLAN_BYTES {
        return Err(Errno::FBIG);
    }
    let mut bytes = vec![0; usize::try_from(size).map_err(|_| Errno::FBIG)?];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match rustix::io::pread(file, rest, filled as u64)? {
            0 => return Err(Errno::INVAL),
            count => filled += count,
        }
    }
    Plan::decode(&bytes).map_err(|_| Errno::INVAL)
}
