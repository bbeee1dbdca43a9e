//! Inside the sandbox: tells that it holds, and becomes the command.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::os::fd::FromRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use fishplate_sandbox_helper::{Report, Step};

use super::REPORTS;

/// As shells have it for what cannot be run.
const NOT_RUN: u8 = 126;

pub(super) fn become_command(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    // SAFETY: the process outside has put its pipe there, and nothing else here knows of it.
    let mut reports = unsafe { File::from_raw_fd(REPORTS) };
    // The command has no use for it; its end tells that there is one.
    if rustix::io::fcntl_setfd(&reports, rustix::io::FdFlags::CLOEXEC).is_err() {
        return ExitCode::from(NOT_RUN);
    }
    let Some(program) = arguments.next() else {
        return ExitCode::from(NOT_RUN);
    };
    if reports.write_all(&Report::Probed.encode()).is_err() {
        return ExitCode::from(NOT_RUN);
    }
    let error = Command::new(program).args(arguments).exec();
    let report = Report::Failed {
        step: Step::Exec,
        errno: error.raw_os_error().unwrap_or(libc::EIO),
        detail: 0,
    };
    let _ = reports.write_all(&report.encode());
    ExitCode::from(NOT_RUN)
}
