//! The network of its own: loopback, and the socket that the supervisor's proxy listens on.

use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, SocketAddrV4};

use fishplate_sandbox_helper::{NetworkPlan, Plan, Report, Step, Strategy};
use rustix::fd::{AsFd, OwnedFd};
use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
    bind, listen, sendmsg, socket_with,
};
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces};

use super::{Failure, Outcome, kernel};

/// Makes a network for this process, turns loopback on, and hands a listening socket to the supervisor where one is wanted.
pub fn set_up(plan: &Plan) -> Outcome {
    if !has_own(plan) {
        return Ok(());
    }
    set_up_inside(plan).map_err(Failure::at(Step::Network))
}

/// Brings this process into the network of another: `/proc` shows everyone the network of every process.
pub fn join(plan: &Plan, process: &OwnedFd) -> Outcome {
    if !has_own(plan) {
        return Ok(());
    }
    move_into_thread_name_spaces(process.as_fd(), ThreadNameSpaceType::NETWORK)
        .map_err(Failure::within(Step::Network, 1))
}

fn has_own(plan: &Plan) -> bool {
    plan.strategy != Strategy::Plain && plan.network != NetworkPlan::Full
}

fn set_up_inside(plan: &Plan) -> kernel::Result<()> {
    kernel::leave_network()?;
    let stream = || {
        socket_with(
            AddressFamily::INET,
            SocketType::STREAM,
            SocketFlags::CLOEXEC,
            None,
        )
    };
    let socket = stream()?;
    kernel::loopback_up(socket.as_fd())?;
    let NetworkPlan::Proxy(port) = plan.network else {
        return Ok(());
    };
    bind(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))?;
    listen(&socket, 128)?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let sockets = [socket.as_fd()];
    ancillary.push(SendAncillaryMessage::ScmRights(&sockets));
    sendmsg(
        kernel::channel(),
        &[IoSlice::new(&Report::Listening.encode())],
        &mut ancillary,
        SendFlags::NOSIGNAL,
    )?;
    Ok(())
}
