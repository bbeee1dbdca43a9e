//! One command, as the thread that watches sees it.

use std::collections::VecDeque;
use std::io;
use std::mem::MaybeUninit;
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use fishplate_sandbox_helper::{
    KILL, LimitKind, NetworkPlan, PROGRAM_IS_THERE, Plan, Refusal, Report, Step, TERMINATE, Usage,
};
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags, recvmsg, send};
use rustix::process::{Signal, WaitId, WaitIdOptions, pidfd_send_signal, waitid};

use super::interpreter;
use super::spawn::{self, Spawned};
use crate::capabilities::Enforcement;
use crate::policy::Limits;
use crate::sandbox::Violation;
use crate::supervisor::{Event, Handler, Launch, LimitHit, Outcome, StartError, Stdin};

/// Bytes read from a pipe at once.
const CHUNK: usize = 64 << 10;
/// Bytes read of one command before others have their turn.
const TURN: usize = 1 << 20;
/// How long a helper is waited for that does not answer any more, or that takes up what another one left.
const PATIENCE: Duration = Duration::from_secs(10);
/// The same, for one that somebody had stopped.
const SHORT_PATIENCE: Duration = Duration::from_millis(250);

/// Which of the two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Out,
    Err,
}

pub(super) struct Job {
    pub(super) process: Spawned,
    launch: Launch,
    handler: Handler,
    enforcement: Enforcement,
    started: Instant,
    /// When it is asked to end.
    pub(super) wall: Option<Instant>,
    /// When it is ended.
    pub(super) end: Option<Instant>,
    input: VecDeque<u8>,
    close_input: bool,
    output_left: Option<u64>,
    open: [bool; 2],
    /// Whether its pipes are left alone for now.
    pub(super) is_paused: bool,
    truncated: bool,
    timed_out: bool,
    /// What it was told, for a helper that takes up what a killed one left.
    plan: Plan,
    /// That helper.
    taken_up: Option<Spawned>,
    limit: Option<LimitHit>,
    status: Option<(i32, Usage)>,
    failed: Option<Report>,
    violations: Vec<Violation>,
    ended: bool,
    silent: bool,
}

/// What a command is started with.
pub(super) struct Outset {
    pub(super) launch: Launch,
    pub(super) limits: Limits,
    pub(super) plan: Plan,
    pub(super) process: Spawned,
    pub(super) enforcement: Enforcement,
    pub(super) started: Instant,
}

impl Job {
    pub(super) fn new(outset: Outset, handler: Handler) -> Self {
        let Outset {
            launch,
            limits,
            plan,
            process,
            enforcement,
            started,
        } = outset;
        let (input, close_input) = match &launch.stdin {
            Stdin::Null => (VecDeque::new(), true),
            Stdin::Bytes(bytes) => (bytes.clone().into(), true),
            Stdin::Open => (VecDeque::new(), false),
        };
        Self {
            process,
            handler,
            enforcement,
            started,
            wall: limits
                .wall_ms
                .and_then(|wall| started.checked_add(Duration::from_millis(wall))),
            end: None,
            input,
            close_input,
            output_left: limits.output_bytes,
            open: [true; 2],
            is_paused: false,
            truncated: false,
            timed_out: false,
            plan,
            taken_up: None,
            limit: None,
            status: None,
            failed: None,
            violations: Vec::new(),
            ended: false,
            silent: false,
            launch,
        }
    }

    /// Nobody will watch over it: the end of the channel is its own.
    pub(super) fn give_up(self) -> Handler {
        self.handler
    }

    /// The next moment at which something is to be done.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.end.or(self.wall)
    }

    /// Does what is due.
    pub(super) fn on_time(&mut self, now: Instant) {
        if self.end.is_some_and(|end| end <= now) {
            match &mut self.taken_up {
                Some(other) => {
                    let _ = other.child.kill();
                    self.end = now.checked_add(PATIENCE);
                }
                None if self.ended => {
                    // The kernel ends the command with it, and another helper removes what it leaves.
                    let _ = self.process.child.kill();
                    self.end = now.checked_add(PATIENCE);
                }
                None => self.end_now(),
            }
        } else if self.end.is_none() && self.wall.is_some_and(|wall| wall <= now) {
            self.timed_out = true;
            self.limit.get_or_insert(LimitHit::WallMs);
            self.wall = None;
            self.terminate(now);
        }
    }

    /// Asks it to end, and ends it after the grace.
    pub(super) fn terminate(&mut self, now: Instant) {
        if self.end.is_none() {
            self.tell(TERMINATE);
            self.resume();
            self.end = now.checked_add(self.launch.grace);
        }
    }

    /// Ends it. Asked for again, it changes nothing.
    pub(super) fn end_now(&mut self) {
        if self.ended || self.taken_up.is_some() {
            // All of it is gone, or is about to be, and what it left is being removed.
            return;
        }
        self.ended = true;
        self.tell(KILL);
        self.wall = None;
        // Should the helper itself not answer, it is ended too.
        let patience = if self.resume() {
            SHORT_PATIENCE
        } else {
            PATIENCE
        };
        self.end = Instant::now().checked_add(patience);
    }

    /// Lets a helper go on that somebody has stopped: orders would wait with it. Whether it had been.
    fn resume(&self) -> bool {
        let which = WaitId::PidFd(self.process.pidfd.as_fd());
        let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let is_stopped = waitid(which, options).is_ok_and(|found| found.is_some());
        if is_stopped {
            let _ = pidfd_send_signal(&self.process.pidfd, Signal::CONT);
        }
        is_stopped
    }

    fn tell(&self, order: u8) {
        let _ = send(
            &self.process.channel,
            &[order],
            SendFlags::NOSIGNAL | SendFlags::DONTWAIT,
        );
    }

    pub(super) fn give(&mut self, bytes: Vec<u8>) {
        if self.process.stdin.is_some() && !self.close_input {
            self.input.extend(bytes);
        }
    }

    pub(super) fn close_input(&mut self) {
        self.close_input = true;
    }

    /// Writes what it takes. Answers how much it took, or lost by being closed, and whether more is waiting.
    pub(super) fn feed(&mut self) -> (u64, bool) {
        let mut taken = 0u64;
        let had = !self.input.is_empty();
        while let Some(stdin) = &self.process.stdin {
            let (front, _) = self.input.as_slices();
            if front.is_empty() {
                break;
            }
            match rustix::io::write(stdin, front) {
                Ok(count) => {
                    self.input.drain(..count);
                    taken += count as u64;
                }
                Err(Errno::AGAIN) => return (taken, true),
                Err(Errno::INTR) => {}
                Err(_) => {
                    taken += self.input.len() as u64;
                    self.input.clear();
                    self.process.stdin = None;
                }
            }
        }
        if self.close_input {
            self.process.stdin = None;
        }
        if had {
            (self.handler)(Event::StdinDrained);
        }
        (taken, false)
    }

    /// The pipes that have not ended.
    pub(super) fn open_pipes(&self) -> impl Iterator<Item = (&OwnedFd, Stream)> {
        let pipes = [
            (&self.process.stdout, Stream::Out),
            (&self.process.stderr, Stream::Err),
        ];
        let is_open = |(_, stream): &(&OwnedFd, Stream)| self.open[*stream as usize];
        pipes.into_iter().filter(is_open)
    }

    /// Reads what there is. `false`: the stream has ended.
    pub(super) fn read(&mut self, stream: Stream, buffer: &mut Vec<u8>) -> bool {
        buffer.resize(CHUNK, 0);
        let mut turn = 0;
        while turn < TURN {
            let pipe = match stream {
                Stream::Out => &self.process.stdout,
                Stream::Err => &self.process.stderr,
            };
            match rustix::io::read(pipe, &mut *buffer) {
                Ok(0) => {
                    self.open[stream as usize] = false;
                    return false;
                }
                Ok(count) => {
                    turn += count;
                    self.take_output(stream, buffer.get(..count).unwrap_or_default());
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return true,
                Err(_) => {
                    self.open[stream as usize] = false;
                    return false;
                }
            }
        }
        true
    }

    fn take_output(&mut self, stream: Stream, bytes: &[u8]) {
        let mut taken = bytes;
        if let Some(left) = &mut self.output_left {
            let most = usize::try_from(*left)
                .unwrap_or(usize::MAX)
                .min(bytes.len());
            taken = bytes.get(..most).unwrap_or_default();
            *left -= taken.len() as u64;
        }
        if !taken.is_empty() {
            (self.handler)(match stream {
                Stream::Out => Event::Stdout(taken),
                Stream::Err => Event::Stderr(taken),
            });
        }
        if taken.len() < bytes.len() && !self.truncated {
            self.truncated = true;
            self.limit.get_or_insert(LimitHit::OutputBytes);
            self.end_now();
        }
    }

    /// Takes the helper's reports. `true`: there will be no more, and all is gone.
    pub(super) fn on_report(&mut self) -> bool {
        loop {
            match self.receive() {
                Ok(Some(Report::Done)) => return true,
                Ok(Some(Report::Exited { status, usage })) => self.status = Some((status, usage)),
                Ok(Some(Report::Limit(kind))) => {
                    self.limit.get_or_insert(match kind {
                        LimitKind::Cpu => LimitHit::CpuMs,
                        LimitKind::Memory => LimitHit::MemoryBytes,
                        LimitKind::Processes => LimitHit::Processes,
                        LimitKind::Files => LimitHit::FileBytes,
                    });
                }
                Ok(Some(Report::Refused(refusal, detail))) => {
                    let violation = self.violation(refusal, detail);
                    if !self.violations.contains(&violation) {
                        self.violations.push(violation);
                    }
                }
                Ok(Some(report @ Report::Failed { .. })) => {
                    self.failed.get_or_insert(report);
                }
                Ok(Some(Report::Listening | Report::Probed)) => {}
                Ok(None) => return false,
                Err(_) => {
                    // It ended without a last word; its exit is seen elsewhere.
                    self.silent = true;
                    return false;
                }
            }
        }
    }

    fn receive(&mut self) -> io::Result<Option<Report>> {
        let mut message = [0; Report::SIZE];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let received = recvmsg(
            &self.process.channel,
            &mut [io::IoSliceMut::new(&mut message)],
            &mut ancillary,
            RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT,
        );
        let length = match received {
            Err(Errno::AGAIN) => return Ok(None),
            other => other?.bytes,
        };
        let sockets: Vec<OwnedFd> = ancillary
            .drain()
            .flat_map(|message| match message {
                RecvAncillaryMessage::ScmRights(fds) => fds.collect::<Vec<_>>(),
                _ => Vec::new(),
            })
            .collect();
        for socket in sockets {
            (self.handler)(Event::Listener(TcpListener::from(socket)));
        }
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match message.get(..length).and_then(Report::decode) {
            Some(report) => Ok(Some(report)),
            None => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// Tells the end, after what is still in the pipes.
    pub(super) fn finish(mut self, buffer: &mut Vec<u8>) {
        for stream in [Stream::Out, Stream::Err] {
            self.read_rest(stream, buffer);
        }
        let end = match self.failed {
            Some(report) if self.limit.is_none() => Err(self.start_error(report)),
            _ => Ok(self.outcome()),
        };
        (self.handler)(Event::End(end));
    }

    /// Reads what is in a pipe now, and no more: its own writers are gone, and who else has the pipe may write without end.
    fn read_rest(&mut self, stream: Stream, buffer: &mut Vec<u8>) {
        let pipe = match stream {
            Stream::Out => self.process.stdout.as_fd(),
            Stream::Err => self.process.stderr.as_fd(),
        };
        let there = rustix::io::ioctl_fionread(pipe).unwrap_or(0);
        let mut left = usize::try_from(there).unwrap_or(usize::MAX);
        while left > 0 && self.open[stream as usize] {
            buffer.resize(CHUNK.min(left), 0);
            let pipe = match stream {
                Stream::Out => &self.process.stdout,
                Stream::Err => &self.process.stderr,
            };
            match rustix::io::read(pipe, &mut *buffer) {
                Ok(count) if count > 0 => {
                    left -= count.min(left);
                    self.take_output(stream, buffer.get(..count).unwrap_or_default());
                }
                Err(Errno::INTR) => {}
                Ok(_) | Err(_) => break,
            }
        }
    }

    fn outcome(&self) -> Outcome {
        let (status, usage) = match self.status {
            Some((status, usage)) => (Some(ExitStatus::from_raw(status)), usage),
            None => (None, Usage::default()),
        };
        Outcome {
            exit_code: status.and_then(|status| status.code()),
            // What ended without a word was ended by SIGKILL.
            signal: status.map_or(Some(libc::SIGKILL), |status| status.signal()),
            duration: self.started.elapsed(),
            timed_out: self.timed_out,
            truncated: self.truncated,
            limit_hit: self.limit,
            usage,
            violations: self.violations.clone(),
            enforcement: self.enforcement.clone(),
        }
    }

    fn violation(&self, refusal: Refusal, detail: u32) -> Violation {
        let (target, reason) = match refusal {
            Refusal::Repository => {
                let directory = usize::try_from(detail)
                    .ok()
                    .and_then(|index| self.plan.unborn.get(index))
                    .map(|path| path.to_string_lossy().into_owned())
                    .unwrap_or_default();
                let reason = "it was made a repository of git, whose configuration git would run; the command was ended, \
                              and HEAD renamed to HEAD.refused";
                (directory, reason.to_owned())
            }
            Refusal::Uncovered => {
                let error = io::Error::from_raw_os_error(i32::try_from(detail).unwrap_or(0));
                let reason = format!(
                    "a protected or denied path was replaced outside, and could not be held again: {error}; the command was ended"
                );
                ("protectedPaths".to_owned(), reason)
            }
            Refusal::Opened => {
                let reason = format!(
                    "a protected or denied path was replaced outside, and process {detail} had opened it before it was held \
                     again; the command was ended"
                );
                ("protectedPaths".to_owned(), reason)
            }
        };
        Violation {
            kind: "protectedPaths",
            target,
            reason,
        }
    }

    fn start_error(&self, report: Report) -> StartError {
        let Report::Failed {
            step,
            errno,
            detail,
        } = report
        else {
            return StartError::Stopped;
        };
        let error = io::Error::from_raw_os_error(errno);
        let command = self.launch.command.clone();
        match step {
            Step::Exec if errno == libc::ENOENT && detail == PROGRAM_IS_THERE => {
                match interpreter::of(&self.plan) {
                    Some(found) => StartError::NoInterpreter {
                        command,
                        program: found.program,
                        interpreter: found.path,
                        has_return: found.has_return,
                    },
                    None => StartError::NotExecutable { command, error },
                }
            }
            Step::Exec if errno == libc::ENOENT => StartError::NotFound { command },
            Step::Exec if errno == libc::E2BIG => StartError::Argument {
                field: "args",
                problem: "and env are longer together, or one of them alone, than the system starts a program with; give \
                          long ones by stdin or a file"
                    .to_owned(),
            },
            Step::Exec => StartError::NotExecutable { command, error },
            Step::Cwd => StartError::Cwd {
                path: self
                    .launch
                    .cwd
                    .clone()
                    .unwrap_or_else(|| self.launch.rules.workspace.clone()),
                error,
            },
            _ => confine_error(step, detail, error),
        }
    }

    /// After a helper that was killed from outside: another one that makes, and removes, all that it had made. It becomes no
    /// command. `false`: it cannot be started.
    pub(super) fn take_up(&mut self) -> bool {
        let plan = Plan {
            probe: true,
            network: NetworkPlan::None,
            ..self.plan.clone()
        };
        self.taken_up = spawn::spawn(&self.launch.helper, &plan, false).ok();
        self.wall = None;
        self.end = Instant::now().checked_add(PATIENCE);
        self.taken_up.is_some()
    }

    pub(super) fn is_taken_up(&self) -> bool {
        self.taken_up.is_some()
    }

    /// What tells the exit of the helper that takes up.
    pub(super) fn taken_up(&self) -> Option<&OwnedFd> {
        self.taken_up.as_ref().map(|other| &other.pidfd)
    }

    /// Whether there will be no more reports.
    pub(super) fn is_silent(&self) -> bool {
        self.silent
    }
}

/// A failure of confining as an error.
pub(super) fn confine_error(step: Step, detail: u32, error: io::Error) -> StartError {
    StartError::Confine {
        step: format!("{step:?}").to_lowercase(),
        detail: detail.to_string(),
        error,
    }
}
