//! Outside of the sandbox: starts the command in a session and group of its own, and removes what was made for it.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder};
use std::io::{self, PipeReader, PipeWriter, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};

use fishplate_sandbox_helper::{Plan, Report, Step};
use rustix::process::{Resource, Rlimit, setrlimit};

use super::REPORTS;
use super::channel::{Channel, Told};
use super::watch::watch;

pub(super) fn run() -> ExitCode {
    close_others();
    let Ok(mut channel) = Channel::open() else {
        return ExitCode::FAILURE;
    };
    let told = match channel.receive() {
        Ok(told) => told,
        Err(error) => {
            channel.tell(failed(Step::Plan, &error));
            return ExitCode::FAILURE;
        }
    };
    let scratch = path(&told.plan.scratch);
    let made = match scratch {
        Some(scratch) => DirBuilder::new().mode(0o700).create(scratch),
        None => Ok(()),
    };
    match made {
        Ok(()) => start(&mut channel, told),
        Err(error) => channel.tell(failed(Step::View, &error)),
    }
    ExitCode::SUCCESS
}

/// Starts it, stays until all of it is gone, and tells.
fn start(channel: &mut Channel, told: Told) {
    let scratch = path(&told.plan.scratch).map(Path::to_path_buf);
    let limits = told.plan.limits;
    match spawn(told) {
        Ok((child, reports)) => watch(channel, child, reports, limits),
        Err((step, error)) => channel.tell(failed(step, &error)),
    }
    if let Some(scratch) = scratch {
        let _ = fs::remove_dir_all(scratch);
    }
    channel.tell(Report::Done);
}

fn spawn(told: Told) -> Result<(Child, PipeReader), (Step, io::Error)> {
    let Told { plan, streams } = told;
    // A new session has no terminal that input could be pushed into.
    rustix::process::setsid().map_err(|error| (Step::Privileges, error.into()))?;
    let cwd = path(&plan.cwd).unwrap_or(Path::new("/"));
    let directory = fs::metadata(cwd).and_then(|found| match found.is_dir() {
        true => Ok(()),
        false => Err(io::Error::from_raw_os_error(libc::ENOTDIR)),
    });
    directory.map_err(|error| (Step::Cwd, error))?;
    let (reader, writer) = io::pipe().map_err(|error| (Step::Fork, error))?;
    let child = command(&plan, cwd, streams, writer)
        .spawn()
        .map_err(|error| (Step::Fork, error))?;
    Ok((child, reader))
}

fn command(plan: &Plan, cwd: &Path, streams: [OwnedFd; 3], reports: PipeWriter) -> Command {
    let text = |text: &std::ffi::CString| OsStr::from_bytes(text.as_bytes()).to_owned();
    let mut command = Command::new(text(&plan.program));
    command.args(plan.args.iter().skip(1).map(text));
    command.env_clear();
    for variable in &plan.env {
        let bytes = variable.as_bytes();
        if let Some(at) = bytes.iter().position(|byte| *byte == b'=') {
            let (name, value) = bytes.split_at(at);
            let value = value.get(1..).unwrap_or_default();
            command.env(OsStr::from_bytes(name), OsStr::from_bytes(value));
        }
    }
    let [stdin, stdout, stderr] = streams;
    command
        .current_dir(cwd)
        .stdin(Stdio::from(stdin))
        .stdout(Stdio::from(stdout))
        .stderr(Stdio::from(stderr))
        .process_group(0);
    let limits = resources(plan);
    let prepare = move || {
        for (resource, most) in &limits {
            let limit = Rlimit {
                current: Some(*most),
                maximum: Some(*most),
            };
            setrlimit(*resource, limit)?;
        }
        // SAFETY: plain numbers; both calls change nothing but this process's table of descriptors.
        let moved = unsafe {
            match reports.as_raw_fd() {
                REPORTS => libc::fcntl(REPORTS, libc::F_SETFD, 0),
                other => libc::dup2(other, REPORTS),
            }
        };
        if moved < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    };
    // SAFETY: this process has one thread, and the closure makes system calls only.
    unsafe { command.pre_exec(prepare) };
    command
}

/// Limits of each process; those of all together are watched.
fn resources(plan: &Plan) -> Vec<(Resource, u64)> {
    let mut resources = vec![(Resource::Core, 0)];
    if plan.limits.cpu_ms > 0 {
        resources.push((Resource::Cpu, plan.limits.cpu_ms.div_ceil(1000)));
    }
    if plan.limits.file_bytes > 0 {
        resources.push((Resource::Fsize, plan.limits.file_bytes));
    }
    resources
}

/// Reports of the process inside, until it became the command or ended.
pub(super) fn read_reports(mut reports: PipeReader) -> Vec<Report> {
    let mut told = Vec::new();
    let mut message = [0; Report::SIZE];
    while reports.read_exact(&mut message).is_ok() {
        told.extend(Report::decode(&message));
    }
    told
}

pub(super) fn failed(step: Step, error: &io::Error) -> Report {
    Report::Failed {
        step,
        errno: error.raw_os_error().unwrap_or(libc::EIO),
        detail: 0,
    }
}

fn path(text: &std::ffi::CString) -> Option<&Path> {
    let bytes = text.as_bytes();
    (!bytes.is_empty()).then(|| Path::new(OsStr::from_bytes(bytes)))
}

/// Descriptors of the host that were not meant for anybody.
fn close_others() {
    let Ok(entries) = fs::read_dir("/dev/fd") else {
        return;
    };
    let numbers: Vec<i32> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|number| *number > 2)
        .collect();
    for number in numbers {
        // SAFETY: nothing of this process is open yet but its three streams; one that is closed already is an error that
        // does no harm.
        unsafe { libc::close(number) };
    }
}
