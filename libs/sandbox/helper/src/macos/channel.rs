//! The socket to the supervisor: the plan and three descriptors come by it, reports go, orders come.

use std::io::{self, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use fishplate_sandbox_helper::{Plan, Report};
use rustix::io::FdFlags;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

/// More than any plan that a system starts: arguments and variables end at a mebibyte.
const LONGEST_PLAN: u64 = 16 << 20;

pub(super) struct Channel(UnixStream);

/// The plan, and the command's input, output and second stream.
pub(super) struct Told {
    pub plan: Plan,
    pub streams: [OwnedFd; 3],
}

impl Channel {
    /// Of descriptor 0.
    pub fn open() -> io::Result<Self> {
        let own = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
        Ok(Self(own.into()))
    }

    /// Another handle of it, for a thread that waits.
    pub fn for_orders(&self) -> io::Result<UnixStream> {
        self.0.try_clone()
    }

    pub fn receive(&mut self) -> io::Result<Told> {
        let mut first = [0; 1];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let received = recvmsg(
            &self.0,
            &mut [IoSliceMut::new(&mut first)],
            &mut ancillary,
            RecvFlags::empty(),
        )?;
        if received.bytes == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut streams = Vec::new();
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(descriptors) = message {
                streams.extend(descriptors);
            }
        }
        for stream in &streams {
            rustix::io::fcntl_setfd(stream, FdFlags::CLOEXEC)?;
        }
        let streams = <[OwnedFd; 3]>::try_from(streams).map_err(|_| io::ErrorKind::InvalidData)?;
        let mut length = [0; 8];
        self.0.read_exact(&mut length)?;
        let length = u64::from_le_bytes(length);
        if length > LONGEST_PLAN {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut bytes = Vec::new();
        (&mut self.0).take(length).read_to_end(&mut bytes)?;
        let plan = Plan::decode(&bytes).map_err(|_| io::ErrorKind::InvalidData)?;
        Ok(Told { plan, streams })
    }

    /// Who does not listen any more has ended, which is seen elsewhere.
    pub fn tell(&mut self, report: Report) {
        let _ = self.0.write_all(&report.encode());
    }
}
