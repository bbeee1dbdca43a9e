//! The third process: it confines itself and becomes the command.

use std::ffi::{CStr, CString};

use fishplate_sandbox_helper::{PROGRAM_IS_THERE, Plan, Report, Step};
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;

use super::kernel::{self, channel};
use super::{Failure, Outcome, cleanup, filter, landlock, privileges, tell};

/// The command's three streams.
pub struct Streams {
    pub input: OwnedFd,
    pub output: OwnedFd,
    pub errors: OwnedFd,
}

/// Becomes the command, or reports why not and ends. `view` waits for the view of files: what needs none is done before, the
/// filter's translation by the kernel most of all.
pub fn run(plan: &Plan, streams: &Streams, groups: &[OwnedFd], view: impl FnOnce() -> bool) -> ! {
    let own = match rustix::io::fcntl_dupfd_cloexec(channel(), 10) {
        Ok(own) => own,
        Err(errno) => {
            tell(channel(), Failure::at(Step::Fork)(errno).report());
            kernel::exit(127);
        }
    };
    let confined = cleanup::enter_cgroups(groups)
        .and_then(|()| settle(plan, streams))
        .and_then(|()| {
            if !view() {
                // Who would have told has ended, or told why.
                kernel::exit(127);
            }
            confine(plan)
        });
    let report = confined.map_or_else(Failure::report, |()| Report::Probed);
    tell(own.as_fd(), report);
    kernel::exit(if report == Report::Probed { 0 } else { 127 })
}

/// Streams, limits and the filter, which refuses nothing of what follows.
fn settle(plan: &Plan, streams: &Streams) -> Outcome {
    let fork = Failure::at(Step::Fork);
    rustix::process::setsid().map_err(&fork)?;
    for (stream, number) in [
        (&streams.input, 0),
        (&streams.output, 1),
        (&streams.errors, 2),
    ] {
        kernel::duplicate_to(stream.as_fd(), number).map_err(&fork)?;
    }
    kernel::close_from(3, true).map_err(&fork)?;
    privileges::set_limits(&plan.limits)?;
    rustix::thread::set_no_new_privs(true).map_err(Failure::at(Step::Privileges))?;
    let program = filter::program(plan);
    kernel::install_filter(&program).map_err(Failure::at(Step::Filter))
}

/// Landlock and privileges, in the view; then the command.
fn confine(plan: &Plan) -> Outcome {
    let ruleset = landlock::ruleset(plan)?;
    privileges::drop_all(plan)?;
    rustix::process::chdir(&plan.cwd).map_err(Failure::at(Step::Cwd))?;
    if let Some(ruleset) = &ruleset {
        kernel::landlock_restrict(ruleset).map_err(Failure::within(Step::Landlock, 1))?;
    }
    kernel::block_signals(false);
    if plan.probe {
        return Ok(());
    }
    let (errno, detail) = exec(plan);
    Err(Failure::within(Step::Exec, detail)(errno))
}

/// Looks for the program as a shell does, and runs it. What has no format that the kernel knows is a shell's script.
/// Answers why not, and more about it.
fn exec(plan: &Plan) -> (Errno, u32) {
    let name = plan.program.as_bytes();
    if name.contains(&b'/') {
        let error = exec_one(plan, &plan.program);
        return (error, more(error, &plan.program));
    }
    if name.is_empty() {
        return (Errno::NOENT, 0);
    }
    let path = plan
        .env
        .iter()
        .find_map(|variable| variable.as_bytes().strip_prefix(b"PATH="))
        .unwrap_or(b"/usr/local/bin:/usr/bin:/bin");
    let (mut refused, mut there) = (None, 0);
    for directory in path.split(|byte| *byte == b':') {
        let directory = if directory.is_empty() {
            b"."
        } else {
            directory
        };
        let Ok(candidate) = CString::new([directory, b"/", name].concat()) else {
            continue;
        };
        match exec_one(plan, &candidate) {
            error @ (Errno::NOENT | Errno::NOTDIR) => there |= more(error, &candidate),
            Errno::ACCESS => refused = Some(Errno::ACCESS),
            other => return (other, 0),
        }
    }
    refused.map_or((Errno::NOENT, there), |refused| (refused, 0))
}

/// The system says that something is missing: whether that is the program itself.
fn more(error: Errno, program: &CStr) -> u32 {
    let is_there = error == Errno::NOENT && rustix::fs::stat(program).is_ok();
    if is_there { PROGRAM_IS_THERE } else { 0 }
}

fn exec_one(plan: &Plan, program: &CStr) -> Errno {
    let error = kernel::exec(program, &plan.args, &plan.env);
    if error != Errno::NOEXEC {
        return error;
    }
    let mut args = vec![c"/bin/sh".to_owned(), program.to_owned()];
    args.extend(plan.args.iter().skip(1).cloned());
    kernel::exec(c"/bin/sh", &args, &plan.env)
}
