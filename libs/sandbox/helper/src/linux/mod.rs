//! Confinement by the Linux kernel.

mod changes;
mod cleanup;
mod command;
mod filter;
mod handle;
mod handover;
mod held;
mod hold;
mod init;
mod kernel;
mod landlock;
mod measure;
mod network;
mod opened;
pub mod outer;
mod placeholder;
mod privileges;
mod protect;
mod repository;
mod root;
mod tree;
mod users;
mod view;
mod watch;

use fishplate_sandbox_helper::{Report, Step};
use rustix::fd::BorrowedFd;
use rustix::io::Errno;

/// A step that did not succeed.
#[derive(Clone, Copy, Debug)]
struct Failure {
    step: Step,
    errno: Errno,
    detail: u32,
}

impl Failure {
    fn at(step: Step) -> impl Fn(Errno) -> Self {
        Self::within(step, 0)
    }

    fn within(step: Step, detail: u32) -> impl Fn(Errno) -> Self {
        move |errno| Self {
            step,
            errno,
            detail,
        }
    }

    fn report(self) -> Report {
        Report::Failed {
            step: self.step,
            errno: self.errno.raw_os_error(),
            detail: self.detail,
        }
    }
}

type Outcome<T = ()> = Result<T, Failure>;

/// Tells the supervisor; one that is gone need not know.
fn tell(channel: BorrowedFd<'_>, report: Report) {
    let _ = rustix::net::send(channel, &report.encode(), rustix::net::SendFlags::NOSIGNAL);
}
